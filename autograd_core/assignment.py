"""Assignment: `x[i] = v`, `x += v`, and the methods whose names end in an underscore.

While recording, an assignment re-binds the object to a new value and node, and what was recorded before keeps the old
value. Under `no_grad` a leaf is written into, in place. What could corrupt a graph, or would change another array in
NumPy, is refused in words.
"""

import sys
from opcode import opmap
from types import FrameType
from typing import Any, Self

import numpy as np

from . import ops
from .arrays import Array, as_array, held_elsewhere
from .engine import CONTEXT, Variable, constant
from .errors import GraphError, ShapeError
from .protocols import Protocols
from .pytorch_methods import PytorchMethods
from .randomness import RandomSource, generator

# Note [x[i] += v]
# Python reads `x[i]`, asks the result for `+=`, and stores what comes back by `x[i] = ...`. What was read is a view,
# into which nobody may write; but nobody else holds it, and the store that follows is the assignment that was meant.
# So it gives back a new value. Both are seen: the store in the caller's code, and by the references to the view that
# nobody else has it. How many the call itself takes is measured here, because interpreters differ.


class _Read:
    def __iadd__(self, other: int) -> "_Read":
        self._assign(other)
        return self

    def _assign(self, other: int) -> None:
        global _TEMPORARY
        _TEMPORARY = sys.getrefcount(self)


class _Asked:
    def __getitem__(self, index: int) -> _Read:
        return _Read()

    def __setitem__(self, index: int, value: _Read) -> None:
        pass


def _measure(asked: _Asked) -> None:
    asked[0] += 1


_TEMPORARY = 0
_measure(_Asked())

_SWAP, _STORES = opmap["SWAP"], {opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opmap}


def _is_stored_next(caller: FrameType) -> bool:
    """Whether the code that called stores the result by an index: the end of `x[i] += v`."""
    code, i = caller.f_code.co_code, caller.f_lasti + 2
    while code[i] in (0, _SWAP):  # caches of the operation, and the order of what is to be stored
        i += 2
    return code[i] in _STORES


def _in_place(of: str) -> Any:
    """A method whose result takes the place of what it is asked of."""
    name, method = f"{of}_", getattr(PytorchMethods, of)

    def assign(self: Any, *args: Any, **options: Any) -> Any:
        return self._update(name, method(self, *args, **options))

    assign.__name__ = assign.__qualname__ = name
    assign.__doc__ = f"`{of}`, in place; returns self."
    return assign


