"""How a function of the standard is answered: by the function of NumPy's that means the same.

What the standard adds to NumPy is a signature, so here a function is its signature and one sentence, and `same_as`
does the rest. Handed over to NumPy, floating-point numbers stay in the graph: the operation of that name computes, or
the call is refused in words. NumPy computes on the values what is about integers and booleans only, and, where no
gradient is wanted, what has no operation. Every array that comes out is a Tensor.
"""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np

from ..arrays import as_array, is_differentiable
from ..containers import flatten
from ..engine import Variable, constant
from ..errors import MissingRuleError, OptionError
from ..numpy_functions import on_values
from ..tensor import Tensor

Function = Callable[..., Any]


def same_as(function: Function) -> Callable[[Function], Function]:
    """Let a function of NumPy's compute what is declared: its arrays in that order, its options under those names."""

    def decorate(declared: Function) -> Function:
        bind = signature(declared).bind

        @wraps(declared)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                given = bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{declared.__name__}: {error}") from None
            given.apply_defaults()
            return evaluate(function, *given.args, **given.kwargs)

        return call

    return decorate


def evaluate(function: Function, *args: Any, **options: Any) -> Any:
    """What a function of NumPy's gives on Tensors, numbers and options, as Tensors.

    Raises: MissingRuleError for one without an operation here, if a gradient is wanted.
    """
    variables = [x for x in flatten([args, options])[0] if isinstance(x, Variable)]
    if variables and not any(is_differentiable(x._array.dtype) for x in variables):
        result = on_values(function, args, options)
    else:
        try:
            result = function(*args, **options)
        except MissingRuleError:
            if not variables or any(x.node is not None for x in variables):
                raise
            result = on_values(function, args, options)
    if isinstance(result, Variable):
        return result
    leaves, rebuild = flatten(result)
    return rebuild([x if isinstance(x, Variable) else _constant(x, function.__name__) for x in leaves])


def _constant(x: Any, who: str) -> Any:
    """What NumPy made without a Tensor, as one; refused in words if it is complex."""
    return constant(Tensor, as_array(x, who)) if isinstance(x, np.ndarray | np.generic) else x


def copied(x: Any) -> Any:
    """The same numbers in new memory; gradients flow through."""
    return evaluate(np.astype, x, x.dtype)


def check_device(device: Any, who: str) -> None:
    """Raises: OptionError for any device but the one there is."""
    if device not in (None, "cpu"):
        raise OptionError(f"{who}: there is one device, 'cpu'; got device={device!r}")
