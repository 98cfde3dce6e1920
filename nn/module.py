"""Parameters, and the modules that own them: how arrays are found, named, saved and loaded.

Knows attributes and names. Does not know any layer, nor how gradients come about.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["IncompatibleKeys", "Module", "Parameter"]


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
        if not hasattr(data, "dtype"):
            data = np.asarray(data)
            if data.dtype.kind in "iuf":
                data = data.astype(np.float32)
        super().__init__(data, requires_grad=requires_grad)

    def __repr__(self) -> str:
        text = super().__repr__().removeprefix("Tensor").replace("\n", "\n   ")
        return f"Parameter{text}" if not self.name else f"Parameter{text[:-1]}, name={self.name!r})"

    def __reduce__(self) -> Any:
        return _restore, (values(self), self.requires_grad, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameter":
        return _restore(*self.__reduce__()[1])


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A function with parameters: what networks are made of, and networks themselves.

    Derive from it, call ``super().__init__()``, keep layers and parameters in attributes, and define `forward`. Lists,
    tuples and dicts of modules or parameters are looked into, and give names such as ``blocks.0.weight``. The order is
    that of the attributes, a module's own parameters before those of its children; what is reached twice counts once.
    What goes wrong in a forward computation is reported with the path of the module that it went wrong in.

    >>> class Net(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.scale = Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> net = Net()
    >>> net(np.float32(3)).item(), [name for name, _ in net.named_parameters()]
    (6.0, ['scale'])
    """

    training: bool
    _buffers: dict[str, bool]  # the names of buffers, and whether they are saved
    _own_name = ""  # in the module that this one was last assigned to

    def __init__(self) -> None:
        self.training = True
        self._buffers = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, x), which calling the module runs")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = ag.enter_module(self._own_name) if self._own_name else None
        try:
            return self.forward(*args, **kwargs)
        except ag.AutogradError as error:
            _locate(error, ag.current_path() if token else "", self)
            raise
        finally:
            if token is not None:
                ag.leave_module(token)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module | Parameter) and "_buffers" not in vars(self):
            raise AttributeError(self._uninitialised())
        if isinstance(value, Parameter) and not value.name:
            value.name = name
        object.__setattr__(self, name, value)
        if isinstance(value, Module | list | tuple | dict):
            for path, child in _find(Module, [(name, value)]):
                child._own_name = path

    def __getattr__(self, name: str) -> Any:
        # only what is not there comes here
        if "_buffers" not in vars(self):
            raise AttributeError(self._uninitialised())
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _uninitialised(self) -> str:
        name = type(self).__name__
        return f"{name}: call super().__init__() first in {name}.__init__, before modules or parameters are assigned"

    # --- what a module holds ------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly in this one, with their names."""
        seen = set()
        for name, child in _find(Module, vars(self).items()):
            if id(child) not in seen:
                seen.add(id(child))
                child._own_name = name  # a list may have grown since it was assigned
                yield name, child

    def children(self) -> Iterator["Module"]:
        """The modules directly in this one."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all below it, each once, with dotted paths; that of this module is `prefix`."""
        seen, stack = set(), [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            stack += [(_join(path, name), child) for name, child in module.named_children()][::-1]

    def modules(self) -> Iterator["Module"]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with dotted paths; those of this module alone unless `recurse`."""
        seen = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, parameter in _find(Parameter, vars(module).items()):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _join(path, name), parameter

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once; those of this module alone unless `recurse`."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def register_buffer(self, name: str, value: Any, persistent: bool = True) -> None:
        """Keep an array or Tensor that belongs to the state but is not learned, such as a running mean.

        Errors: OptionError for a name that is no identifier, or is taken.
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise ag.OptionError(f"register_buffer: name must be an identifier, got {name!r}")
        if hasattr(self, name) and name not in self._buffers:
            raise ag.OptionError(f"register_buffer: {type(self).__name__} already has an attribute {name!r}")
        self._buffers[name] = persistent
        setattr(self, name, value)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """All buffers that are set, with dotted paths."""
        for path, module in self.named_modules(prefix):
            for name in module._buffers:
                if getattr(module, name) is not None:
                    yield _join(path, name), getattr(module, name)

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of all parameters and buffers, by PyTorch's names and in its layouts.

        A parameter that is reached twice stands under both names.
        """
        return {name: values(held) for name, held in self._state()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Take over the values of a state_dict; nothing is changed unless all of it fits.

        With `strict=False`, names that only one side has are passed over and returned.
        Errors: DataError that lists every missing and unexpected name, and every value of another shape or kind.
        """
        held = dict(self._state())
        missing = [name for name in held if name not in state_dict]
        unexpected = [name for name in state_dict if name not in held]
        given = {name: values(state_dict[name]) for name in held if name in state_dict}
        wrong = [f"{name}: {clash}" for name, value in given.items() if (clash := _clash(value, held[name]))]
        if wrong or (strict and (missing or unexpected)):
            found = {"missing": missing, "unexpected": unexpected} if strict else {}
            lists = [f"{title}: {', '.join(names)}" for title, names in found.items() if names]
            raise ag.DataError(
                f"load_state_dict: this does not fit {type(self).__name__}, and nothing was loaded; "
                + "; ".join(lists + wrong)
            )
        with ag.no_grad():
            for name, value in given.items():
                array = held[name].writable() if isinstance(held[name], ag.Tensor) else held[name]
                array[...] = value
        return IncompatibleKeys(missing, unexpected)

    def _state(self) -> Iterator[tuple[str, Any]]:
        """Everything that is saved, under every name that it has, in PyTorch's order."""
        yield from _find(Parameter, vars(self).items())
        for name, persistent in self._buffers.items():
            if persistent and getattr(self, name) is not None:
                yield name, getattr(self, name)
        for name, child in _find(Module, vars(self).items()):
            for path, held in child._state():
                yield _join(name, path), held

    # --- switches -----------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (dropout drops) or evaluation; returns self."""
        if not isinstance(mode, bool | np.bool_):
            raise ag.OptionError(f"train: mode must be True or False, got {mode!r}")
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Switch this module and all below it to evaluation; returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each `.grad` becomes None."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Learn all parameters, or freeze them; returns self."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self, function: Callable[["Module"], Any]) -> Self:
        """Call a function with every module below this one, children first, and with this one last; returns self."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    # --- the picture --------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of repr: the arguments of the constructor."""
        return ""

    @recursive_repr("...")
    def __repr__(self) -> str:
        extra, name = self.extra_repr(), type(self).__name__
        lines = [*extra.split("\n")] if extra else []
        children = [(path, repr(child)) for path, child in _find(Module, vars(self).items())]
        body = lines + [f"({path}): {shown}" for path, shown in _folded(children)]
        if len(body) == len(lines) <= 1:
            return f"{name}({extra})"
        return f"{name}(\n  " + "\n".join(body).replace("\n", "\n  ") + "\n)"


