"""Modules: how they are called, switched, saved, loaded and shown.

Knows what they own, by names. Does not know any layer, nor how gradients come about.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .arguments import brief, check_flag
from .holding import find, folded, join
from .hooks import Hooked
from .owning import Owner
from .parameter import Parameter, Uninitialized, recast, values
from .state import IncompatibleKeys, put, unfit

__all__ = ["IncompatibleKeys", "Module", "Parameter", "values"]

_changes_of, _wants_gradient = attrgetter("_changes"), attrgetter("requires_grad")
_WAY: ContextVar[frozenset[int]] = ContextVar("way", default=frozenset())  # the modules that a walk is in


class Module(Owner, Hooked):
    """A function with parameters: what networks are made of, and networks themselves.

    Derive from it, call ``super().__init__()``, keep layers and parameters in attributes, and define `forward`. Lists,
    tuples and dicts of modules or parameters are looked into, and give names such as ``blocks.0.weight``; of other
    containers that hide some, a warning tells. The order is that of the attributes, a module's own parameters before
    those of its children; what is reached twice counts once.
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

    def __init__(self) -> None:
        super().__init__()
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, x), which calling the module runs")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self._own_name
        token = ag.enter_module(name) if name else None
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except ag.AutogradError as error:
            _locate(error, ag.current_path() if token else "", self)
            raise
        except (AttributeError, TypeError, ValueError) as error:
            refusal = _refusal(self, args, kwargs)
            if refusal is None:
                raise
            _locate(refusal, ag.current_path() if token else "", self)
            raise refusal from error
        finally:
            if token is not None:
                ag.leave_module(token)

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Copies of all parameters and buffers as arrays, by PyTorch's names and in its layouts.

        What is reached twice stands under both names. `prefix` stands before all of them; with `keep_vars` the values
        are the parameters and buffers themselves.
        """
        modules = list(self.named_modules(remove_duplicate=False))
        _tell(modules, "state_dict_pre", lambda path: (prefix + path, keep_vars))
        state = {prefix + name: held if keep_vars else values(held) for name, held in _state(modules)}
        _tell(modules[::-1], "state_dict", lambda path: (state, prefix + path, {}))
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Take over the values of a state_dict; nothing is changed unless all of it fits.

        With `strict=False`, names that only one side has are passed over and returned.
        Errors: DataError that lists every missing and unexpected name, with what it was perhaps meant for, and every
        value of another shape or kind.
        """
        if assign:
            raise ag.OptionError(
                "load_state_dict: assign can only be False here: values are copied into the parameters"
            )
        if not isinstance(state_dict, Mapping):
            raise ag.DataError(f"load_state_dict: a dict of arrays by name is needed, got {type(state_dict).__name__}")
        found, errors = IncompatibleKeys([], []), list[str]()
        state = dict(state_dict)
        modules = list(self.named_modules(remove_duplicate=False))
        _tell(modules, "load_pre", lambda path: (state, path, {}, strict, *found, errors))
        held = dict(_state(modules))
        found.missing_keys.extend(name for name in held if name not in state)
        found.unexpected_keys.extend(name for name in state if name not in held)
        given = {name: values(state[name]) for name in held if name in state}
        wrong = unfit(held, given, found, strict) + errors
        if wrong:
            raise ag.DataError(
                f"load_state_dict: this does not fit {type(self).__name__}, and nothing was loaded; " + "; ".join(wrong)
            )
        with ag.no_grad():
            for name, value in given.items():
                put(held[name], value)
        _tell(modules[::-1], "load", lambda path: (found,))
        return found

    # --- switches -----------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (dropout drops) or evaluation; returns self.

        Each child is asked to switch itself and what is below it, so that a class may say otherwise.
        """
        check_flag(mode, "train: mode")
        self.training = bool(mode)
        self._ask_children(lambda child: child.train(mode))
        return self

    def eval(self) -> Self:
        """Switch this module and all below it to evaluation; returns self."""
        return self.train(False)

    def apply(self, fn: Callable[["Module"], Any]) -> Self:
        """Call a function with every module below this one, children first, and with this one last; returns self.

        A module that stands in two others is called with twice, as in PyTorch.
        """
        self._ask_children(lambda child: child.apply(fn))
        fn(self)
        return self

    def _ask_children(self, ask: Callable[["Module"], Any]) -> None:
        """Ask each child; where the way leads back to where it came from, it ends."""
        way = _WAY.get() | {id(self)}
        token = _WAY.set(way)
        try:
            for child in self.children():
                if id(child) not in way:
                    ask(child)
        finally:
            _WAY.reset(token)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters: each `.grad` becomes None, or zeros if not `set_to_none`."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else ag.zeros_like(parameter.detach())

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Learn all parameters, or freeze them: no gradient, and no optimizer moves them; returns self."""
        check_flag(requires_grad, "requires_grad_: requires_grad")
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, *args: Any, device: Any = None, dtype: DTypeLike | None = None) -> Self:
        """Give all parameters and buffers of floating point, and their gradients, another dtype; returns self.

        The parameters stay the same objects. An optimizer is best made afterwards. The device "cpu" is understood too.
        Errors: OptionError for another device, DTypeError for a dtype that is not of floating point.

        >>> nn.Linear(2, 1, rng=0).to(np.float64).weight.dtype
        dtype('float64')
        """
        for given in args:
            if given is None or isinstance(given, bool):  # a device that was left out, non_blocking
                continue
            if isinstance(given, ag.Tensor):
                dtype = given.dtype
            elif isinstance(given, str) and not _is_dtype(given):
                device = given
            else:
                dtype = given
        if device is not None and str(device) != "cpu":
            raise ag.OptionError(f"to: there is no device {device!r} here, all arrays are on the cpu; leave it out")
        if dtype is None:
            return self
        if np.dtype(dtype).kind != "f":
            raise ag.DTypeError(f"to: parameters need floating point numbers, got dtype {np.dtype(dtype)}")
        for tensor in [*self.parameters(), *self.buffers()]:
            if isinstance(tensor, Uninitialized) or tensor.dtype.kind == "f":
                recast(tensor, dtype)
        return self

    def float(self) -> Self:
        """Numbers in single precision, as `to(np.float32)`; returns self."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Numbers in double precision, as `to(np.float64)`; returns self."""
        return self.to(np.float64)

    def half(self) -> Self:
        """Numbers in half precision, as `to(np.float16)`; returns self."""
        return self.to(np.float16)

    def cpu(self) -> Self:
        """Nothing: all arrays are on the cpu; returns self."""
        return self

    def __captured__(self) -> list[tuple[Callable[[Any], Any], Any]]:
        """For ag.compile: functions, with an argument each, that tell what in this module decides what it computes."""
        return [(_changes_of, m) for m in self.modules()] + [(_wants_gradient, p) for p in self.parameters()]

    def __called__(self) -> list[Callable[..., Any]]:
        """For ag.compile: the functions that calling this module comes to."""
        return [called for module in self.modules() for called in (module.forward, *module.called_hooks())]

    # --- the picture --------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of repr: the arguments of the constructor."""
        return ""

    @recursive_repr("...")
    def __repr__(self) -> str:
        extra, name = self.extra_repr(), type(self).__name__
        lines = [*extra.split("\n")] if extra else []
        children = [(path, repr(child)) for path, child in find(Module, vars(self).items())]
        body = lines + [f"({path}): {shown}" for path, shown in self._shown(children)]
        if len(body) == len(lines) <= 1:
            return f"{name}({extra})"
        return f"{name}(\n  " + "\n".join(body).replace("\n", "\n  ") + "\n)"

    def _shown(self, children: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """The children as repr shows them, with those alike that follow each other in a list as one."""
        return folded(children)


def _state(modules: Iterable[tuple[str, Module]]) -> Iterator[tuple[str, Any]]:
    """Everything that is saved, under every name that it has, in PyTorch's order."""
    for path, module in modules:
        for name, parameter in find(Parameter, vars(module).items()):
            yield join(path, name), parameter
        for name, persistent in module._buffers.items():
            if persistent and getattr(module, name) is not None:
                yield join(path, name), getattr(module, name)


def _tell(modules: Iterable[tuple[str, Module]], kind: str, arguments: Callable[[str], tuple[Any, ...]]) -> None:
    """Call the hooks of a kind; their arguments depend on the path, which ends in a dot."""
    for path, module in modules:
        if module._hooks is not None:
            module._hooks.tell(kind, module, *arguments(join(path, "") if path else ""))


def _is_dtype(text: str) -> bool:
    try:
        np.dtype(text)
    except TypeError:
        return False
    return True


def _refusal(module: Module, args: Any, kwargs: Any) -> ag.DTypeError | None:
    """What to say of a call that has failed because a layer or loss was given what is no array; None for other reasons.

    Looked at when it is too late, so that a call that is right pays nothing.
    """
    if not module.forward.__module__.startswith((f"{__package__}.layers", f"{__package__}.losses")):
        return None
    try:
        call = inspect.signature(module.forward).bind(*args, **kwargs)
    except TypeError:
        return None  # an argument too many or too few, which Python says by name
    for name, parameter in call.signature.parameters.items():
        value = call.arguments.get(name)
        plain = isinstance(value, list | tuple | dict | set | str | bytes | type(None))
        if parameter.default is parameter.empty and (plain or getattr(value, "dtype", np.dtype(int)).kind in "OSU"):
            advice = "; np.array makes one of a list" if isinstance(value, list | tuple) else ""
            return ag.DTypeError(
                f"{type(module).__name__}: {name} must be an array or a Tensor of numbers, got {brief(value)}{advice}"
            )
    return None


def _locate(error: ag.AutogradError, path: str, module: Module) -> None:
    """Write into an error that is on its way out in which module it came up."""
    if not hasattr(error, "module"):  # else it has passed the innermost one
        error.module = path  # type: ignore[attr-defined]  # for whoever catches it further out
        kind = type(module).__name__
        message = str(error).removesuffix(f" In {path}.")
        end = "" if message.endswith(".") else "."
        error.args = (f"{message}{end} In {f'{path} ({kind})' if path else kind}.",)
