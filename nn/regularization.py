"""What keeps weights small: penalties to be added to a loss, and a bound on the length of weight vectors.

Knows parameters by name and shape, and which layers hold the weights of a unit in columns. Does not know losses, nor
optimizers, whose weight decay is another way to say the same as `l2_penalty`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import autograd_core as ag

from .arguments import brief
from .module import Module, Parameter

__all__ = ["l1_penalty", "l2_penalty", "max_norm_", "weights"]


def weights(model: Module) -> Iterator[Parameter]:
    """The weights of a model, each once: parameters of two or more axes that are not called a bias.

    What stands for one unit or channel alone, such as a bias or the scale of a normalization, is not among them.

    >>> [w.shape for w in weights(nn.MLP([3, 4, 2]))]
    [(4, 3), (2, 4)]
    """
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2 and not name.rpartition(".")[2].startswith("bias"):
            yield parameter


def l1_penalty(parameters: Any, lmbda: float, n: int = 1) -> ag.Tensor:
    """The L1 penalty ``lmbda / n * sum(abs(w))``, to be added to a mean loss over n training samples.

    `parameters` is a module, of which the weights count and the biases do not, or parameters, which count all. The
    gradient is ``lmbda / n * sign(w)``, which is 0 at 0: a step of SGD takes ``lr * lmbda / n * sign(w)`` off.
    Errors: OptionError for a negative lmbda, and for n that is not positive.
    Source: Nielsen, Neural networks and deep learning (2015), chapter 3, equation 95.

    >>> w = ag.Tensor([[1.0, -2.0, 0.0]], requires_grad=True)
    >>> l1_penalty([w], lmbda=3.0, n=10).backward()
    >>> w.grad
    Tensor([[ 0.3, -0.3,  0. ]])
    """
    factor = _factor("l1_penalty", lmbda, n)
    return _total([ag.abs(w).sum() for w in _chosen("l1_penalty", parameters)]) * factor


def l2_penalty(parameters: Any, lmbda: float, n: int = 1) -> ag.Tensor:
    """The L2 penalty ``lmbda / (2 n) * sum(w**2)``, to be added to a mean loss over n training samples.

    `parameters` is a module, of which the weights count and the biases do not, or parameters, which count all. The
    gradient is ``lmbda / n * w``: what ``weight_decay=lmbda / n`` is to SGD.
    Errors: OptionError for a negative lmbda, and for n that is not positive.
    Source: Nielsen, Neural networks and deep learning (2015), chapter 3, equation 87.

    >>> w = ag.Tensor([[1.0, -2.0]], requires_grad=True)
    >>> l2_penalty([w], lmbda=4.0, n=10).item()
    1.0
    """
    factor = _factor("l2_penalty", lmbda, n) / 2
    return _total([(w * w).sum() for w in _chosen("l2_penalty", parameters)]) * factor


def max_norm_(parameters: Any, max_norm: float) -> None:
    """Shorten the vector of incoming weights of every unit, in place, to the length `max_norm` where it is longer.

    To be called after a step. `parameters` is a module, of which the weights count and the biases do not, or
    parameters, whose first axis is that of the units. The weights of a unit of a convolution are its whole kernel;
    transposed convolutions hold units along the second axis, which a module tells.
    Errors: OptionError for a negative max_norm, and for parameters of fewer than two axes.
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting (2014), section 5.1.

    >>> w = ag.Tensor([[3.0, 4.0], [0.1, 0.2]], requires_grad=True)
    >>> max_norm_([w], 1.0)
    >>> w
    Tensor([[0.6, 0.8],
            [0.1, 0.2]], requires_grad=True)
    """
    if not isinstance(max_norm, int | float | np.number) or isinstance(max_norm, bool) or not max_norm >= 0:
        raise ag.OptionError(f"max_norm_: max_norm must be a number, at least 0; got {brief(max_norm)}")
    columns = dict(_held_in_columns(parameters)) if isinstance(parameters, Module) else {}
    chosen = list(_chosen("max_norm_", parameters))
    for w in chosen:
        if w.ndim < 2:
            raise ag.OptionError(
                f"max_norm_: a unit has a vector of weights, so parameters need two axes or more; got shape {w.shape}"
            )
    with ag.no_grad():
        for w in chosen:
            array, groups = w.writable(), columns.get(id(w))
            if groups is not None:
                array = np.swapaxes(array.reshape(groups, -1, *array.shape[1:]), 1, 2)  # a view
            lead = 1 if groups is None else 2
            _shorten(array, tuple(range(lead, array.ndim)), float(max_norm))


def _shorten(array: Any, axes: tuple[int, ...], most: float) -> None:
    """Project the vectors along some axes onto the ball of a radius."""
    largest = np.abs(array).max(axis=axes, keepdims=True, initial=0)
    safe = np.where(largest > 0, largest, array.dtype.type(1))
    relative = np.sqrt(np.sum((array / safe) ** 2, axis=axes, keepdims=True))  # scaled, so as not to overflow
    long = relative > most / safe
    # two factors, as the norm itself might overflow
    np.divide(array, np.where(long, safe, 1), out=array)
    np.multiply(array, np.where(long, array.dtype.type(most) / np.where(long, relative, 1), 1), out=array)


def _held_in_columns(model: Module) -> Iterator[tuple[int, int]]:
    """The weights that hold units along their second axis, and in how many groups."""
    for module in model.modules():
        if type(module).__name__.startswith("ConvTranspose"):
            yield id(module.weight), module.groups


def _chosen(who: str, parameters: Any) -> Iterable[ag.Tensor]:
    if isinstance(parameters, Module):
        return list(weights(parameters))
    chosen = [parameters] if isinstance(parameters, ag.Tensor) else list(parameters)
    for parameter in chosen:
        if not isinstance(parameter, ag.Tensor):
            raise ag.OptionError(f"{who}: parameters must be a module or Tensors, got {brief(parameter)}")
    return chosen


def _factor(who: str, lmbda: float, n: int) -> float:
    for name, value in (("lmbda", lmbda), ("n", n)):
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise ag.OptionError(f"{who}: {name} must be a finite number, at least 0; got {brief(value)}")
    if not n:
        raise ag.OptionError(f"{who}: n is the number of training samples, and cannot be 0")
    return float(lmbda) / float(n)


def _total(terms: list[ag.Tensor]) -> ag.Tensor:
    total = terms[0] if terms else ag.Tensor(np.float32(0))
    for term in terms[1:]:
        total = total + term
    return total
