"""Parameters and buffers: Tensors that a module owns, those that are learned and those that are only kept.

Knows Tensors. Does not know modules.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

__all__ = [
    "Buffer",
    "Parameter",
    "Uninitialized",
    "UninitializedBuffer",
    "UninitializedParameter",
    "recast",
    "typed",
    "values",
]


class Parameter(ag.Tensor):
    """A Tensor that is to be learned: it requires a gradient, and a Module finds it among its attributes.

    Arrays keep their type; Python numbers and lists of them become float32. The values are copied. A Module names its
    parameters after its attributes.
    Errors: DTypeError for integers, which have no derivative.

    >>> Parameter([0.5, -1.0])
    Parameter([ 0.5, -1. ], dtype=float32, requires_grad=True)
    """

    name: str = ""

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(typed(data), requires_grad=requires_grad)

    def __repr__(self) -> str:
        text = super().__repr__().removeprefix("Tensor").replace("\n", "\n   ")
        return f"Parameter{text}" if not self.name else f"Parameter{text[:-1]}, name={self.name!r})"

    def __reduce__(self) -> Any:
        return _parameter, (values(self), self.requires_grad, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameter":
        restore, state = self.__reduce__()
        return restore(*state)


class _NoValueError(ag.GraphError, AttributeError):
    """Also what Python raises for an attribute that is not there, so that asking for `.grad` gives None."""


class Buffer(ag.Tensor):
    """A Tensor that is kept but not learned: assigned to an attribute of a Module it is registered as a buffer.

    With `persistent=False` it is left out of the state_dict. Arrays keep their type; the values are copied.

    >>> Buffer(np.zeros(2))
    Buffer([0., 0.])
    """

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        super().__init__(typed(data))
        self.persistent = persistent

    def __repr__(self) -> str:
        return super().__repr__().replace("Tensor", "Buffer", 1).replace("\n", "\n ")

    def __reduce__(self) -> Any:
        return _buffer, (values(self), self.persistent)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Buffer":
        restore, state = self.__reduce__()
        return restore(*state)


class Uninitialized(ag.Tensor):
    """What has no shape yet, because a lazy layer takes it from its first input.

    Whatever needs a value is refused until there is one; the object stays the same then.
    Errors: GraphError, which is an AttributeError too, for any other use.
    """

    becomes: ClassVar[Any]
    name: str = ""

    def __init__(self, requires_grad: bool, dtype: DTypeLike) -> None:
        self._wanted, self._dtype = requires_grad, np.dtype(dtype)

    def materialize(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> None:
        """Become the usual one, of a shape, whose values are zeros until they are set."""
        kind, wanted, array = (
            self.becomes,
            self._wanted,
            np.zeros(tuple(shape), self._dtype if dtype is None else dtype),
        )
        del self._wanted, self._dtype
        self.__class__ = kind  # its owners and sharers hold this very object
        kind.__init__(self, array)
        if wanted != self.requires_grad:
            self.requires_grad = wanted

    def recast(self, dtype: DTypeLike) -> None:
        """Have this type once there is a value."""
        self._dtype = np.dtype(dtype)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that its numbers will have."""
        return self._dtype

    @property
    def requires_grad(self) -> bool:
        """Whether it will be learned."""
        return self._wanted

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._wanted = value

    def requires_grad_(self, requires_grad: bool = True) -> "Uninitialized":
        self._wanted = requires_grad
        return self

    def __getattr__(self, name: str) -> Any:
        who = self.name or f"this {self.becomes.__name__.lower()}"
        raise _NoValueError(
            f"{who} has no value yet ({name.lstrip('_')} was asked for): a lazy layer finds its shapes when it is "
            "first called; call the model once on a batch (and then make the optimizer), or load a state_dict"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({f'name={self.name!r}' if self.name else ''})"

    def __reduce__(self) -> Any:
        return _uninitialized, (type(self), self._wanted, self._dtype.str, self.name)


class UninitializedParameter(Uninitialized, Parameter):
    """A Parameter whose shape is not known yet, because a lazy layer takes it from its first input.

    It may be frozen and shared. Whatever needs a value is refused until there is one; the object stays the same then.
    Errors: GraphError, which is an AttributeError too, for any other use.

    >>> weight = UninitializedParameter(dtype=np.float64)
    >>> weight.materialize((2, 3)); weight.shape, type(weight).__name__
    ((2, 3), 'Parameter')
    """

    becomes = Parameter

    def __init__(self, requires_grad: bool = True, dtype: DTypeLike = np.float32) -> None:
        super().__init__(requires_grad, dtype)


class UninitializedBuffer(Uninitialized, Buffer):
    """A Buffer whose shape is not known yet, because a lazy layer takes it from its first input."""

    becomes = Buffer
    persistent = True

    def __init__(self, requires_grad: bool = False, dtype: DTypeLike = np.float32) -> None:
        super().__init__(requires_grad, dtype)


def values(held: Any) -> NDArray[Any]:
    """A copy of what an array or Tensor holds, as an ndarray.

    >>> values(Parameter([1.0]))
    array([1.], dtype=float32)
    """
    if isinstance(held, ag.Tensor):
        with ag.no_grad():  # not the tensor's own .data: it would be copied into every graph from then on
            return np.asarray(held.clone().data)
    return np.array(held)


def recast(tensor: ag.Tensor, dtype: DTypeLike) -> None:
    """Give a leaf or constant, and its gradient, numbers of another type; it stays the same object.

    >>> weight = Parameter([1.0])
    >>> recast(weight, np.float64); weight
    Parameter([1.], requires_grad=True)
    """
    if isinstance(tensor, Uninitialized):
        tensor.recast(dtype)
        return
    gradient = tensor.grad
    ag.Tensor.__init__(tensor, values(tensor), dtype, tensor.requires_grad and tensor.is_leaf)
    if gradient is not None:
        tensor.grad = gradient.detach().astype(dtype)


def typed(data: Any) -> Any:
    """The data, with Python numbers and lists of them as float32.

    >>> typed([1, 2])
    array([1., 2.], dtype=float32)
    """
    if hasattr(data, "dtype"):
        return data
    data = np.asarray(data)
    return data.astype(np.float32) if data.dtype.kind in "iuf" else data


def _parameter(array: NDArray[Any], requires_grad: bool, name: str) -> Parameter:
    parameter = Parameter(array, requires_grad)
    parameter.name = name
    return parameter


def _uninitialized(kind: type[Any], requires_grad: bool, dtype: str, name: str) -> Any:
    waiting = kind(requires_grad, dtype)
    waiting.name = name
    return waiting


def _buffer(array: NDArray[Any], persistent: bool) -> Buffer:
    return Buffer(array, persistent=persistent)
