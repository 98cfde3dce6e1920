"""When a run is saved whole, what of it, and how it is gone on with.

Knows the parts of a run. Does not know how they are kept in a file (`nn.saving`), nor how a batch is learned from.
"""

import os
import re
import time
from pathlib import Path
from typing import Any

import autograd_core as ag

from ..arguments import check_positive
from ..saving import load_checkpoint, save_checkpoint
from ..saving.checkpoints import beside, versions
from .run import Run

__all__ = ["Checkpoints", "described"]

_UNITS = {"step": 1.0, "epoch": 1.0, "second": 1.0, "minute": 60.0, "hour": 3600.0}


class Checkpoints:
    """The checkpoints of one run: a file that is replaced every so often, older ones beside it, and the best.

    `every` is such as "epoch", "2 epochs", "500 steps" or "10 minutes". `best` names a figure of the history.
    Errors: OptionError for a name that is not of a .safetensors file, and for an interval that has no meaning.
    """

    def __init__(self, path: str | os.PathLike[str], every: str, keep: int, best: str | None) -> None:
        self.path, self.keep, self.best = Path(path), check_positive(keep, "fit: keep"), best
        if self.path.suffix != ".safetensors":
            raise ag.OptionError(f"fit: checkpoint must be the name of a .safetensors file, got {str(path)!r}")
        self.number, self.unit = interval(every)
        self.parts: dict[str, Any] = {}
        self.saved_at: tuple[int, int] | None = None  # epoch and batch
        self._due = 0.0

    def begin(self, run: Run, parts: dict[str, Any]) -> None:
        """Take note of what belongs to a run."""
        self.parts = {name: part for name, part in parts.items() if part is not None}
        self._wait(run)

    @property
    def within_epochs(self) -> bool:
        """Whether there is a question to ask after each update."""
        return self.unit != "epoch"

    def due(self, run: Run) -> bool:
        """Whether it is time, as far as time goes by updates and seconds."""
        return (run.step if self.unit == "step" else time.monotonic()) >= self._due

    def after_epoch(self, run: Run) -> None:
        """Save what is due after an epoch; the run stands at the beginning of the next."""
        if self.best is not None and run.history.best(self.best).number == run.history.last.number:
            self._save(beside(self.path, "best"), 1)
        done = run.epoch - run.first_epoch
        if self.due(run) if self.within_epochs else done % round(self.number) == 0:
            self.save(run)

    def save(self, run: Run) -> None:
        """Save the run as it stands, unless it is on disk already."""
        if self.saved_at != (run.epoch, run.batch):
            self._save(self.path, self.keep)
            self.saved_at = run.epoch, run.batch
        self._wait(run)

    def resume(self, run: Run, path: Path | None = None) -> list[str]:
        """Put all parts where they were; what there is to say about it.

        Errors: DataError for a file that is damaged or does not fit, and nothing is changed.
        """
        path = path or self.path
        settings = {name: part for name, part in self.parts.items() if not hasattr(part, "state_dict")}
        states = load_checkpoint(path, {name: part for name, part in self.parts.items() if name not in settings})
        run.resumed = True
        self.saved_at = run.epoch, run.batch
        self._wait(run)
        said = [f"resumed from {path}: epoch {run.epoch}, batch {run.batch}"]
        said += [f"  {name} was saved, and is not used now" for name in states if name not in (*self.parts, "versions")]
        asked_for = settings.pop("options", {})
        for kind, here in {**settings, "versions": versions()}.items():
            there = states.get(kind, {})
            for name in here:
                if name in there and here[name] != there[name]:
                    said.append(f"  {name} is {here[name]}, but was {there[name]}: other figures may follow")
        used = states.get("options", {})
        for name, asked in asked_for.items():
            if name in used and asked != used[name]:
                said.append(f"  {name}={used[name]} of the optimizer was saved and is used, not {asked}")
        return said

    def _save(self, path: Path, keep: int) -> None:
        save_checkpoint(path, self.parts, keep=keep)

    def _wait(self, run: Run) -> None:
        if self.unit == "step":
            self._due = run.step - run.step % self.number + self.number
        else:
            self._due = time.monotonic() + self.number


def described(thing: Any) -> str:
    """What something is, in words that are the same in another process.

    >>> described(nn.functional.mse_loss), described(nn.MSELoss())
    ('mse_loss', 'MSELoss()')
    """
    return getattr(thing, "__qualname__", "") or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))


def interval(every: str) -> tuple[float, str]:
    """A number and a unit: "step", "epoch" or "second".

    Errors: OptionError for anything else.

    >>> interval("epoch"), interval("500 steps"), interval("10 minutes")
    ((1.0, 'epoch'), (500.0, 'step'), (600.0, 'second'))
    """
    words = every.split() if isinstance(every, str) else []
    try:
        number, word = (float(words[0]) if len(words) == 2 else 1.0), words[-1].removesuffix("s")
    except (ValueError, IndexError):
        number, word = 0.0, ""
    if (
        word not in _UNITS
        or not 0 < number < float("inf")
        or (word in ("step", "epoch") and number % 1)
        or len(words) > 2
    ):
        raise ag.OptionError(
            "fit: checkpoint_every must be such as 'epoch', '2 epochs', '500 steps', '30 seconds' or '10 minutes'; got "
            f"{every!r}"
        )
    return number * _UNITS[word], word if word in ("step", "epoch") else "second"
