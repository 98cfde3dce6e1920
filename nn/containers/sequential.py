"""Modules one after the other."""

from collections.abc import Mapping
from typing import Any

import autograd_core as ag

from ..module import Module
from .holder import NumberedHolder

__all__ = ["Sequential"]


class Sequential(NumberedHolder):
    """The composition of modules: the result of each goes into the next.

    They are called "0", "1", ... in names, or as the keys of a dict say. It is used like a list: an index gives a
    module, a slice a Sequential whose modules keep their names; `append`, `insert`, `extend`, `pop`, `del`, `+` and `*`
    do what they do to lists, and number anew what moves.
    Errors: OptionError for what is not a module.

    >>> from nn import Linear, ReLU
    >>> Sequential(Linear(2, 3), ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        only = modules[0] if len(modules) == 1 else None
        if isinstance(only, list | tuple):
            raise ag.OptionError(
                f"Sequential: 0 must be a Module, got a {type(only).__name__}; write Sequential(*layers)"
            )
        named = only.items() if isinstance(only, Mapping) else ((str(i), module) for i, module in enumerate(modules))
        for name, module in named:
            self._put(name, module)

    def forward(self, input: Any) -> Any:
        for module in vars(self).values():
            if isinstance(module, Module):
                input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(dict(list(self._members().items())[index]))
        return getattr(self, self._name(index))

    def __add__(self, other: "Sequential") -> "Sequential":
        return Sequential(*self, *self._checked(other))

    def __iadd__(self, other: "Sequential") -> "Sequential":
        return self.extend(self._checked(other))

    def __mul__(self, times: int) -> "Sequential":
        return Sequential(*list(self) * self._times(times))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> "Sequential":
        return self.extend(list(self) * (self._times(times) - 1))

    def _checked(self, other: Any) -> "Sequential":
        if not isinstance(other, Sequential):
            raise ag.OptionError(f"Sequential: only a Sequential can be added, got {type(other).__name__}; use append")
        return other

    def _times(self, times: Any) -> int:
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise ag.OptionError(f"Sequential: it can be repeated a positive number of times, got {times!r}")
        return times
