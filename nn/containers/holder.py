"""What containers share: the names of what they hold, numbers and other names, and what cannot be held.

Knows modules. Does not know any one container.
"""

import operator
from collections.abc import Iterable, Iterator
from typing import Any, Self

import autograd_core as ag

from ..holding import check_name
from ..module import Module

__all__ = ["Holder", "NumberedHolder", "position"]


class Holder(Module):
    """A module whose modules are members, under their names. It computes nothing of its own."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        name = type(self).__name__
        raise NotImplementedError(
            f"{name}: it holds modules and computes nothing; call them one by one, or use a Sequential"
        )

    def _is_called(self) -> bool:
        return type(self).forward is not Holder.forward

    def __len__(self) -> int:
        return len(self._members())

    def _members(self) -> dict[str, Module]:
        """The modules, by name, in order."""
        return {name: module for name, module in vars(self).items() if isinstance(module, Module)}

    def _put(self, name: Any, module: Any) -> None:
        """Hold a module under a name; in the place of the one that has it, if there is one."""
        who = type(self).__name__
        self._check_module(name, module)
        wrong = check_name(name)
        if wrong or (name not in self._members() and hasattr(self, name)):
            raise ag.OptionError(f"{who}: {name!r} cannot name a module" + ("" if wrong else ", it is an attribute"))
        setattr(self, name, module)

    def _check_module(self, name: Any, module: Any) -> None:
        """Refuse what is no module."""
        if not isinstance(module, Module):
            hint = f"; write {module.__name__}()" if isinstance(module, type) else ""
            raise ag.OptionError(f"{type(self).__name__}: {name} must be a Module, got {module!r}{hint}")


class NumberedHolder(Holder):
    """A holder that is used like a list."""

    def __iter__(self) -> Iterator[Module]:
        return iter(self._members().values())

    def __setitem__(self, index: int, module: Module) -> None:
        self._put(self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        members = self._members()
        names = list(members)[index] if isinstance(index, slice) else [self._name(index)]
        self._hold([module for name, module in members.items() if name not in names])

    def pop(self, key: int | slice) -> Any:
        """Take out a module, or those of a slice; the others move up."""
        taken = self[key]  # type: ignore[index]  # which each class defines
        del self[key]
        return taken

    def append(self, module: Any) -> Self:
        """Add a module at the end; returns self."""
        number = len(self)
        while str(number) in vars(self):  # a slice keeps its names
            number += 1
        self._put(str(number), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns self."""
        if not isinstance(modules, Iterable):
            who = type(self).__name__
            raise ag.OptionError(f"{who}.extend: several modules are needed, got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one at an index; those from there on move down; returns self.

        Errors: OptionError for what is not numbered from 0, as those with names of their own or in a slice.
        """
        members = self._members()
        who = type(self).__name__
        if list(members) != [str(i) for i in range(len(members))]:
            raise ag.OptionError(f"{who}.insert: the modules have names, {', '.join(members)}, and cannot be numbered")
        at = operator.index(index)
        if not -len(members) <= at <= len(members):
            raise ag.IndexingError(f"{who}.insert: index {index} is out of range for {len(members)} modules")
        modules = [*members.values()]
        modules.insert(at, module)
        self._check_module(index, module)
        self._hold(modules)
        return self

    def _hold(self, modules: Iterable[Module]) -> None:
        """Hold these modules and no others, numbered from 0."""
        for name in self._members():
            delattr(self, name)
        for i, module in enumerate(modules):
            self._put(str(i), module)

    def _name(self, index: int) -> str:
        return list(self._members())[position(index, len(self), type(self).__name__, "modules")]


def position(index: Any, length: int, who: str, what: str) -> int:
    """An index as a place in a list. Errors: IndexingError if it is out of range.

    >>> position(-1, 3, "ModuleList", "modules")
    2
    """
    at = operator.index(index)
    if not -length <= at < length:
        raise ag.IndexingError(f"{who}: index {index} is out of range for {length} {what}")
    return at % length
