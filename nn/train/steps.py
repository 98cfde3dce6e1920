"""One update: forward, loss, backward, and the optimizer's step, with what may come in between.

Knows one way of it as a function of a group of batches. Does not know epochs.

Note [Accumulated gradients]
Of several batches the gradients are added up, each weighted by its share of the samples, so that the step is that of
one large batch. This holds for losses that are means over samples; those with ``reduction="sum"`` are added as they
are. The mean of a cross entropy is over the weights of the classes, and over what is not ignored; so is its share.
What a layer computes of a batch, such as a mean over it, is still of each batch.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from .. import functional, optim
from ..losses import CrossEntropyLoss, NLLLoss
from ..module import Module
from .batches import samples_in, shapes

__all__ = ["DivergenceError", "Penalty", "divergence", "number", "placed", "step_of"]

Step = Callable[[Sequence[tuple[Any, Any]]], tuple[float, list[tuple[Any, Any, float]]]]


class DivergenceError(ag.AutogradError, ArithmeticError):
    """Training whose loss is no number any more."""


class Penalty:
    """What large weights cost: ``l1 * sum |w| + l2 / 2 * sum w²`` over weights, which are parameters with several axes.

    With l2 = λ/n it is Nielsen's. Biases and scales, which have one axis, go free.
    Source: M. Nielsen, Neural Networks and Deep Learning, ch. 3.

    >>> model = nn.Linear(1, 1)
    >>> with ag.no_grad():
    ...     model.weight[...] = -3.0
    >>> round(Penalty(l1=0.1, l2=0.2)(model).item(), 6)
    1.2
    """

    def __init__(self, l1: float, l2: float) -> None:
        self.l1, self.l2 = l1, l2

    def __call__(self, model: Module) -> Any:
        weights = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
        terms = [self.l1 * ag.absolute(w).sum() for w in weights] if self.l1 else []
        terms += [self.l2 / 2 * ag.square(w).sum() for w in weights] if self.l2 else []
        return sum(terms[1:], terms[0]) if terms else None


def step_of(
    model: Module,
    optimizer: Any,
    loss: Any,
    *,
    several: bool,
    penalty: Penalty | None = None,
    between: Callable[[], None] | None = None,
) -> Step:
    """The function that makes an update of a list of batches: the loss, and outputs, targets and loss of each of them.

    `between` is called when the gradients are there. A loss that is no number comes back as it is, without an update.
    """
    weighted = several and getattr(loss, "reduction", "mean") != "sum"
    isfinite = math.isfinite

    def gradients(group: Sequence[tuple[Any, Any]]) -> tuple[float, list[tuple[Any, Any, float]]]:
        optimizer.zero_grad()
        shares = [_share(loss, targets) for _, targets in group] if weighted and len(group) > 1 else []
        size = sum(shares)
        whole, seen = 0.0, []
        for inputs, targets in group:
            outputs = model(inputs)
            value = loss(outputs, targets)
            reached = number(value)
            seen.append((outputs, targets, reached))
            if not isfinite(reached):
                return reached, seen
            if shares:
                share = shares[len(seen) - 1] / size if size else math.nan
                value.backward(np.array(share, value.dtype))
                whole += share * reached
            else:
                value.backward()
                whole += reached
        if penalty is not None and (cost := penalty(model)) is not None:
            cost.backward()
        if between is not None:
            between()
        return whole, seen

    def one(group: Sequence[tuple[Any, Any]]) -> tuple[float, list[tuple[Any, Any, float]]]:
        ((inputs, targets),) = group  # the plain case, and the only one whose cost shows
        optimizer.zero_grad()
        outputs = model(inputs)
        value = loss(outputs, targets)
        reached = number(value)
        if isfinite(reached):
            value.backward()
            optimizer.step()
        return reached, [(outputs, targets, reached)]

    def stepping(group: Sequence[tuple[Any, Any]]) -> tuple[float, list[tuple[Any, Any, float]]]:
        result = gradients(group)
        if isfinite(result[0]):
            optimizer.step()
        return result

    def searching(group: Sequence[tuple[Any, Any]]) -> tuple[float, list[tuple[Any, Any, float]]]:
        results: list[tuple[float, list[tuple[Any, Any, float]]]] = []

        def closure() -> float:
            result = gradients(group)
            results.append(result)
            return result[0]

        optimizer.step(closure)
        return results[0]  # before anything moved, as for other optimizers

    if wants_closure(optimizer):
        return searching
    return one if penalty is between is None and not several else stepping


def _share(loss: Any, targets: Any) -> float:
    """What the mean of a loss over a batch was divided by, up to a factor that all batches have."""
    by_class = isinstance(loss, CrossEntropyLoss | NLLLoss) or loss in (functional.cross_entropy, functional.nll_loss)
    ids = targets.data if isinstance(targets, ag.Tensor) else targets
    if not by_class or not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu":
        return samples_in(targets)
    ids = ids[ids != getattr(loss, "ignore_index", -100)]
    weight = getattr(loss, "weight", None)
    # of one-hot rows each has the same sum, so that they count alike; of what is no class, the loss will say so
    return ids.size if weight is None else float(weight.detach().numpy().take(ids, mode="clip").sum())


def number(value: Any) -> float:
    """The loss as a number.

    Errors: OptionError for what is no Tensor of one number.

    >>> number(ag.Tensor(0.5))
    0.5
    """
    if isinstance(value, ag.Tensor) and value.size == 1:
        return value.item()
    what = f"shape {value.shape}" if isinstance(value, ag.Tensor) else type(value).__name__
    hint = "; take its mean, or reduction='mean'" if isinstance(value, ag.Tensor) else ""
    raise ag.OptionError(f"fit: the loss must return a Tensor of one number, got {what}{hint}")


def placed(error: Exception, epoch: int, batch: int, group: Sequence[tuple[Any, Any]]) -> None:
    """Tell an error of an update where it happened."""
    inputs, targets = (shapes(tuple(parts) if len(group) > 1 else parts[0]) for parts in zip(*group, strict=True))
    last = "; drop_last=True leaves a last batch out that is smaller" * (samples_in(group[-1][1]) == 1)
    error.add_note(f"In epoch {epoch}, batch {batch}: inputs {inputs}, targets {targets}{last}.")


def wants_closure(optimizer: Any) -> bool:
    """Whether step() must be given a function that computes the loss again, as LBFGS must.

    >>> wants_closure(nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1))
    False
    """
    parameters = list(inspect.signature(optimizer.step).parameters.values())
    needs = bool(parameters) and parameters[0].default is inspect.Parameter.empty and parameters[0].kind <= 1
    return needs or isinstance(optimizer, optim.LBFGS)


def divergence(value: float, epoch: int, batch: int, inputs: Any, optimizer: Any) -> DivergenceError:
    """The error for a loss that is no number, with where and what helps.

    >>> print(divergence(float("nan"), 2, 7, None, None))
    fit: the loss is nan in epoch 2, batch 7; try a smaller learning rate
    """
    rates = [group["lr"] for group in getattr(optimizer, "param_groups", ()) if "lr" in group]
    cause = "try a smaller learning rate" + (f" than {max(rates):g}" if rates else "")
    if isinstance(inputs, ag.Tensor) and not np.isfinite(inputs.detach().numpy()).all():
        cause = "the inputs of this batch hold NaN or infinite numbers: clean the data"
    return DivergenceError(f"fit: the loss is {value} in epoch {epoch}, batch {batch}; {cause}")
