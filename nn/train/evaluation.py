"""How good a model is, and what it says, without learning anything.

Knows modules, losses and figures by what is called of them. Does not know training.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

import autograd_core as ag

from .. import functional
from ..data import DataLoader, Samples, TensorDataset
from ..metrics import metrics_of
from ..module import Module
from .batches import inputs_of, loader_of, mode, pairs
from .steps import number
from .tally import Tally

__all__ = ["Evaluation", "Loss", "evaluate", "predict", "tallied"]

Loss = Callable[[Any, Any], Any]


class Evaluation(NamedTuple):
    """Mean loss over samples, the fraction classified rightly (None where the targets are not classes), and others."""

    loss: float
    accuracy: float | None
    figures: dict[str, Any] = {}  # noqa: RUF012 -- it is not written to


def evaluate(
    model: Module,
    data: Samples | DataLoader,
    *,
    loss: Loss = functional.cross_entropy,
    batch_size: int = 256,
    metrics: Any = None,
) -> Evaluation:
    """The mean loss and the accuracy of a model, which is in evaluation mode meanwhile; nothing is recorded.

    `metrics` are names, functions of (outputs, targets) or a dict of them: see `nn.metrics.metrics_of`.
    Errors: ShapeError for no samples.
    """
    tally = Tally(metrics_of(metrics))
    for _ in tallied(model, loader_of(data, batch_size, "evaluate"), loss, tally):
        pass
    return Evaluation(tally.loss, *tally.figures())


def tallied(model: Module, loader: DataLoader, loss: Loss, tally: Tally) -> Iterator[None]:
    """Tell a tally of all batches, and come back after each of them.

    Errors: ShapeError for no samples.
    """
    tally.reset()
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows shows in the loss
        for outputs, targets in _outputs(model, loader):
            with ag.no_grad():
                value = number(loss(outputs, targets))
            tally.add(value, outputs, targets)
            yield
    if tally.count == 0:
        raise ag.ShapeError("evaluate: there are no samples, so there is no mean over them")


def predict(model: Module, data: Any, *, batch_size: int = 256) -> Any:
    """The outputs of a model in evaluation mode for all samples, in the order in which they come.

    `data` is an array of inputs, or a data set or DataLoader of inputs, or of pairs, whose targets are not looked at.
    Several outputs, in a dict or tuple, come back as a dict or tuple of arrays.
    Shapes: outputs (N, ...).

    >>> predict(nn.Linear(3, 2), np.zeros((5, 3), np.float32)).shape
    (5, 2)
    """
    loader = loader_of(TensorDataset(data) if isinstance(data, np.ndarray | ag.Tensor) else data, batch_size, "predict")
    with mode(model, training=False), ag.no_grad():
        batches = [model(inputs) for inputs in inputs_of(loader)]
    if not batches:
        raise ag.ShapeError("predict: there are no samples")
    return _joined(batches)


def _joined(batches: list[Any]) -> Any:
    first = batches[0]
    if isinstance(first, Mapping):
        return {key: _joined([batch[key] for batch in batches]) for key in first}
    if isinstance(first, tuple | list):
        return tuple(_joined(list(parts)) for parts in zip(*batches, strict=True))
    return np.concatenate([one.detach().numpy() if isinstance(one, ag.Tensor) else np.asarray(one) for one in batches])


def _outputs(model: Module, batches: DataLoader) -> Iterator[tuple[Any, Any]]:
    """Outputs and targets, batch by batch."""
    with mode(model, training=False):
        for inputs, targets in pairs(batches, "evaluate"):
            with ag.no_grad():
                outputs = model(inputs)
            yield outputs, targets
