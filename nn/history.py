"""What happened in training, epoch by epoch: numbers to plot, to print and to keep as JSON.

Knows figures. Does not know how they came about.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import autograd_core as ag

from .files import write_whole

__all__ = ["Epoch", "History", "better"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one pass over the training data; `figures` has those that were asked for besides, by name.

    Units: losses are means over samples, accuracies fractions (None where there are no classes), seconds of wall time.
    """

    number: int
    train_loss: float
    train_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"loss {self.train_loss:.4f}", _percent("accuracy", self.train_accuracy)]
        if self.validation_loss is not None:
            parts += [f"validation loss {self.validation_loss:.4f}", _percent("accuracy", self.validation_accuracy)]
        first = "train_" if self.validation_loss is None else "validation_"
        for name, value in self.figures.items():
            if name.startswith(first) and isinstance(value, float):
                parts.append(f"{name.removeprefix(first)} {value:.4f}")
        return "  ".join([f"epoch {self.number:>3}", *filter(None, parts), f"{self.seconds:.1f} s"])

    def __getitem__(self, name: str) -> Any:
        """A figure by its name; None if there is none.

        >>> Epoch(1, 0.5, figures={"lr": 0.1})["lr"]
        0.1
        """
        return getattr(self, name) if name in _FIELDS else self.figures.get(name)


_FIELDS = [f.name for f in fields(Epoch) if f.name != "figures"]


@dataclass
class History:
    """The epochs of a training run; `interrupted` if somebody stopped it before its end.

    >>> history = History([Epoch(1, 0.9), Epoch(2, 0.5)])
    >>> history["train_loss"], history.last.number, history.best("train_loss").number
    ([0.9, 0.5], 2, 2)
    """

    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, name: str) -> list[Any]:
        """One figure over all epochs, by its name in `Epoch` or in its `figures`; None where an epoch has none."""
        known = self.names
        if name not in known:
            raise ag.OptionError(f"History: there is no figure {name!r}; there is {', '.join(known)}")
        return [epoch[name] for epoch in self.epochs]

    def __str__(self) -> str:
        lines = [str(epoch) for epoch in self.epochs] or ["no epoch yet"]
        return "\n".join([*lines, "interrupted"] if self.interrupted else lines)

    @property
    def names(self) -> list[str]:
        """The names of all figures."""
        return list(dict.fromkeys([*_FIELDS, *(name for epoch in self.epochs for name in epoch.figures)]))

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

    def best(self, name: str, mode: str | None = None) -> Epoch:
        """The epoch with the best figure of a name, the first of equal ones.

        `mode` is "min" or "max"; without it, losses and errors are better low, everything else high.
        Errors: OptionError where no epoch has the figure.
        """
        found = [epoch for epoch in self.epochs if isinstance(epoch[name], int | float) and not math.isnan(epoch[name])]
        if not found:
            raise ag.OptionError(f"History: no epoch has a figure {name!r}; there is {', '.join(self.names)}")
        best = found[0]
        for epoch in found[1:]:
            if better(name, epoch[name], best[name], mode):
                best = epoch
        return best

    # --- in files -----------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write JSON, as a whole or not at all; returns the path."""
        return write_whole(path, (json.dumps(for_json(self.state_dict()), indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "History":
        """Read what `save` wrote, or the log of a run, whose name ends in .jsonl.

        Errors: DataError for a file that is something else.
        """
        try:
            text = Path(path).read_text("utf-8")
            history = cls()
            if Path(path).suffix == ".jsonl":
                history._replay(text)
            else:
                history.load_state_dict(from_json(json.loads(text)))
            return history
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ag.DataError(
                f"{path}: not a training history ({type(error).__name__}: {error}); give the path of a file that "
                "History.save wrote, or of a run's log"
            ) from None

    def state_dict(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {"interrupted": self.interrupted, "epochs": [asdict(epoch) for epoch in self.epochs]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave."""
        epochs = [_epoch(epoch) for epoch in state["epochs"]]
        self.epochs[:], self.interrupted = epochs, bool(state["interrupted"])

    def _replay(self, log: str) -> None:
        """The epochs in a log. One that was taken again after a crash counts as it was the last time."""
        lines = log.split("\n")[:-1]  # a crash may have left half a line
        for line in lines:
            content = json.loads(line)
            event = content.pop("event")
            content.pop("time", None)
            if event == "start":
                self.epochs[:] = [epoch for epoch in self.epochs if epoch.number < content["epoch"]]
                self.interrupted = False
            elif event == "epoch":
                self.epochs.append(_epoch({name: from_json(value) for name, value in content.items()}))
            elif event == "end":
                self.interrupted = content["reason"] == "interrupted"


def _epoch(content: Mapping[str, Any]) -> Epoch:
    """An epoch that was kept; TypeError for what is none."""
    epoch = Epoch(**content)
    figures = [epoch[name] for name in _FIELDS]
    numbers = all(value is None or isinstance(value, int | float) for value in figures)
    if not numbers or None in (epoch.number, epoch.train_loss) or not isinstance(epoch.figures, dict):
        raise TypeError("the figures of an epoch must be numbers")
    return epoch


def better(name: str, one: float, other: float, mode: str | None = None, by: float = 0.0) -> bool:
    """Whether a figure of a name is better than another, by more than so much.

    Errors: OptionError for a mode other than "min", "max" and None.

    >>> better("validation_loss", 0.5, 0.6), better("validation_accuracy", 0.5, 0.6), better("lr", 1, 2, "min")
    (True, False, True)
    """
    if mode not in ("min", "max", None):
        raise ag.OptionError(f"mode must be 'min', 'max' or None, got {mode!r}")
    low = mode == "min" or (mode is None and any(word in name for word in ("loss", "error")))
    return one < other - by if low else one > other + by


_ODD = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def for_json(value: Any) -> Any:
    """A value as every reader of JSON takes it: what is no number in JSON becomes a word.

    >>> for_json({"loss": float("inf"), "f1": np.float32(0.5)})
    {'loss': 'Infinity', 'f1': 0.5}
    """
    if isinstance(value, dict):
        return {str(key): for_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [for_json(part) for part in value]
    if hasattr(value, "tolist"):
        return for_json(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return next(word for word, odd in _ODD.items() if odd == value or (odd != odd and value != value))
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def from_json(value: Any) -> Any:
    """What `for_json` was given, as far as numbers go.

    >>> from_json({"loss": "Infinity", "f1": 0.5})
    {'loss': inf, 'f1': 0.5}
    """
    if isinstance(value, dict):
        return {key: from_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [from_json(part) for part in value]
    return _ODD.get(value, value) if isinstance(value, str) else value


def _percent(name: str, fraction: float | None) -> str:
    return "" if fraction is None else f"{name} {100 * fraction:.2f} %"
