"""Parameters in a list."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import autograd_core as ag

from ..module import Module
from ..parameter import Parameter
from .holder import position

__all__ = ["ParameterList", "learned", "told"]


class ParameterList(Module):
    """A list of parameters, which are found and named "0", "1", ...; it computes nothing.

    Tensors and arrays of floating point become Parameters; other objects are kept as they are.

    >>> ParameterList([np.ones((2, 3)), Parameter([1.0])])
    ParameterList(
      (0): Parameter of shape (2, 3), float64
      (1): Parameter of shape (1,), float32
    )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (vars(self)[str(i)] for i in range(self._size))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return vars(self)[str(self._position(index))]

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._position(index), value)

    def __add__(self, other: Iterable[Any]) -> "ParameterList":
        return ParameterList([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> "ParameterList":
        return self.extend(other)

    def append(self, value: Any) -> "ParameterList":
        """Add a parameter at the end; returns self."""
        self._put(self._size, value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> "ParameterList":
        """Add parameters at the end; returns self. Errors: OptionError for one Tensor in the place of several."""
        if not isinstance(values, Iterable) or isinstance(values, ag.Tensor | np.ndarray):
            raise ag.OptionError(f"ParameterList.extend: several values are needed, got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take out a parameter; the others move up."""
        at = self._position(index)
        values = list(self)
        taken = values.pop(at)
        for i in range(self._size):
            delattr(self, str(i))
        self._size = 0
        self.extend(values)
        return taken

    def __delitem__(self, index: int) -> None:
        self.pop(index)

    def _put(self, number: int, value: Any) -> None:
        name = str(number)
        if name in vars(self) and not isinstance(learned(value), Parameter):
            vars(self).pop(name)  # a list may hold anything
        setattr(self, name, learned(value))

    def _position(self, index: Any) -> int:
        return position(index, self._size, type(self).__name__, "parameters")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("ParameterList: it holds parameters and computes nothing")

    def _shown(self, children: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return ((str(i), told(value)) for i, value in enumerate(self))


def learned(value: Any) -> Any:
    """A Tensor or array of floating point as a Parameter; anything else as it is.

    >>> type(learned(np.ones(2))).__name__, learned(3)
    ('Parameter', 3)
    """
    array = isinstance(value, ag.Tensor | np.ndarray) and value.dtype.kind == "f"
    return Parameter(value) if array and not isinstance(value, Parameter) else value


def told(value: Any) -> str:
    """A value in the repr of a container of parameters.

    >>> told("text")
    'object of type str'
    """
    if not isinstance(value, ag.Tensor):
        return f"object of type {type(value).__name__}"
    return f"{type(value).__name__} of shape {value.shape}, {value.dtype}"
