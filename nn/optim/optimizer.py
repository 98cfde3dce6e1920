"""What optimizers share: groups of parameters with options, what is kept for each parameter, the step, and its hooks.

Knows parameters, gradients and options by name. Does not know any update formula.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, ClassVar

import numpy as np

import autograd_core as ag

from ..hooks import RemovableHandle
from ..module import Module, Parameter
from .blocks import Array, Block, Noted, Scratch, Slot
from .captured import decided_by, rewritten

__all__ = ["Optimizer"]

Group = dict[str, Any]
_next_key = count().__next__
# what PyTorch's saved groups have, and what changes no value
SWITCHES = {"foreach", "fused", "capturable", "differentiable"}
# what groups may have besides the options of their optimizer: names, and what schedulers note there
NOTED = {"name", "param_names", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum"}


class Optimizer:
    """Parameters, in groups with their own options, and the step that moves them along their gradients.

    `params` are Tensors, pairs of a name and a Tensor as `named_parameters` gives them, or dicts such as
    ``{"params": [...], "lr": 0.1}``. Options stand in `param_groups` and may be changed between steps; `state` holds
    what is kept for each parameter. A parameter that has no gradient or is frozen is left alone. Parameters are changed
    in place.
    To write one of your own, give `super().__init__` the default options and define `update(group)`, or `step`.
    Errors: OptionError for no parameters, for what is not a leaf that requires a gradient (a frozen Parameter may be
    thawed later), for one that comes twice, and for options that are unknown or out of range.

    >>> class Signs(Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...     def update(self, group):
    ...         for w in group["params"]:
    ...             w -= group["lr"] * np.sign(w.grad)
    >>> w = ag.Tensor([3.0, -1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> Signs([w], lr=0.5).step()
    >>> w
    Tensor([ 2.5, -0.5], requires_grad=True)
    """

    numbers: ClassVar[tuple[str, ...]] = ()  # the numbers kept for each parameter, by PyTorch's names
    arrays: ClassVar[tuple[str, ...]] = ()  # the arrays, each of the parameter's shape; some options add or omit one
    fusible: ClassVar[bool] = False  # whether the numbers of an update all come from `typed`, by options and `numbers`
    scratch: ClassVar[int] = 2  # how many intermediate results an update has at a time

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]) -> None:
        who = type(self).__name__
        if isinstance(params, Module):
            raise ag.OptionError(f"{who}: params must be parameters, got a module; pass its .parameters()")
        if isinstance(params, ag.Tensor | Mapping | str) or not isinstance(params, Iterable):
            raise ag.OptionError(f"{who}: params must be a list of parameters or of dicts, got {type(params).__name__}")
        if isinstance(params, set | frozenset):
            raise ag.OptionError(f"{who}: a set has another order in every run; pass a list of parameters")
        self.defaults = dict(defaults)
        self.param_groups: list[Group] = []
        self.state: defaultdict[ag.Tensor, dict[str, Any]] = defaultdict(dict)
        self.has_stepped = False
        self._slots: dict[ag.Tensor, Slot] = {}
        self._scratch = Scratch(self.scratch)
        self._replayed: list[Any] | None = None
        self._hooks: tuple[dict[int, Callable[..., Any]], dict[int, Callable[..., Any]]] = {}, {}
        given = list(params)
        if not given:
            raise ag.OptionError(f"{who}: there are no parameters; were they kept as attributes of the module?")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Parameters to be moved as well, with their own options where they differ from the defaults."""
        who = type(self).__name__
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise ag.OptionError(f"{who}: a group is a dict with 'params', got {type(param_group).__name__}")
        unknown = [name for name in param_group if name not in {"params", *self.defaults, *NOTED}]
        if unknown:
            raise ag.OptionError(f"{who}: unknown option {', '.join(unknown)}; there are {', '.join(self.defaults)}")
        options = {**self.defaults, **{name: value for name, value in param_group.items() if name != "params"}}
        self.check(options)
        given = param_group["params"]
        if isinstance(given, set | frozenset):
            raise ag.OptionError(f"{who}: a set has another order in every run; pass a list of parameters")
        params = [given] if isinstance(given, ag.Tensor) else list(given)
        if params and all(isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in params):
            options["param_names"] = [name for name, _ in params]
            params = [parameter for _, parameter in params]
        seen = {id(parameter) for group in self.param_groups for parameter in group["params"]}
        for i, parameter in enumerate(params):
            if flaw := _flaw(parameter):
                raise ag.OptionError(f"{who}: params must be leaves that require a gradient, but number {i} is {flaw}")
            if id(parameter) in seen:
                raise ag.OptionError(f"{who}: parameter number {i}, of shape {parameter.shape}, is there twice")
            seen.add(id(parameter))
        self.param_groups.append({"params": params, **options})

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that are out of range; each optimizer says which."""

    # --- the step -----------------------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; returns what `closure` returns, which is called first if given.

        A closure forgets the gradients, computes the loss, calls its backward(), and returns it.
        """
        before, after = self._hooks
        if closure is None and (before or after):
            return ag.perform(self._step_heard, None)
        return self._step_heard(closure)

    def _step_heard(self, closure: Callable[[], Any] | None) -> Any:
        before, after = self._hooks
        if before:
            args, kwargs = self._heard((closure,))
            closure = args[0] if args else kwargs.get("closure")
        self.has_stepped = True
        loss = self.advance(closure)
        if after:
            for hook in list(after.values()):
                hook(self, (closure,), {})
        return loss

    def advance(self, closure: Callable[[], Any] | None) -> Any:
        """The step itself: evaluate the loss if a closure is given, and update each group."""
        loss = None
        if closure is not None:
            with ag.enable_grad():
                loss = closure()
        self._move_all()
        return loss

    def _move_all(self) -> None:
        rewrite = ag.rewriting() if self.fusible else None
        if rewrite is None:
            ag.perform(self._update)
            return
        with ag.no_grad():
            for group in self.param_groups:
                rewritten(self, group, rewrite)

    def _update(self) -> None:
        with ag.no_grad():
            for group in self.param_groups:
                self.update(group)

    # --- captured: see `captured` -------------------------------------------------------------------------------------

    def __captured__(self) -> list[tuple[Callable[[Any], Any], Any]]:
        """For ag.compile: functions, with an argument each, that tell what decides how parameters are moved."""
        return decided_by(self)

    def _run(self, group: Group, noted: Noted, live: list[tuple[Slot, Iterable[Block]]]) -> None:
        """Update a group whose live parameters are these, with numbers that are noted, or were."""
        self._replayed = live
        try:
            with noted:
                self.update(group)
        finally:
            self._replayed = None

    def update(self, group: Group) -> None:
        """Move the parameters of a group; each optimizer says how. Nothing is recorded meanwhile."""
        raise NotImplementedError(f"{type(self).__name__}: define update(self, group), or step(self, closure=None)")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: each `.grad` becomes None, or zeros if not `set_to_none`.

        A parameter whose gradient is None is left alone by the next step; one of zeros is still moved by momentum.
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad = np.zeros(parameter.shape, parameter.dtype)

    def kept(self, group: Group) -> tuple[str, ...]:
        """Which arrays are kept for the parameters of a group."""
        return self.arrays

    def begin(self, name: str, group: Group) -> float:
        """What a number starts as, or what an array is filled with; 0 unless an optimizer says otherwise."""
        return 0

    def live(self, group: Group, names: tuple[str, ...] | None = None) -> Iterator[tuple[Slot, Iterable[Block]]]:
        """Every parameter of a group that is to move: its slot, and its blocks, with the arrays of these names."""
        if self._replayed is not None:
            yield from self._replayed
            return
        for slot, _, w, grad in self._slots_of(group, names):
            yield slot, slot.blocks(w, grad.data)

    def _slots_of(
        self, group: Group, names: tuple[str, ...] | None
    ) -> Iterator[tuple[Slot, ag.Tensor, Array, ag.Tensor]]:
        names = self.kept(group) if names is None else names
        slots, states = self._slots, self.state
        for parameter in group["params"]:
            grad = parameter.grad
            if grad is None or not parameter.requires_grad:
                continue
            w = parameter.writable()
            slot = slots.get(parameter)
            if slot is None or ((names or slot.names) and not slot.holds(states[parameter], names)):
                slot = self._slot(parameter, w, group, names)
            elif slot.fresh:
                slot.fresh = False
            yield slot, parameter, w, grad

    def _slot(self, parameter: ag.Tensor, w: Array, group: Group, names: tuple[str, ...]) -> Slot:
        state = self.state[parameter]
        fresh = [name for name in names if name not in state]
        self._start(state, w, group, fresh)
        slot = self._slots[parameter] = Slot(w, state, names, self._scratch)
        slot.fresh = bool(fresh)
        return slot

    def _start(self, state: dict[str, Any], w: Array, group: Group, names: Iterable[str]) -> None:
        for name in self.numbers:
            state.setdefault(name, self.begin(name, group))
        for name in names:
            state[name] = np.full_like(w, self.begin(name, group))

    # --- hooks --------------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step; what it returns, if not None, replaces both."""
        return self._hear(self._hooks[0], hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step."""
        return self._hear(self._hooks[1], hook)

    def _hear(self, table: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> RemovableHandle:
        key = _next_key()
        table[key] = hook
        return RemovableHandle(table, key)

    def _heard(self, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        kwargs: dict[str, Any] = {}
        for hook in list(self._hooks[0].values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        return args, kwargs

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Copies of the options and of what is kept for each parameter, in PyTorch's layout, with lists for tuples."""
        groups, state, first = [], {}, 0
        for group in self.param_groups:
            numbers = list(range(first, first := first + len(group["params"])))
            options = {name: _packed(value) for name, value in group.items() if name != "params"}
            groups.append({**options, "params": numbers})
            for number, parameter in zip(numbers, group["params"], strict=True):
                if self.state.get(parameter):
                    state[number] = {name: _packed(value) for name, value in self.state[parameter].items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what state_dict gave, here or in PyTorch; nothing is changed unless all of it fits.

        Errors: DataError for other groups, options or shapes; OptionError for options out of range.
        """
        who = f"{type(self).__name__}.load_state_dict"
        groups, state = state_dict["param_groups"], state_dict["state"]
        own = [len(group["params"]) for group in self.param_groups]
        if [len(group["params"]) for group in groups] != own:
            raise ag.DataError(
                f"{who}: there are groups of {', '.join(map(str, own))} parameters, "
                f"but this was saved for groups of {', '.join(str(len(group['params'])) for group in groups)}"
            )
        options = [self._unpacked(group, who) for group in groups]
        loaded = {}
        for group, saved, chosen in zip(self.param_groups, groups, options, strict=True):
            for parameter, number in zip(group["params"], saved["params"], strict=True):
                found = state.get(number, state.get(str(number)))  # JSON makes strings of keys
                if found:
                    loaded[parameter] = self.fitting(parameter, {**group, **chosen}, found, who)
        self.state.clear()
        self.state.update(loaded)
        self._slots.clear()
        for group, chosen in zip(self.param_groups, options, strict=True):
            names = {"param_names": group["param_names"]} if "param_names" in group else {}
            params = group["params"]
            group.clear()
            group.update({"params": params, **names, **chosen})

    def _unpacked(self, group: Mapping[str, Any], who: str) -> dict[str, Any]:
        options = {k: v for k, v in group.items() if k != "params" and (k in self.defaults or k not in SWITCHES)}
        if differing := sorted((set(options) - NOTED) ^ set(self.defaults)):
            raise ag.DataError(f"{who}: the options are not those of this optimizer; differing: {', '.join(differing)}")
        for name, default in self.defaults.items():
            if isinstance(default, tuple):
                options[name] = tuple(options[name])
        self.check(options)
        return copy.deepcopy(options)

    def fitting(self, parameter: ag.Tensor, group: Group, saved: Mapping[str, Any], who: str) -> dict[str, Any]:
        """What was saved for a parameter, as it is kept; DataError unless it fits."""
        if not self.numbers and not self.arrays:
            return copy.deepcopy(dict(saved))  # of an optimizer that keeps its own books
        saved = {name: value for name, value in saved.items() if value is not None}
        wanted = {**dict.fromkeys(self.numbers, ()), **dict.fromkeys(self.kept(group), parameter.shape)}
        known = {**wanted, **dict.fromkeys(self.arrays, parameter.shape)}
        found = {name: np.shape(value) for name, value in saved.items()}
        if not set(wanted) <= set(found) or any(known.get(name) != shape for name, shape in found.items()):
            raise ag.DataError(f"{who}: a parameter needs the shapes {wanted}, but this has {found}")
        numbers = {name: int(saved[name]) if name == "step" else float(saved[name]) for name in self.numbers}
        kept = {name: np.array(value, parameter.dtype) for name, value in saved.items() if name not in numbers}
        return {**numbers, **kept}

    def __getstate__(self) -> dict[str, Any]:
        # for copies: blocks are views, of which copies would be arrays of their own
        return {**vars(self), "_slots": {}, "_scratch": Scratch(self.scratch)}

    def __repr__(self) -> str:
        groups = [
            f"{sum(p.size for p in group['params'])} numbers in {len(group['params'])} parameters, "
            + ", ".join(f"{name}={value!r}" for name, value in group.items() if name not in ("params", "param_names"))
            for group in self.param_groups
        ]
        return f"{type(self).__name__}({'; '.join(groups)})"


def _flaw(parameter: Any) -> str:
    """Why something cannot be optimized, or nothing."""
    if not isinstance(parameter, ag.Tensor):
        return type(parameter).__name__
    if not parameter.is_leaf:
        return "a tensor that is no leaf"
    if not parameter.requires_grad and not isinstance(parameter, Parameter):
        return "a tensor that requires no gradient"
    return ""


def _packed(value: Any) -> Any:
    """A copy of what is kept, in lists, dicts and ndarrays."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, ag.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, list | tuple):
        return [_packed(part) for part in value]
    if isinstance(value, dict):
        return {name: _packed(part) for name, part in value.items()}
    return value.item() if isinstance(value, np.generic) else value
