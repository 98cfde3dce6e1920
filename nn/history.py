"""What happened in training, epoch by epoch: numbers to plot, to print and to keep as JSON.

Knows figures. Does not know how they came about.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import autograd_core as ag

from .files import write_whole

__all__ = ["Epoch", "History"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one pass over the training data.

    Units: losses are means over samples, accuracies fractions (None where there are no classes), seconds of wall time.
    """

    number: int
    train_loss: float
    train_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        parts = [f"loss {self.train_loss:.4f}", _percent("accuracy", self.train_accuracy)]
        if self.validation_loss is not None:
            parts += [f"validation loss {self.validation_loss:.4f}", _percent("accuracy", self.validation_accuracy)]
        return "  ".join([f"epoch {self.number:>3}", *filter(None, parts), f"{self.seconds:.1f} s"])


@dataclass
class History:
    """The epochs of a training run; `interrupted` if somebody stopped it before its end.

    >>> history = History([Epoch(1, 0.9), Epoch(2, 0.5)])
    >>> history["train_loss"], history.last.number
    ([0.9, 0.5], 2)
    """

    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, name: str) -> list[Any]:
        """One figure over all epochs, by its name in `Epoch`."""
        known = [f.name for f in fields(Epoch)]
        if name not in known:
            raise ag.OptionError(f"History: there is no figure {name!r}; there is {', '.join(known)}")
        return [getattr(epoch, name) for epoch in self.epochs]

    def __str__(self) -> str:
        lines = [str(epoch) for epoch in self.epochs] or ["no epoch yet"]
        return "\n".join([*lines, "interrupted"] if self.interrupted else lines)

    @property
    def last(self) -> Epoch:
        """The latest epoch.

        Errors: OptionError if there is none yet.
        """
        if not self.epochs:
            raise ag.OptionError("History: there is no epoch yet; train first")
        return self.epochs[-1]

    @property
    def seconds(self) -> float:
        """The wall time of all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write JSON, as a whole or not at all; returns the path."""
        content = {"interrupted": self.interrupted, "epochs": [asdict(epoch) for epoch in self.epochs]}
        return write_whole(path, (json.dumps(content, indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "History":
        """Read what `save` wrote.

        Errors: DataError for a file that is something else.
        """
        try:
            content = json.loads(Path(path).read_text("utf-8"))
            return cls([Epoch(**epoch) for epoch in content["epochs"]], bool(content["interrupted"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ag.DataError(
                f"{path}: not a training history ({type(error).__name__}: {error}); give the path of a file that "
                "History.save wrote"
            ) from None


def _percent(name: str, fraction: float | None) -> str:
    return "" if fraction is None else f"{name} {100 * fraction:.2f} %"
