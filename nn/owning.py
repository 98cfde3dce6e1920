"""What owns modules, parameters and buffers: its attributes, how they are assigned, found and named.

Knows attributes and names. Does not know calls, nor what is done with what is found.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag

from .holding import check_name, check_once_only, find, hidden, is_opaque, join, warn_of_hidden
from .parameter import Buffer, Parameter, typed
from .state import near

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Owner"]


class _MadeByInit:
    """In the place of an attribute that ``__init__`` makes, for classes that forgot to call it.

    A `__getattr__` would say the same, and make every attribute of every module slower to read.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(
            f"{owner.__name__}: call super().__init__() first in {owner.__name__}.__init__, before modules or "
            "parameters are assigned"
        )


class Owner:
    """What every Module is: an object whose attributes are modules, parameters and buffers, in their order.

    Note [Places]
    As in PyTorch, a module or parameter that is assigned takes its place after the others of its kind, unless it comes
    in the place of one; where None comes in its place, the place is kept.
    """

    _buffers: dict[str, bool] = _MadeByInit()  # type: ignore[assignment]  # names of buffers, and whether they are saved
    _own_name = ""  # in the module that this one was last assigned to, and that calls it
    _vacant: Set[str] = frozenset()  # names that are None now, and keep the place of the module or parameter there
    _changes = 0  # how often an attribute changed that may decide what is computed
    _opaque: Set[str] = frozenset()  # attributes that may hide modules, and were not warned of

    def __init__(self) -> None:
        self._buffers = {}

    def __setattr__(self, name: str, value: Any) -> None:
        held = self.__dict__
        if isinstance(value, _FOUND):
            self._take_place(name, Owner if isinstance(value, Owner) else Parameter)
            if isinstance(value, Owner):
                value._go_by(self._path_of(name))
            elif not value.name:
                value.name = name
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
            return
        elif isinstance(held.get(name), _FOUND) or name in self._vacant:
            self._leave_place(name, value)
        elif name in held.get("_buffers", ()):
            value = _as_buffer(value)
        elif isinstance(value, _LOOKED_INTO):
            for path, child in find(Owner, [(name, value)]):
                child._go_by(self._path_of(path))
        elif type(value) not in _PLAIN:
            if is_opaque(value):
                held["_opaque"] = self._opaque | {name}
            check_once_only(type(self).__name__, name, value)
        if isinstance(value, _DECIDES) and held.get(name, _DECIDES) is not value:
            held["_changes"] = self._changes + 1
        object.__setattr__(self, name, value)

    def _take_place(self, name: str, kind: type) -> None:
        """Make ready for a module or parameter: after the others of its kind, unless it takes the place of one."""
        held = self.__dict__
        self._buffers.pop(name, None)
        if name in self._vacant:
            held["_vacant"] = self._vacant - {name}
        elif name in held and not isinstance(held[name], kind):
            del held[name]

    def _leave_place(self, name: str, value: Any) -> None:
        """Make ready for None in the place of a module or parameter; anything else there would lose it silently."""
        if value is not None:
            kind = "a Parameter" if isinstance(vars(self).get(name), Parameter) else "a Module"
            kind = "a Module or Parameter" if name in self._vacant else kind
            how = "nn.Parameter(...)" if isinstance(value, ag.Tensor | np.ndarray) else "a Module"
            raise ag.DTypeError(
                f"{type(self).__name__}.{name} is {kind}, and cannot become {type(value).__name__}; assign {how} or "
                f"None, or `del` it first (to set values: `with ag.no_grad(): module.{name}[...] = values`)"
            )
        vars(self)["_vacant"] = self._vacant | {name}

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._buffers.pop(name, None)
        if name in self._vacant:
            vars(self)["_vacant"] = self._vacant - {name}

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Any attribute may be there, a type checker cannot know."""

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name[:1].isdigit()]

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Keep a parameter in an attribute; None keeps its place.

        Errors: OptionError for a name that is taken, or cannot be one; DTypeError for what is no Parameter.
        """
        self._register(name, param, Parameter, "register_parameter")

    def register_module(self, name: str, module: "Module | None") -> None:
        """Keep a module in an attribute; None keeps its place. Errors: as for `register_parameter`."""
        self._register(name, module, Owner, "register_module")

    def add_module(self, name: str, module: "Module | None") -> None:
        """Keep a module in an attribute, as `register_module`."""
        self._register(name, module, Owner, "add_module")

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Keep an array that belongs to the state but is not learned, such as a running mean, as a Tensor.

        A Tensor stays the same object; the values of an array are copied. None keeps the place.
        Errors: OptionError for a name that is taken, or cannot be one.
        """
        if name not in self._buffers:
            self._check(name, "register_buffer")
        self._buffers[name] = persistent
        object.__setattr__(self, name, _as_buffer(tensor))

    def _register(self, name: str, value: Any, kind: type, who: str) -> None:
        if not isinstance(vars(self).get(name), kind):
            self._check(name, who)
        if value is not None and not isinstance(value, kind):
            hint = f"; write {value.__name__}()" if isinstance(value, type) else ""
            wanted = "Parameter" if kind is Parameter else "Module"
            given = value if isinstance(value, type) else type(value).__name__
            raise ag.DTypeError(f"{who}: {type(self).__name__}.{name} must be a {wanted} or None, got {given}{hint}")
        if value is None:
            self._take_place(name, kind)
            vars(self)["_vacant"] = self._vacant | {name}
            vars(self)[name] = None
        else:
            setattr(self, name, value)

    def _check(self, name: Any, who: str) -> None:
        """Refuse a name that cannot be one, or is taken."""
        wrong = check_name(name)
        if wrong:
            raise ag.OptionError(f"{who}: name {wrong}")
        if name not in self._vacant and hasattr(self, name):
            raise ag.OptionError(f"{who}: {type(self).__name__} already has an attribute {name!r}")

    # --- what a module holds ------------------------------------------------------------------------------------------

    def _children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly in this one, under every name that they have here."""
        for name, child in find(Owner, list(vars(self).items())):
            child._go_by(self._path_of(name))  # a list may have grown since it was assigned
            yield name, child  # type: ignore[misc]  # there is nothing else that owns

    def _go_by(self, name: str) -> None:
        """Have this name when it is called; what is in a container that nobody calls has the container's before it."""
        if self._own_name != name:
            vars(self)["_own_name"] = name
            if not self._is_called():
                for path, child in find(Owner, list(vars(self).items())):
                    child._go_by(self._path_of(path))

    def _path_of(self, name: str) -> str:
        return name if self._is_called() else join(self._own_name, name)

    def _is_called(self) -> bool:
        """Whether this computes something itself."""
        return True

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly in this one, each once, with their names."""
        seen = set()
        for name, child in self._children():
            if id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator["Module"]:
        """The modules directly in this one."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: "set[Module] | None" = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, "Module"]]:
        """This module and all below it, with dotted paths; that of this module is `prefix`.

        Each once, under the first of its paths, unless `remove_duplicate` is False; those in `memo` not at all.
        """
        seen = set() if memo is None else memo
        stack: list[tuple[str, Any, tuple[Any, ...]]] = [(prefix, self, ())]
        opaque = []
        while stack:
            path, module, above = stack.pop()
            if module in (seen if remove_duplicate else above):
                continue
            seen.add(module)
            if module._opaque:
                opaque.append(module)
            yield path, module
            above = (*above, module)
            stack += [(join(path, name), child, above) for name, child in module._children()][::-1]
        for module in opaque:
            module._warn_of_hidden(seen)

    def _warn_of_hidden(self, found: "set[Module]") -> None:
        """Tell, once, of modules and parameters that stand where nobody looks, and were not found elsewhere."""
        known = {id(module) for module in found}
        known |= {id(p) for module in found for _, p in find(Parameter, vars(module).items())}
        for name in sorted(self._opaque):
            container = vars(self).get(name)
            if not is_opaque(container):  # something else was assigned in its place
                continue
            lost = [x for x in hidden((Owner, Parameter), container) if id(x) not in known]
            if lost:
                vars(self)["_opaque"] = self._opaque - {name}
                warn_of_hidden(type(self).__name__, name, container, lost[0])

    def modules(self) -> Iterator["Module"]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted paths, each once unless `remove_duplicate` is False; those of this module alone
        unless `recurse`."""

        def own(module: Owner) -> Iterator[tuple[str, Parameter]]:
            return find(Parameter, list(vars(module).items()))

        return self._named(own, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once; those of this module alone unless `recurse`."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, ag.Tensor]]:
        """All buffers that are set, with dotted paths, as `named_parameters`."""

        def own(module: Owner) -> Iterator[tuple[str, Any]]:
            named = ((name, getattr(module, name)) for name in list(module._buffers))
            return ((name, buffer) for name, buffer in named if buffer is not None)

        return self._named(own, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[ag.Tensor]:
        """All buffers, each once; those of this module alone unless `recurse`."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_generators(self, prefix: str = "") -> Iterator[tuple[str, "np.random.Generator"]]:
        """The generators that modules draw random numbers from, their attribute `rng`, with dotted paths, each once.

        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 2), nn.Dropout()).named_generators()]
        ['1.rng']
        """

        def own(module: Owner) -> Iterator[tuple[str, Any]]:
            rng = vars(module).get("rng")
            return iter([("rng", rng)] if isinstance(rng, np.random.Generator) else [])

        return self._named(own, prefix)

    def _named(
        self,
        own: Callable[["Owner"], Iterable[tuple[str, Any]]],
        prefix: str,
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """What each module has of its own, with dotted paths."""
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in own(module):
                if not remove_duplicate or id(value) not in seen:
                    seen.add(id(value))
                    yield join(path, name), value

    def get_submodule(self, target: str) -> "Module":
        """The module of a dotted path; this one for an empty path. Errors: AttributeError, with a name like it."""
        return self._get("module", target, self.named_modules(remove_duplicate=False))

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted path. Errors: AttributeError, with a name like it."""
        return self._get("parameter", target, self.named_parameters(remove_duplicate=False))

    def get_buffer(self, target: str) -> ag.Tensor:
        """The buffer of a dotted path. Errors: AttributeError, with a name like it."""
        return self._get("buffer", target, self.named_buffers(remove_duplicate=False))

    def _get(self, kind: str, target: str, named: Iterator[tuple[str, Any]]) -> Any:
        names = []
        for name, value in named:
            if name == target:
                return value
            names.append(name)
        raise AttributeError(f"{type(self).__name__} has no {kind} {target!r}{near(target, names)}")


_FOUND = (Owner, Parameter)
_LOOKED_INTO = (list, tuple, dict)
_DECIDES = (*_FOUND, *_LOOKED_INTO, bool, int, float, str, type(None))  # what may decide what a module computes
_PLAIN = {bool, int, float, str, type(None), np.ndarray, ag.Tensor}  # what most other attributes are


def _as_buffer(value: Any) -> Any:
    """A buffer's value: None or a Tensor, that very one if it is one."""
    return value if value is None or isinstance(value, ag.Tensor) else ag.Tensor(typed(value))
