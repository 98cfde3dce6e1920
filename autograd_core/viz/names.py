"""What the values of a computation are called: by a mapping, by the modules they belong to, or by the caller.

Knows Tensors, frames, and whatever has `named_parameters` and `named_modules`. Does not know what is drawn of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from ..engine import Node
from ..errors import DTypeError, OptionError
from ..places import variables_of
from ..tensor import Tensor

_MANY = 1000  # a caller's list that is longer is data, and its entries are not looked at


@dataclass
class Names:
    """Names by node, the Tensors that go by them, names of constants, and the classes of modules by path.

    `homes` are the paths of the modules that parameters belong to, `copied` the names of constants that somebody may
    write into, so that a graph keeps copies of them.
    """

    of_node: dict[Node, str] = field(default_factory=dict)
    tensors: dict[Node, Tensor] = field(default_factory=dict)
    constants: list[tuple[str, Any]] = field(default_factory=list)
    copied: set[str] = field(default_factory=set)
    homes: dict[Node, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def add(self, name: str, value: Any, home: str = "") -> None:
        """Call a Tensor or array by a name, unless it has one."""
        node = value.node if isinstance(value, Tensor) else None
        if node is not None and node in self.of_node:
            return
        while name in self._taken:  # a variable can be called as a parameter is
            name += "'"
        self._taken.add(name)
        if node is None:
            self.constants.append((name, value._array if isinstance(value, Tensor) else value))
            if not isinstance(value, Tensor) or value.shared:
                self.copied.add(name)
        else:
            self.of_node[node], self.tensors[node] = name, value
            if home:
                self.homes[node] = home

    def add_module(self, module: Any, prefix: str = "") -> None:
        """Call the parameters of a module by its names for them."""
        for name, parameter in module.named_parameters():
            if isinstance(parameter, Tensor):
                self.add(f"{prefix}{name}", parameter, name.rpartition(".")[0])
        for path, part in module.named_modules():
            self.types.setdefault(path, type(part).__name__)

    def with_gradients(self) -> "Names":
        """The same, with gradients that are themselves recorded called after what they belong to."""
        for name, tensor in [(self.of_node[node], tensor) for node, tensor in self.tensors.items()]:
            if tensor.grad is not None and tensor.grad.node is not None:
                self.add(f"{name}.grad", tensor.grad)
        return self


def names_given(given: Any, who: str = "draw") -> Names:
    """The names that a mapping of names to Tensors gives, or a module to its parameters.

    Raises: OptionError for anything else, DTypeError for a mapping to anything but Tensors and arrays.
    """
    names = Names()
    if _is_module(given):
        names.add_module(given)
    elif isinstance(given, Mapping):
        for name, value in given.items():
            if not isinstance(value, Tensor | np.ndarray):
                raise DTypeError(f"{who}: names[{name!r}] must be a Tensor, got {type(value).__name__}")
            names.add(str(name), value, str(name).rpartition(".")[0])
    else:
        raise OptionError(
            f"{who}: names must be a mapping of names to Tensors, or a module, got {type(given).__name__}; "
            "say {'x': x}, or dict(model.named_parameters())"
        )
    return names.with_gradients()


def names_in(frame: FrameType) -> Names:
    """The names that the variables of a running function give, and those of its module; one with "_" gives none.

    Parameters are called what their module calls them, behind the name of its variable where there are several modules.
    The entries of a list, tuple or dict are called `name[0]`.
    """
    names = Names()
    variables = variables_of(frame)
    modules = outermost(variables)
    for name, module in modules.items():
        names.add_module(module, f"{name}." if len(modules) > 1 else "")
    for name, value in variables.items():
        for path, found in entries(name, value):
            if issubclass(type(found), Tensor | np.ndarray):  # isinstance would ask proxies to load what they stand for
                names.add(path, found)
    return names.with_gradients()


def _is_module(value: Any) -> bool:
    kind = type(value)
    return hasattr(kind, "named_parameters") and hasattr(kind, "named_modules")


def outermost(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The modules with parameters among variables that are in no other one, each under its first name."""
    modules: dict[str, Any] = {}
    inside: set[int] = set()
    for name, value in variables.items():
        if _is_module(value) and id(value) not in inside:
            try:
                parts = [id(part) for _, part in value.named_modules()]
                learns = any(issubclass(type(p), Tensor) for _, p in value.named_parameters())
            except Exception:  # half-built, or of another library: nobody asked for its names
                continue
            if learns:
                modules[name] = value
                inside.update(parts)
    below = {id(part) for module in modules.values() for _, part in module.named_modules() if part is not module}
    return {name: module for name, module in modules.items() if id(module) not in below}


def entries(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A variable, or the entries of a container in one."""
    kind = type(value)
    if kind in (list, tuple) and len(value) <= _MANY:
        yield from ((f"{name}[{i}]", entry) for i, entry in enumerate(value))
    elif kind is dict and len(value) <= _MANY:
        yield from ((f"{name}[{key!r}]", entry) for key, entry in value.items() if isinstance(key, str | int))
    else:
        yield name, value
