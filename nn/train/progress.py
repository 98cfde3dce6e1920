"""How far training is, where somebody looks: a bar on a terminal, lines in a log file or a notebook.

Knows epochs and their figures. Does not know the loop.
"""

import sys
import time
from typing import Any

from tqdm import tqdm

from ..history import Epoch

__all__ = ["Progress"]

_SILENCE = 30.0  # seconds without a line, after which one is due


class Progress:
    """A bar for the whole run on a terminal; else a line for each epoch, and more of them in long ones; or nothing.

    Bars of notebooks need a package of their own and leave broken text where it is missing, so there are lines there.
    """

    def __init__(self, on: bool, last: int, batches: int | None, done: int = 0) -> None:
        self.on, self.last, self.batches, self.latest = on, last, batches, ""
        self.bar: Any = None
        self._spoke = time.monotonic()
        if on and sys.stderr.isatty():
            total = None if batches is None else batches * last
            self.bar = tqdm(total=total, initial=done, unit="batch", leave=False, dynamic_ncols=True)

    def batch(self, number: int, batch: int, loss: float, count: int = 1) -> None:
        """Batches were learned from. It is not called at all unless `on`."""
        if self.bar is not None:
            before = self.bar.n
            if before // 16 != (before + count) // 16 or not before:  # writing it costs more than a small batch
                self.bar.set_description(f"epoch {number}/{self.last}  loss {loss:.4f}{self.latest}", refresh=False)
            self.bar.update(count)
        elif time.monotonic() - self._spoke > _SILENCE:
            of = "" if self.batches is None else f"/{self.batches}"
            self.note(f"epoch {number:>3}/{self.last}  batch {batch}{of}  loss {loss:.4f}")

    def epoch(self, epoch: Epoch) -> None:
        """An epoch has ended."""
        line = str(epoch).replace(f"{epoch.number:>3}", f"{epoch.number:>3}/{self.last}", 1)
        if self.bar is None or epoch.number == self.last or not sys.stdout.isatty():
            self.note(line)
        reached = epoch.validation_accuracy
        self.latest = "" if reached is None else f"  validation {100 * reached:.1f} %"

    def note(self, line: str) -> None:
        """Say something beside the bar."""
        if self.on:
            self._spoke = time.monotonic()
            tqdm.write(line) if self.bar is not None else print(line, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
