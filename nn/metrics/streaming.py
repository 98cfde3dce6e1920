"""Figures over many batches, without holding them all where that is exact: what training keeps while it runs.

Knows the functions beside it. Does not know models, nor where batches come from.

Note [Exact over batches]
Accuracy, the errors and what follows from the confusion matrix are sums, and R² follows from sums that can be joined
(Chan, Golub, LeVeque, 1979), so nothing is held. roc_auc, average_precision and functions of the user's look at all
samples at once: their outputs and targets are held until the figure is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .classification import among_first, counted, rate
from .labels import classes_of
from .ranking import average_precision, roc_auc
from .regression import explained, pair

__all__ = ["Metric", "NAMES", "metrics_of"]

Function = Callable[[Any, Any], Any]


class Metric:
    """A figure that grows batch by batch: `update(outputs, targets)`, then `compute()`; `reset()` begins again.

    Derive from it and define these three, with a state_dict() and load_state_dict() if runs are to be resumed in the
    middle of an epoch. `nn.metrics.metrics_of` makes them of names and functions.
    """

    def update(self, outputs: NDArray[Any], targets: NDArray[Any]) -> None:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__}: define update(self, outputs, targets)")

    def compute(self) -> Any:
        """The figure over all that was taken in."""
        raise NotImplementedError(f"{type(self).__name__}: define compute(self)")

    def reset(self) -> None:
        """Forget all."""
        raise NotImplementedError(f"{type(self).__name__}: define reset(self)")

    def state_dict(self) -> dict[str, Any]:
        """What was taken in."""
        return dict(vars(self)["_kept"]) if "_kept" in vars(self) else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave."""
        self._kept = dict(state)


class _Mean(Metric):
    """The mean of a figure of single samples."""

    def __init__(self, of: Callable[[Any, Any], NDArray[Any]]) -> None:
        self._of = of
        self.reset()

    def update(self, outputs: NDArray[Any], targets: NDArray[Any]) -> None:
        values = self._of(outputs, targets)
        self._kept["sum"] += values.sum().item()
        self._kept["count"] += values.size

    def compute(self) -> float:
        return self._kept["sum"] / self._kept["count"] if self._kept["count"] else float("nan")

    def reset(self) -> None:
        self._kept: dict[str, Any] = {"sum": 0, "count": 0}


class _Counts(Metric):
    """Precision, recall or F1: of class 1 where there are two, else the mean of the classes."""

    def __init__(self, which: str) -> None:
        self._which = which
        self.reset()

    def update(self, outputs: NDArray[Any], targets: NDArray[Any]) -> None:
        before = self._kept["matrix"]
        matrix = counted(outputs, targets, None, None, self._which)
        size = max(len(matrix), len(before))  # ids without columns tell the number of classes only as they come
        self._kept["matrix"] = _grown(matrix, size) + _grown(before, size)

    def compute(self) -> float:
        matrix = self._kept["matrix"]
        return float(rate(self._which, matrix, "binary" if len(matrix) <= 2 else "macro", 0.0))

    def reset(self) -> None:
        self._kept: dict[str, Any] = {"matrix": np.zeros((0, 0), np.int64)}


class _Explained(Metric):
    """R²: see Note [Exact over batches]."""

    def __init__(self) -> None:
        self.reset()

    def update(self, outputs: NDArray[Any], targets: NDArray[Any]) -> None:
        given, true = pair(outputs, targets, "r2_score")
        old, n, m = self._kept, self._kept["count"], len(true)
        mean = true.mean(axis=0)
        apart = mean - old["mean"]
        self._kept = {
            "count": n + m,
            "mean": old["mean"] + apart * (m / (n + m)),
            "spread": old["spread"] + np.square(true - mean).sum(axis=0) + np.square(apart) * (n * m / (n + m)),
            "residual": old["residual"] + np.square(given - true).sum(axis=0),
        }

    def compute(self) -> float:
        if self._kept["count"] < 2:
            return float("nan")
        return explained(self._kept["residual"], self._kept["spread"])

    def reset(self) -> None:
        nothing = np.zeros(())
        self._kept: dict[str, Any] = {"count": 0, "mean": nothing, "spread": nothing, "residual": nothing}


