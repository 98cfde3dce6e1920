"""Modules in a dict."""

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import autograd_core as ag

from ..module import Module
from .holder import Holder

__all__ = ["ModuleDict"]


class ModuleDict(Holder):
    """A dict of modules, which are found, named by their keys, and shown; it computes nothing itself.

    Keys are strings without dots that are no attribute of a module. The order is that of insertion. A plain dict in an
    attribute of a module will do as well, and gives the same names.
    Errors: OptionError for what is not a module, and for a key that cannot be a name; KeyError for one that is not
    there.

    >>> heads = ModuleDict({"left": nn.Linear(3, 1), "right": nn.Linear(3, 2)})
    >>> list(heads), heads["right"].out_features
    (['left', 'right'], 2)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._members()[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self._put(key, module)

    def __delitem__(self, key: str) -> None:
        delattr(self, self._key(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._members())

    def __contains__(self, key: object) -> bool:
        return key in self._members()

    def _key(self, key: str) -> str:
        if key not in self:
            raise KeyError(key)
        return key

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._members().keys()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._members().values()

    def items(self) -> ItemsView[str, Module]:
        """The names and modules, in pairs."""
        return self._members().items()

    def pop(self, key: str) -> Module:
        """Take out the module of a name."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Hold no module any more."""
        for key in self:
            del self[key]

    def update(self, modules: "Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]") -> None:
        """Hold these modules as well, in the place of those that have the same names."""
        for key, module in pairs(modules, "ModuleDict.update"):
            self[key] = module


def pairs(given: Any, who: str) -> list[tuple[Any, Any]]:
    """The keys and values of a dict, or of pairs. Errors: OptionError for anything else.

    >>> pairs([("a", 1)], "update")
    [('a', 1)]
    """
    try:
        return list(dict(given.items() if hasattr(given, "items") else given).items())
    except (TypeError, ValueError) as error:
        raise ag.OptionError(
            f"{who}: a dict, or pairs of names and values, got {type(given).__name__} ({error})"
        ) from None