class Assignment(Protocols):
    """A Variable that can be assigned to."""

    __slots__ = ()

    @property
    def is_leaf(self) -> bool:
        """Whether this was given by the user rather than computed from something that requires a gradient."""
        return self.node is None or self.node.op is None

    def __setitem__(self, index: Any, value: Any) -> None:
        new = ops.setitem(self, value, index)
        self._assign(new, "x[i] = v", "x[i, j] = v in the place of x[i][j] = v, or x = x.clone() first")

    def __iadd__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.add(self, other), "x += v", "x = x + v")

    def __isub__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.subtract(self, other), "x -= v", "x = x - v")

    def __imul__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.multiply(self, other), "x *= v", "x = x * v")

    def __itruediv__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.divide(self, other), "x /= v", "x = x / v")

    def __ipow__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.power(self, other), "x **= v", "x = x ** v")

    def __imatmul__(self, other: Any) -> Self:  # type: ignore[misc]
        return self._assign(ops.matmul(self, other), "x @= v", "x = x @ v")

    def _assign(self, new: Any, said: str, instead: str) -> Self:
        """Re-bind this object to a new value and node; under no_grad a leaf is written in place."""
        if new._array.shape != self._array.shape:
            raise ShapeError(
                f"{said}: the result has shape {new._array.shape}, which does not fit into {self._array.shape}; "
                f"say {instead}"
            )
        source = getattr(self, "source", None)
        owner = source() if source is not None else None
        if owner is not None and np.may_share_memory(self._array, owner._array):
            if sys.getrefcount(self) <= _TEMPORARY and _is_stored_next(sys._getframe(2)):
                return new
            raise GraphError(
                f"{said}: this tensor is a view into another one (made by indexing, reshape, transpose or the like), "
                f"and NumPy would change that one too; say {instead}"
            )
        recording = CONTEXT.get().recording
        if recording and self.node is not None and self.node.op is None:
            raise GraphError(
                f"{said}: this leaf requires a gradient, and recording is on; "
                f"to update it, write `with ag.no_grad():` around it; to compute with it, say {instead}"
            )
        if recording:
            if new._array.dtype != self._array.dtype:
                new = new.astype(self._array.dtype)
            self._array, self.node, self.shared = new._array, new.node, False
        else:
            self.writable()[...] = new._array
        return self

    def writable(self) -> Array:
        """The ndarray to write a new value of this leaf or constant into, for an optimizer.

        A graph that still holds the old value keeps it: then this is a copy, which the tensor has from now on.

        Raises: GraphError for the result of a computation, or a leaf that requires a gradient while recording is on.
        """
        if not self.is_leaf or (self.node is not None and CONTEXT.get().recording):
            raise GraphError("writable: only leaves can be written into, and only under ag.no_grad()")
        if not isinstance(self._array, np.ndarray) or (not self.shared and held_elsewhere(self._array)):
            self._array = np.array(self._array)
        return self._array

    def _update(self, name: str, value: Any) -> Self:
        return self._assign(value, f"{name}()", f"x = x.{name.rstrip('_')}()")

    def zero_(self) -> Self:
        """Set all elements to 0, in place; returns self."""
        return self._update("zero_", ops.zeros_like(self))

    def fill_(self, value: Any) -> Self:
        """Set all elements to one number, in place; returns self."""
        return self._update("fill_", ops.zeros_like(self) + value)

    def copy_(self, other: Any) -> Self:
        """Take the values of another array of a shape that broadcasts to this one, in place; returns self."""
        if not isinstance(other, Variable):
            other = constant(self.result_class, np.asarray(as_array(other, "copy_")), shared=True)
        return self._update("copy_", ops.broadcast_to(other, self._array.shape))

    add_ = _in_place("add")
    addcdiv_ = _in_place("addcdiv")
    addcmul_ = _in_place("addcmul")
    abs_ = _in_place("abs")
    ceil_ = _in_place("ceil")
    clamp_ = _in_place("clamp")
    clamp_max_ = _in_place("clamp_max")
    clamp_min_ = _in_place("clamp_min")
    div_ = _in_place("div")
    exp_ = _in_place("exp")
    floor_ = _in_place("floor")
    lerp_ = _in_place("lerp")
    log_ = _in_place("log")
    masked_fill_ = _in_place("masked_fill")
    mul_ = _in_place("mul")
    neg_ = _in_place("neg")
    pow_ = _in_place("pow")
    reciprocal_ = _in_place("reciprocal")
    relu_ = _in_place("relu")
    round_ = _in_place("round")
    rsqrt_ = _in_place("rsqrt")
    scatter_ = _in_place("scatter")
    scatter_add_ = _in_place("scatter_add")
    sigmoid_ = _in_place("sigmoid")
    sqrt_ = _in_place("sqrt")
    square_ = _in_place("square")
    sub_ = _in_place("sub")
    tanh_ = _in_place("tanh")

    def uniform_(self, low: float = 0.0, high: float = 1.0, *, rng: RandomSource = None) -> Self:
        """Set each element to a random number from low to below high, in place; returns self."""
        drawn = generator(rng, "uniform_").uniform(low, high, self._array.shape)
        return self._update("uniform_", self.new_tensor(drawn))

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, rng: RandomSource = None) -> Self:
        """Set each element to a normal random number, in place; returns self."""
        drawn = generator(rng, "normal_").normal(mean, std, self._array.shape)
        return self._update("normal_", self.new_tensor(drawn))
