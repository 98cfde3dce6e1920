"""What optimizers share: groups of parameters with options, state for each parameter, and blocks that fit a cache.

Knows parameters, gradients and options by name. Does not know any update formula.

Note [Blocks]
An update reads and writes several arrays as long as the parameter, several times. Large ones are therefore cut along
their first axis into blocks that stay in the cache from the first pass to the last, and intermediate results go into
scratch arrays that all parameters share, so that a step allocates nothing. What can be cut beforehand is.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..module import Module

__all__ = ["Optimizer"]

Array = NDArray[Any]
BLOCK = 3 << 14  # elements: five float32 arrays of this length fit into a second-level cache of 1 MiB


class Slot:
    """A parameter with what an optimizer keeps for it."""

    __slots__ = ("blocks", "parameter", "state", "steps")

    def __init__(self, parameter: ag.Tensor) -> None:
        self.parameter = parameter
        self.steps = 0
        self.state: dict[str, Array] = {}
        self.blocks: list[tuple[slice | None, tuple[Array, ...]]] = []  # a cut, and the state and scratch for it


class Optimizer:
    """Parameters, in groups with their own options, and the step that moves them along their gradients.

    `params` are Tensors or dicts such as ``{"params": [...], "lr": 0.1}``. Options stand in `param_groups` and may be
    changed between steps. A parameter without a gradient is left alone. Parameters are changed in place.
    Errors: OptionError for no parameters, for what is not a leaf that requires a gradient, for one that comes twice,
    and for options that are unknown or out of range.
    """

    state_names: ClassVar[tuple[str, ...]] = ()  # what is kept for each parameter, besides the number of its steps

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        who = type(self).__name__
        if isinstance(params, Module):
            raise ag.OptionError(f"{who}: params must be parameters, got a module; pass its .parameters()")
        if isinstance(params, ag.Tensor | Mapping | str) or not isinstance(params, Iterable):
            raise ag.OptionError(f"{who}: params must be a list of parameters or of dicts, got {type(params).__name__}")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self._slots: list[list[Slot]] = []
        self._scratch: dict[tuple[int, np.dtype[Any]], Array] = {}
        given = list(params)
        if not given:
            raise ag.OptionError(f"{who}: there are no parameters; were they kept as attributes of the module?")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Parameters to be moved as well, with their own options where they differ from the defaults."""
        who = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise ag.OptionError(f"{who}: a group is a dict with 'params', got {type(group).__name__}")
        unknown = [name for name in group if name != "params" and name not in self.defaults]
        if unknown:
            raise ag.OptionError(f"{who}: unknown option {', '.join(unknown)}; there are {', '.join(self.defaults)}")
        options = {**self.defaults, **{name: value for name, value in group.items() if name != "params"}}
        self.check(options)
        params = [group["params"]] if isinstance(group["params"], ag.Tensor) else list(group["params"])
        seen = {id(slot.parameter) for slots in self._slots for slot in slots}
        for i, parameter in enumerate(params):
            if not isinstance(parameter, ag.Tensor) or not (parameter.requires_grad and parameter.is_leaf):
                what = "a tensor that is no leaf" if isinstance(parameter, ag.Tensor) else type(parameter).__name__
                if isinstance(parameter, ag.Tensor) and not parameter.requires_grad:
                    what = "a tensor that requires no gradient"
                raise ag.OptionError(f"{who}: params must be leaves that require a gradient, but number {i} is {what}")
            if id(parameter) in seen:
                raise ag.OptionError(f"{who}: parameter number {i}, of shape {parameter.shape}, is there twice")
            seen.add(id(parameter))
        self.param_groups.append({"params": params, **options})
        self._slots.append([Slot(parameter) for parameter in params])

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that are out of range; each optimizer says which."""

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        raise NotImplementedError(f"{type(self).__name__}: define step(self)")

    def zero_grad(self) -> None:
        """Forget the gradients: each `.grad` becomes None."""
        for slots in self._slots:
            for slot in slots:
                slot.parameter.grad = None

    def live(
        self, slots: Iterable[Slot], names: Sequence[str] = ()
    ) -> Iterator[tuple[int, Array, Array, tuple[Array, ...]]]:
        """For every block of every parameter that has a gradient: the number of its step, the block to write into, its
        gradient, and its state of these names followed by scratch arrays."""
        for slot in slots:
            parameter = slot.parameter
            grad = parameter.grad
            if grad is None:
                continue
            if not slot.blocks or len(slot.state) != len(names):
                self._cut(slot, names)
            slot.steps += 1
            w, g = parameter.writable(), grad.data
            for cut, arrays in slot.blocks:
                if cut is None:
                    yield slot.steps, w, g, arrays
                else:
                    yield slot.steps, w[cut], g[cut], arrays

    def _cut(self, slot: Slot, names: Sequence[str]) -> None:
        """Make the state of a parameter, and cut it up; see Note [Blocks]."""
        shape, dtype = slot.parameter.shape, slot.parameter.dtype
        if list(slot.state) != list(names):
            slot.state, slot.steps = {name: np.zeros(shape, dtype) for name in names}, 0
        state = tuple(slot.state.values())
        size = slot.parameter.size
        if size <= BLOCK:
            slot.blocks = [(None, state + self._scratch_like(shape, dtype))]
            return
        rows = math.ceil(shape[0] / math.ceil(size / BLOCK))
        cuts = [slice(i, min(i + rows, shape[0])) for i in range(0, shape[0], rows)]
        slot.blocks = [
            (cut, (*(a[cut] for a in state), *self._scratch_like((cut.stop - cut.start, *shape[1:]), dtype)))
            for cut in cuts
        ]

    def _scratch_like(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, ...]:
        size = int(np.prod(shape, dtype=int))
        arrays = []
        for i in range(2):
            flat = self._scratch.get((i, dtype))
            if flat is None or flat.size < size:
                flat = self._scratch[i, dtype] = np.empty(max(size, BLOCK), dtype)
            arrays.append(flat[:size].reshape(shape))
        return tuple(arrays)

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Copies of the options and of what is kept for each parameter, in PyTorch's layout."""
        groups, state, first = [], {}, 0
        for group, slots in zip(self.param_groups, self._slots, strict=True):
            numbers = list(range(first, first := first + len(slots)))
            groups.append({**{name: value for name, value in group.items() if name != "params"}, "params": numbers})
            for number, slot in zip(numbers, slots, strict=True):
                if slot.state:
                    state[number] = {"step": slot.steps, **{k: array.copy() for k, array in slot.state.items()}}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what state_dict gave; nothing is changed unless all of it fits.

        Errors: DataError for other groups, options or shapes; OptionError for options out of range.
        """
        who = f"{type(self).__name__}.load_state_dict"
        groups, state = state_dict["param_groups"], state_dict["state"]
        if [len(group["params"]) for group in groups] != [len(slots) for slots in self._slots]:
            raise ag.DataError(
                f"{who}: there are groups of {', '.join(str(len(slots)) for slots in self._slots)} parameters, "
                f"but this was saved for groups of {', '.join(str(len(group['params'])) for group in groups)}"
            )
        for group in groups:
            if set(group) - {"params"} != set(self.defaults):
                differing = ", ".join(sorted((set(group) - {"params"}) ^ set(self.defaults)))
                raise ag.DataError(f"{who}: the options are not those of this optimizer; differing: {differing}")
            self.check(group)
        pairs = [
            (slot, state.get(number))
            for group, slots in zip(groups, self._slots, strict=True)
            for number, slot in zip(group["params"], slots, strict=True)
        ]
        for slot, saved in pairs:
            wanted = {"step": (), **dict.fromkeys(self.state_names, slot.parameter.shape)}
            found = {name: np.shape(value) for name, value in saved.items()} if saved else wanted
            if found != wanted:
                raise ag.DataError(f"{who}: a parameter needs the shapes {wanted}, but this has {found}")
        for slot, saved in pairs:
            kept = dict(saved or {"step": 0})
            slot.steps, slot.blocks = int(kept.pop("step")), []
            slot.state = {name: np.array(value, slot.parameter.dtype) for name, value in kept.items()}
        for own, group in zip(self.param_groups, groups, strict=True):
            own.update({name: value for name, value in group.items() if name != "params"})

    def __repr__(self) -> str:
        groups = [
            f"{sum(p.size for p in group['params'])} numbers in {len(group['params'])} parameters, "
            + ", ".join(f"{name}={value!r}" for name, value in group.items() if name != "params")
            for group in self.param_groups
        ]
        return f"{type(self).__name__}({'; '.join(groups)})"


def check_number(who: str, name: str, value: Any, below: float = float("inf")) -> None:
    """Refuse an option that is not a number from 0 to below a bound.

    >>> check_number("SGD", "lr", -1.0)
    Traceback (most recent call last):
    autograd_core.errors.OptionError: SGD: lr must be a finite number, at least 0; got -1.0
    """
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 <= value < below:
        bound = "a finite number, at least 0" if below == float("inf") else f"a number from 0 to below {below:g}"
        raise ag.OptionError(f"{who}: {name} must be {bound}; got {value!r}")
