"""All parameters as one vector, and back; and how many numbers they are.

Knows parameters and their shapes. Does not know modules, but for counting.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

import autograd_core as ag

from .module import Module
from .parameter import values

__all__ = ["count_parameters", "parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All parameters one after the other, in C order, as one vector that gradients flow through.

    Shapes: any -> (number of all elements,).
    Errors: OptionError for no parameters.

    >>> parameters_to_vector(nn.Linear(2, 3, rng=0).parameters()).shape
    (9,)
    """
    parts = [ag.reshape(parameter, (-1,)) for parameter in _listed(parameters, "parameters_to_vector")]
    return ag.concatenate(parts)


def vector_to_parameters(vec: Any, parameters: Iterable[ag.Tensor]) -> None:
    """Set all parameters, in place, to the numbers of a vector as `parameters_to_vector` gives it.

    The numbers are copied, and no gradient flows to the vector; nothing is changed unless it fits.
    Errors: ShapeError for a vector of another length.

    >>> layer = nn.Linear(2, 1, rng=0)
    >>> vector_to_parameters(np.array([1.0, 2.0, 3.0]), layer.parameters()); layer.bias.tolist()
    [3.0]
    """
    held, numbers = _listed(parameters, "vector_to_parameters"), values(vec)
    total = sum(parameter.size for parameter in held)
    if numbers.shape != (total,):
        raise ag.ShapeError(
            f"vector_to_parameters: {len(held)} parameters have {total} elements, and need a vector ({total},); "
            f"got shape {numbers.shape}"
        )
    ends = np.cumsum([parameter.size for parameter in held])[:-1]
    with ag.no_grad():
        for parameter, part in zip(held, np.split(numbers, ends), strict=True):
            parameter.writable()[...] = part.reshape(parameter.shape)


def count_parameters(module: Module, trainable: bool = False) -> int:
    """The number of all elements of all parameters, each counted once; of those that are learned, if `trainable`.

    >>> layer = nn.Linear(2, 3)
    >>> layer.bias.requires_grad = False
    >>> count_parameters(layer), count_parameters(layer, trainable=True)
    (9, 6)
    """
    if not isinstance(module, Module):
        raise ag.OptionError(f"count_parameters: expects an nn.Module, got {type(module).__name__}")
    return sum(p.size for p in module.parameters() if p.requires_grad or not trainable)


def _listed(parameters: Iterable[Any], who: str) -> list[Any]:
    if isinstance(parameters, Module):
        raise ag.OptionError(f"{who}: parameters are needed, got a module; pass its .parameters()")
    held = list(parameters)
    if not held:
        raise ag.OptionError(f"{who}: there are no parameters")
    return held