def values(held: Any) -> NDArray[Any]:
    """A copy of what an array or Tensor holds, as an ndarray.

    >>> values(Parameter([1.0]))
    array([1.], dtype=float32)
    """
    if isinstance(held, ag.Tensor):
        with ag.no_grad():  # not the tensor's own .data: it would be copied into every graph from then on
            return np.asarray(held.clone().data)
    return np.array(held)


def _find(kind: type, items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    """The objects of a kind among named values, and in lists, tuples and dicts among them."""
    for name, value in items:
        if isinstance(value, kind):
            yield str(name), value
        elif isinstance(value, list | tuple):
            yield from ((f"{name}.{path}", found) for path, found in _find(kind, enumerate(value)))
        elif isinstance(value, dict):
            yield from ((f"{name}.{path}", found) for path, found in _find(kind, value.items()))


def _folded(children: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Paths and reprs, with those alike that follow each other in a list as one, as PyTorch shows a ModuleList."""
    run: list[str] = []
    last = ""
    for path, shown in (*children, ("", "")):
        end = path.rpartition(".")[2]
        if run and shown == last and path == f"{run[0].rpartition('.')[0]}.{end}" and end.isdecimal():
            run.append(path)
            continue
        if run:
            several = f"{run[0]}-{run[-1].rpartition('.')[2]}"
            yield (several, f"{len(run)} x {last}") if len(run) > 1 else (run[0], last)
        run, last = [path], shown


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _clash(value: NDArray[Any], held: Any) -> str:
    """Why a value cannot be loaded into what a module holds, or nothing."""
    if value.shape != held.shape:
        return f"shape {value.shape} where {held.shape} is needed"
    if value.dtype.kind not in "biuf" or not np.can_cast(value.dtype, held.dtype, "same_kind"):
        return f"numbers of type {value.dtype} where {held.dtype} is needed"
    return ""


def _locate(error: ag.AutogradError, path: str, module: Module) -> None:
    """Write into an error that is on its way out in which module it came up."""
    if not hasattr(error, "module"):  # else it has passed the innermost one
        error.module = path  # type: ignore[attr-defined]
        kind = type(module).__name__
        message = str(error).removesuffix(f" In {path}.")
        end = "" if message.endswith(".") else "."
        error.args = (f"{message}{end} In {f'{path} ({kind})' if path else kind}.",)


def _restore(data: NDArray[Any], requires_grad: bool, name: str) -> Parameter:
    parameter = Parameter(data, requires_grad)
    parameter.name = name
    return parameter
