"""What a composed operation is given, brought to arrays and Tensors.

An operation with a rule of its own gets arrays from the generated function around it. One that is composed of others is
called as it stands, with whatever users pass: Tensors, arrays, numbers, lists.
"""

from typing import Any

import numpy as np

from ..arrays import Array, as_array
from ..engine import Variable, constant


def operand(x: Any, who: str) -> Any:
    """A Tensor as it is, everything else as an array.

    Raises: DTypeError for what is not made of real numbers.

    >>> operand([1.0, 2.0], "diff")
    array([1., 2.])
    """
    return x if isinstance(x, Variable) else np.asarray(as_array(x, who))


def value_of(x: Any) -> Array:
    """The numbers alone, to look at: what is decided by them has no derivative.

    >>> value_of(3.0)
    3.0
    """
    return x._array if isinstance(x, Variable) else x


def perhaps_any(mask: Any) -> bool:
    """Whether a mask may let anything through; of one that is being captured, with other numbers later, it may.

    >>> perhaps_any(np.array([False]))
    False
    """
    return not isinstance(mask, np.ndarray | np.generic) or bool(np.any(mask))


def is_weak(x: Any) -> bool:
    """Whether this is a plain Python number, which takes the type of what it meets.

    >>> is_weak(1.0), is_weak(np.float64(1.0))
    (True, False)
    """
    return type(x) in (int, float, bool)


def like(x: Any, *others: Any) -> Any:
    """x as a Tensor if any of the others is one: then all results are Tensors, also those that depend on x alone."""
    kind = next((other.result_class for other in others if isinstance(other, Variable)), None)
    return x if kind is None or isinstance(x, Variable) else constant(kind, x, shared=True)


def share_record(public: Any, checked: Any) -> None:
    """Make one operation, with one docstring, of a public function and the form of it in which arrays come first.

    NumPy has arrays among the options (``diff(a, n, axis, prepend)``); a record has them in front, so that the
    conformance suite differentiates by all of them.
    """
    public.op, checked.__doc__ = checked.op, public.__doc__
