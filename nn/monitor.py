"""What goes on inside a network while it learns: gradient norms over time, outputs of layers, units that are stuck.

Knows modules, parameters and calls, and gives numbers. Does not know how anything is plotted.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .history import History
from .layers.activation import ReLU, Sigmoid, Softplus, Tanh
from .module import Module
from .observing import observed

__all__ = ["GradientNorms", "LayerOutput", "Units", "dead_units", "layer_outputs"]


class GradientNorms:
    """The Euclidean norm of the gradient of each layer's own parameters, written down again and again.

    Call `record()` after `backward()`; or hand the object to `nn.train.fit` as a callback, and it records at the end
    of each epoch, of the last batch's gradient. `layers` are the paths of the modules that have parameters, in order;
    `norms[path]` has one number for each record, None where no parameter had a gradient; `at` has what each record is
    of: the number of the epoch, or 1, 2, 3, ...
    Errors: OptionError for a model without parameters.

    >>> model = nn.MLP([2, 8, 1], rng=0)
    >>> norms = GradientNorms(model)
    >>> for _ in range(3):
    ...     model.zero_grad()
    ...     (model(np.ones((4, 2), np.float32)) ** 2).mean().backward()
    ...     norms.record()
    >>> norms.layers, norms.at, len(norms.norms["2"])
    (['0', '2'], [1, 2, 3], 3)
    """

    def __init__(self, model: Module) -> None:
        if not isinstance(model, Module):
            raise ag.OptionError(f"GradientNorms: expects an nn.Module, got {type(model).__name__}")
        self.model = model
        self.kinds = {path: type(m).__name__ for path, m in model.named_modules() if any(True for _ in _own(m))}
        self.layers = list(self.kinds)
        if not self.layers:
            raise ag.OptionError(f"GradientNorms: {type(model).__name__} has no parameters, so there is no gradient")
        self.at: list[int] = []
        self.norms: dict[str, list[float | None]] = {path: [] for path in self.layers}
        self.unit = "record"  # what `at` counts

    def __len__(self) -> int:
        return len(self.at)

    def __call__(self, history: History) -> None:
        """Record at the end of an epoch: a callback for `nn.train.fit`."""
        self.unit = "epoch"
        self.record(history.last.number)

    def state_dict(self) -> dict[str, Any]:
        """What was written down."""
        return {
            "at": list(self.at),
            "unit": self.unit,
            "norms": {path: list(rows) for path, rows in self.norms.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave.

        Errors: DataError for the layers of another model.
        """
        if list(state["norms"]) != self.layers:
            raise ag.DataError(
                f"GradientNorms: the layers are {', '.join(self.layers)}, but these norms are of "
                f"{', '.join(state['norms'])}"
            )
        self.at, self.unit = list(state["at"]), state["unit"]
        self.norms = {path: list(rows) for path, rows in state["norms"].items()}

    def record(self, at: int | None = None) -> None:
        """Write down the norms of the gradients as they are now, under the number `at`, or the next one."""
        self.at.append((self.at[-1] + 1 if self.at else 1) if at is None else at)
        modules = dict(self.model.named_modules())
        for path in self.layers:
            gradients = [p.grad for p in _own(modules[path]) if p.grad is not None] if path in modules else []
            squares = [float(np.square(_array(g).astype(np.float64)).sum()) for g in gradients]
            self.norms[path].append(math.sqrt(sum(squares)) if squares else None)


def _own(module: Module) -> Iterator[Any]:
    return module.parameters(recurse=False)


@dataclass(frozen=True)
class LayerOutput:
    """What one call of a module gave: the module's path, ``path (2nd call)`` from the second on, and the array."""

    name: str
    path: str
    module: Module
    values: NDArray[Any]

    @property
    def label(self) -> str:
        """The name and the class, for people."""
        return f"{self.name} {type(self.module).__name__}" if self.name else type(self.module).__name__


def layer_outputs(
    model: Module, x: Any, layers: str | Module | Sequence[str | Module] | None = None
) -> list[LayerOutput]:
    """The outputs of layers for a batch of inputs, in the order of the calls, in evaluation mode; nothing is recorded.

    `layers` are paths as in `named_modules`, or modules, or one of these; without them, all modules that call no
    others.
    Errors: OptionError for a layer that the model does not have, or that this input does not come through; DataError
    for a layer whose output is no array.

    >>> model = nn.MLP([2, 8, 1], rng=0)
    >>> [(out.label, out.values.shape) for out in layer_outputs(model, np.ones((4, 2), np.float32))]
    [('0 Linear', (4, 8)), ('1 ReLU', (4, 8)), ('2 Linear', (4, 1))]
    """
    if not isinstance(model, Module):
        raise ag.OptionError(f"layer_outputs: model must be an nn.Module, got {type(model).__name__}")
    if isinstance(layers, str | Module):
        layers = [layers]
    paths = None if layers is None else [path_of(model, layer, "layer_outputs") for layer in layers]
    with observed(model) as calls, ag.no_grad(), evaluating(model):
        model(x)
    times: dict[str, int] = {}
    found = []
    for call in calls:
        if call.finished and (call.leaf if paths is None else call.path in paths):
            n = times[call.path] = times.get(call.path, 0) + 1
            name = call.path if n == 1 else f"{call.path} ({_ordinal(n)} call)"
            found.append(LayerOutput(name, call.path, call.module, _output(call.output, call.path, call.module)))
    for path in paths or ():
        if path not in times:
            raise ag.OptionError(f"layer_outputs: {path!r} was not called for this input")
    return found


