"""Functions of Tensors and modules, as what can be checked.

Knows Tensors, and modules as anything with `named_parameters`. Does not know how they are checked.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..containers import flatten
from ..errors import GraphError, OptionError
from ..recording import enable_grad, no_grad
from ..tensor import Tensor, asarray
from ..transforms import gradients, jvp
from .arguments import (
    Arguments,
    Array,
    complex_outputs,
    is_floating,
    name_of,
    names_of,
    nothing_to_differentiate,
    parameters_of,
    paths,
    source_of,
    value_of,
)


class TensorFunction:
    """A function of Tensors, or of arrays through NumPy's functions, and of the parameters of a module.

    A function that takes no arguments reads Tensors that require gradients from elsewhere, as a closure over a model
    does; then the arguments are those Tensors. Parameters hold other values only while they are called for.
    """

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self.function, self.name, self.where = function, name_of(function), source_of(function)
        self.parameters: list[Tensor] = []
        if hasattr(function, "named_parameters"):
            named = [(name, p) for name, p in function.named_parameters() if p.requires_grad]
        elif arguments and parameters_of(function) == []:
            leaves, _ = flatten(list(arguments))
            labels = paths(names_of(None, len(arguments)), arguments)
            named = [(label, _leaf(x)) for label, x in zip(labels, leaves, strict=True)]
            arguments = []
        else:
            named = []
        self.parameters = [p for _, p in named]
        self._arguments = Arguments(getattr(function, "forward", function) if named else function, arguments)
        for leaf in self._arguments.leaves:
            if isinstance(leaf, Tensor) and leaf.requires_grad:
                _leaf(leaf)
        self.inputs = self._arguments.inputs + [np.array(p.data, dtype=np.float64, order="C") for p in self.parameters]
        self.labels = self._arguments.labels + [name for name, _ in named]
        self.given_coarse = self._arguments.coarse or any(p.dtype != np.float64 for p in self.parameters)
        if not self.inputs:
            raise nothing_to_differentiate(self._arguments.leaves)

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        """The results in floating point, recorded where Tensors are."""
        own = len(self._arguments.slots)
        with _placed(self.parameters, tensors[own:]):
            results, _ = flatten(self.function(*self._arguments.filled(tensors[:own])))
        return [y for y in results if is_floating(y)]

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        with no_grad():
            return [np.asarray(value_of(y)) for y in self.outputs([asarray(x) for x in arrays])]

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        leaves = [asarray(x).requires_grad_() for x in arrays]
        pairs = [
            (y, g)
            for y, g in zip(self.outputs(leaves), cotangents, strict=True)
            if isinstance(y, Tensor) and y.requires_grad
        ]
        if not pairs:
            self._without_gradient()
            return [np.zeros(x.shape, x.dtype) for x in arrays]
        found = gradients([y for y, _ in pairs], leaves, [g for _, g in pairs], allow_unused=True)
        return [g.data for g in found]

    def _without_gradient(self) -> None:
        raise GraphError(
            f"gradcheck: the output of {self.name} does not depend on the inputs; is it computed under no_grad, or "
            "from .data? A function of arrays is checked together with its VJP: gradcheck((f, vjp), x)"
        )

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> list[Array] | None:
        def outputs(*tensors: Tensor) -> list[Any]:
            return self.outputs(tensors)

        _, pushed = jvp(outputs, list(arrays), list(tangents))
        return [np.asarray(value_of(t)) for t in pushed]

    def at_complex(self, arrays: Sequence[Array]) -> list[Array] | None:
        if self.parameters:
            return None
        return complex_outputs(lambda: self.function(*self._arguments.filled(arrays)))

    def derived(self, weights: Sequence[Array]) -> "DerivedFunction":
        return DerivedFunction(self, weights)


class DerivedFunction(TensorFunction):
    """The gradient of the weighted sum of the squared outputs of another function."""

    def __init__(self, function: TensorFunction, weights: Sequence[Array]) -> None:
        self.of, self.weights = function, weights
        self.function, self.name, self.where = function.function, function.name, function.where
        self.inputs, self.labels, self.parameters = function.inputs, function.labels, function.parameters
        self.given_coarse = function.given_coarse

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        with enable_grad():
            leaves = [t if t.requires_grad else asarray(t.data).requires_grad_() for t in tensors]
            squares = [
                (y * y * w).sum()
                for y, w in zip(self.of.outputs(leaves), self.weights, strict=True)
                if isinstance(y, Tensor) and y.requires_grad
            ]
            if not squares:  # a derivative that is constant
                return [Tensor(np.zeros(t.shape, t.dtype)) for t in leaves]
            return list(gradients(squares, leaves, create_graph=True, allow_unused=True))

    def _without_gradient(self) -> None:
        """A derivative that is constant has derivatives too: zeros."""

    def at_complex(self, arrays: Sequence[Array]) -> None:
        return None


def _leaf(value: Any) -> Tensor:
    if not (isinstance(value, Tensor) and value.requires_grad):
        raise OptionError(
            "gradcheck: the function takes no arguments, so the inputs must be the Tensors that it reads and that "
            f"require gradients, such as list(model.parameters()); got {type(value).__name__}"
        )
    if not value.is_leaf:
        raise GraphError("gradcheck: an input is the result of a computation; pass .detach() of it")
    return value


@contextmanager
def _placed(parameters: Sequence[Tensor], tensors: Sequence[Tensor]) -> Iterator[None]:
    """Let parameters be these Tensors, values and graph, and give them back what they were."""
    held = [(p, p._array, p.node, p.shared) for p in parameters]
    try:
        for p, t in zip(parameters, tensors, strict=True):
            p._array, p.node, p.shared = t._array, t.node, True
        yield
    finally:
        for p, array, node, shared in held:
            p._array, p.node, p.shared = array, node, shared
