"""Modules in a list."""

from collections.abc import Iterable, Iterator
from typing import Any

from ..holding import folded
from ..module import Module
from .holder import NumberedHolder

__all__ = ["ModuleList"]


class ModuleList(NumberedHolder):
    """A list of modules, which are found, named "0", "1", ..., and shown; it computes nothing itself.

    It is used like a list: `append`, `insert`, `extend`, `pop`, `del`, `+` and slices do what they do to lists.
    A plain list in an attribute of a module will do as well, and gives the same names.
    Errors: OptionError for what is not a module.

    >>> ModuleList(nn.Linear(2, 2) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __add__(self, other: Iterable[Module]) -> "ModuleList":
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> "ModuleList":
        return self.extend(other)

    def _shown(self, children: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return ((name[1:], shown) for name, shown in folded([(f".{name}", shown) for name, shown in children]))