class _Whole(Metric):
    """A function of all outputs and all targets."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self.reset()

    def update(self, outputs: NDArray[Any], targets: NDArray[Any]) -> None:
        self._kept["outputs"].append(np.array(outputs))
        self._kept["targets"].append(np.array(targets))

    def compute(self) -> Any:
        if not self._kept["outputs"]:
            return float("nan")
        figure = self._function(*(np.concatenate(self._kept[name]) for name in ("outputs", "targets")))
        return figure.item() if isinstance(figure, np.generic | np.ndarray | ag.Tensor) and figure.size == 1 else figure

    def reset(self) -> None:
        self._kept: dict[str, Any] = {"outputs": [], "targets": []}

    def state_dict(self) -> dict[str, Any]:
        return {name: list(arrays) for name, arrays in self._kept.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._kept = {name: list(arrays) for name, arrays in state.items()}


def _right(outputs: Any, targets: Any) -> NDArray[Any]:
    predicted, true, _ = classes_of(outputs, targets, "accuracy")
    return np.asarray(predicted == true)


def _error(power: Callable[[Any], Any], who: str) -> Callable[[Any, Any], NDArray[Any]]:
    def of(outputs: Any, targets: Any) -> NDArray[Any]:
        given, true = pair(outputs, targets, who)
        return np.asarray(power(given - true))

    return of


NAMES: dict[str, Callable[[], Metric]] = {
    "accuracy": lambda: _Mean(_right),
    "top_5_accuracy": lambda: _Mean(lambda outputs, targets: among_first(outputs, targets, 5)),
    "top_3_accuracy": lambda: _Mean(lambda outputs, targets: among_first(outputs, targets, 3)),
    "precision": lambda: _Counts("precision"),
    "recall": lambda: _Counts("recall"),
    "f1_score": lambda: _Counts("f1_score"),
    "roc_auc": lambda: _Whole(roc_auc),
    "average_precision": lambda: _Whole(average_precision),
    "mean_absolute_error": lambda: _Mean(_error(np.abs, "mean_absolute_error")),
    "mean_squared_error": lambda: _Mean(_error(np.square, "mean_squared_error")),
    "r2_score": _Explained,
}
"""The figures that have a name. Precision, recall and F1 are of class 1 where there are two, and else means of classes,
with 0 for a class without a value."""


def metrics_of(
    given: str | Function | Metric | Sequence[str | Function | Metric] | Mapping[str, str | Function | Metric] | None,
) -> dict[str, Metric]:
    """Metrics by name: of a name, a function of all outputs and targets, a Metric, or several of them, named or not.

    Errors: OptionError for what is none of these, for an unknown name, and for one that comes twice.

    >>> found = metrics_of(["accuracy", nn.metrics.roc_auc])
    >>> for batch in range(2):
    ...     found["accuracy"].update(np.array([[0.9, 0.1]]), np.array([batch]))
    >>> list(found), found["accuracy"].compute()
    (['accuracy', 'roc_auc'], 0.5)
    """
    if given is None:
        return {}
    if isinstance(given, str | Metric) or callable(given):
        given = [given]
    pairs = list(given.items()) if isinstance(given, Mapping) else [(_name(one), one) for one in given]
    found: dict[str, Metric] = {}
    for name, one in pairs:
        if name in found:
            raise ag.OptionError(f"metrics: {name!r} comes twice; give them names in a dict")
        if isinstance(one, str) and one not in NAMES:
            raise ag.OptionError(f"metrics: there is no {one!r}; there is {', '.join(NAMES)}, or give a function")
        if not isinstance(one, str | Metric) and not callable(one):
            raise ag.OptionError(f"metrics: {name} must be a name, a function or a Metric; got {one!r}")
        found[name] = NAMES[one]() if isinstance(one, str) else one if isinstance(one, Metric) else _Whole(one)
    return found


def _name(one: Any) -> str:
    if isinstance(one, str):
        return one
    return getattr(one, "__name__", type(one).__name__).strip("<>")


def _grown(matrix: NDArray[Any], size: int) -> NDArray[Any]:
    more = size - len(matrix)
    return np.pad(matrix, (0, more)) if more else matrix
