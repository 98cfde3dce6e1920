"""The mean loss and the figures of an epoch while it runs.

Knows losses, outputs and targets. Does not know the model.

Note [Held batches]
Looking at every small batch costs more than some networks do. Outputs and targets are therefore held, and the figures
are told of several batches at once: of so many that it costs nothing, and so few that it takes no memory.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..metrics import NAMES, Metric
from .batches import samples_in, shapes

__all__ = ["Tally"]

_HELD = 1 << 15  # numbers
_BATCHES = 128


class Tally:
    """Sums over samples; the accuracy is there by itself where the targets are classes."""

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics = dict(metrics)
        self._own = "accuracy" not in self.metrics
        self._accuracy = NAMES["accuracy"]() if self._own else self.metrics["accuracy"]
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self.total, self.count, self._held = 0.0, 0, 0
        self._outputs: list[Any] = []
        self._targets: list[Any] = []
        self._classes: bool | None = None  # not known yet
        for metric in (self._accuracy, *self.metrics.values()):
            metric.reset()

    def add(self, loss: float, outputs: Any, targets: Any) -> None:
        """Take in a batch."""
        if isinstance(targets, ag.Tensor):
            targets = targets.data  # which is in no graph
        n = len(targets) if isinstance(targets, np.ndarray) and targets.ndim else samples_in(targets)
        self.total += n * loss
        self.count += n
        if self._classes is None:
            self._classes = self._own and _are_classes(outputs, targets)
        if self._classes or self.metrics:
            outputs, targets = _one(outputs, "outputs"), _one(targets, "targets")
            self._outputs.append(outputs)
            self._targets.append(targets)
            self._held += outputs.size
            if self._held > _HELD or len(self._outputs) >= _BATCHES:
                self._tell()

    @property
    def loss(self) -> float:
        """The mean over samples so far."""
        return self.total / self.count

    def figures(self) -> tuple[float | None, dict[str, Any]]:
        """The accuracy, None where there are no classes, and all other figures by name."""
        self._tell()
        accuracy = self._accuracy.compute() if self._classes or not self._own else None
        return accuracy, {name: metric.compute() for name, metric in self.metrics.items() if name != "accuracy"}

    def state_dict(self) -> dict[str, Any]:
        """All of it; what is held stays held, so that sums are taken in the same order after an interruption."""
        return {
            **{"total": self.total, "count": self.count, "held": self._held, "classes": self._classes},
            **{"outputs": list(self._outputs), "targets": list(self._targets)},
            "accuracy": self._accuracy.state_dict(),
            "metrics": {name: metric.state_dict() for name, metric in self.metrics.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave."""
        if set(state["metrics"]) != set(self.metrics):
            raise ag.DataError(
                f"the metrics are {', '.join(self.metrics) or 'none'}, but the run was saved with "
                f"{', '.join(state['metrics']) or 'none'}"
            )
        self.total, self.count, self._held = state["total"], state["count"], state["held"]
        self._classes = state["classes"]
        self._outputs, self._targets = list(state["outputs"]), list(state["targets"])
        self._accuracy.load_state_dict(state["accuracy"])
        for name, metric in self.metrics.items():
            metric.load_state_dict(state["metrics"][name])

    def _tell(self) -> None:
        """Tell the figures of the batches that are held; see Note [Held batches]."""
        if not self._outputs:
            return
        several = len(self._outputs) > 1
        outputs = np.concatenate(self._outputs) if several else self._outputs[0]
        targets = np.concatenate(self._targets) if several else self._targets[0]
        self._outputs, self._targets, self._held = [], [], 0
        if self._classes:
            self._accuracy.update(outputs, targets)
        for metric in self.metrics.values():
            metric.update(outputs, targets)


def _plain(values: Any) -> NDArray[Any]:
    return values.data if isinstance(values, ag.Tensor) else np.asarray(values)  # they are in no graph any more


def _one(values: Any, what: str) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, ag.Tensor):
        return values.data  # which is in no graph any more
    if isinstance(values, Mapping | tuple) or (
        isinstance(values, list) and values and isinstance(values[0], ag.Tensor)
    ):
        raise ag.OptionError(
            f"metrics: one output is compared with one target, but the {what} are {shapes(values)}; leave them out, "
            "and compute such figures in a callback"
        )
    return _plain(values)


def _are_classes(outputs: Any, targets: Any) -> bool:
    """Whether there is an accuracy: scores of classes, with ids or one-hot rows; several labels at once have none."""
    targets = np.asarray(targets) if isinstance(targets, list) else targets
    if not isinstance(outputs, ag.Tensor | np.ndarray) or not isinstance(targets, np.ndarray):
        return False  # several outputs, or several targets
    if outputs.ndim != 2 or outputs.shape[1] < 2 or targets.dtype.kind not in "iu":
        return False
    return targets.ndim == 1 or (targets.shape == outputs.shape and bool((_plain(targets).sum(axis=1) == 1).all()))