def path_of(model: Module, layer: str | Module, who: str) -> str:
    """The path of a layer that is given by its path, or as a module.

    Errors: OptionError, with the paths that there are.
    """
    for path, module in model.named_modules():
        if layer is module or (isinstance(layer, str) and layer == path):
            return path
    known = ", ".join(f"{path!r} ({type(m).__name__})" for path, m in model.named_modules() if path)
    given = type(layer).__name__ if isinstance(layer, Module) else repr(layer)
    raise ag.OptionError(f"{who}: the model has no layer {given}; there is {known or 'only the model itself'}")


@dataclass(frozen=True)
class Units:
    """Which units of an activation are stuck: `dead[i]` is True if unit i passes no gradient on, whichever input comes.

    `kind` says in what way: "dead" for a ReLU that is 0 for every input, "saturated" for the others.
    """

    layer: str
    kind: str
    dead: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many."""
        return int(self.dead.sum())

    def __str__(self) -> str:
        return f"{self.layer}: {self.count} of {self.dead.size} {self.kind}"


# The slope of an activation by its output, as a fraction of its largest: what a gradient is multiplied with.
_SLOPES: dict[type[Module], Callable[[NDArray[Any]], NDArray[Any]]] = {
    ReLU: lambda out: (out > 0).astype(out.dtype),
    Sigmoid: lambda out: 4 * out * (1 - out),
    Tanh: lambda out: 1 - out * out,
    Softplus: lambda out: -np.expm1(-out),
}


def dead_units(model: Module, x: Any, *, tolerance: float = 0.01, axis: int = 1) -> list[Units]:
    """The units of each activation module that pass no gradient on, whichever of these inputs comes.

    A ReLU unit is dead if it is 0 for every input; a unit of Sigmoid, Tanh or Softplus is saturated if its slope is
    below `tolerance` of the largest slope for every input. The units stand along `axis`; a channel of a convolution is
    one unit, at all positions. Only activations that are modules are seen. One `Units` for each call of one.
    Errors: OptionError for an axis that an output does not have.

    >>> model = nn.Sequential(nn.Linear(1, 3, rng=0), nn.ReLU())
    >>> with ag.no_grad():
    ...     model[0].weight[...] = [[1.0], [-1.0], [0.0]]
    ...     model[0].bias[...] = [0.0, -2.0, 1.0]
    >>> for units in dead_units(model, np.array([[0.5], [1.0]], np.float32)):
    ...     print(units, units.dead)
    1 ReLU: 1 of 3 dead [False  True False]
    """
    return [stuck for out in layer_outputs(model, x) if (stuck := units(out, tolerance, axis)) is not None]


def units(out: LayerOutput, tolerance: float = 0.01, axis: int = 1) -> Units | None:
    """Which units of one layer's output are stuck; None if the layer is no activation that is known."""
    slope = next((slope for kind, slope in _SLOPES.items() if isinstance(out.module, kind)), None)
    if slope is None:
        return None
    if not -out.values.ndim <= axis < out.values.ndim or out.values.ndim < 2:
        raise ag.OptionError(f"dead_units: the output of {out.label} is {out.values.shape} and has no axis {axis}")
    alive = (slope(out.values) >= tolerance) | np.isnan(out.values)  # a NaN is another illness
    others = tuple(i for i in range(alive.ndim) if i != axis % alive.ndim)
    kind = "dead" if isinstance(out.module, ReLU) else "saturated"
    return Units(out.label, kind, np.asarray(~alive.any(axis=others)))


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model into evaluation mode, and each of its modules back; what is no Module has no modes."""
    before = [(module, module.training) for module in model.modules()] if isinstance(model, Module) else []
    for module, _ in before:
        module.training = False
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _output(output: Any, path: str, module: Module) -> NDArray[Any]:
    if not isinstance(output, ag.Tensor | np.ndarray):
        raise ag.DataError(
            f"layer_outputs: {path or 'the model'} ({type(module).__name__}) gives {type(output).__name__}, "
            "and only arrays can be looked at"
        )
    return _array(output)


def _array(value: Any) -> NDArray[Any]:
    return np.asarray(value.detach().numpy() if isinstance(value, ag.Tensor) else value)


def _ordinal(n: int) -> str:
    return f"{n}{'th' if 10 <= n % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"
