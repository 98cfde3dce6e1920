"""Modules one after the other."""

from collections.abc import Iterator, Mapping
from typing import Any

import autograd_core as ag

from .module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """The composition of modules: the result of each goes into the next.

    They are called "0", "1", ... in names, or as the keys of a dict say. Indexing gives a module, a slice a Sequential.
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
        named = only.items() if isinstance(only, Mapping) else ((str(i), module) for i, module in enumerate(modules))
        for name, module in named:
            self._set(name, module)

    def forward(self, x: Any) -> Any:
        for module in vars(self).values():
            if isinstance(module, Module):
                x = module(x)
        return x

    def append(self, module: Any) -> "Sequential":
        """Add a module at the end; returns self."""
        number = len(self)
        while str(number) in vars(self):  # a slice keeps its names
            number += 1
        return self._set(str(number), module)

    def __len__(self) -> int:
        return len(self._names())

    def __iter__(self) -> Iterator[Module]:
        return (getattr(self, name) for name in self._names())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential({name: getattr(self, name) for name in self._names()[index]})
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, module: Module) -> None:
        self._set(self._name(index), module)

    def _names(self) -> list[str]:
        return [name for name, module in vars(self).items() if isinstance(module, Module)]

    def _name(self, index: int) -> str:
        try:
            return self._names()[index]
        except IndexError:
            raise ag.IndexingError(f"Sequential: index {index} is out of range for {len(self)} modules") from None

    def _set(self, name: Any, module: Any) -> "Sequential":
        if not isinstance(module, Module):
            hint = f"; write {module.__name__}()" if isinstance(module, type) else ""
            raise ag.OptionError(f"Sequential: {name} must be a Module, got {module!r}{hint}")
        if not isinstance(name, str) or not name or "." in name or hasattr(type(self), name):
            raise ag.OptionError(f"Sequential: {name!r} cannot name a module")
        setattr(self, name, module)
        return self
