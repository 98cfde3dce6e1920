"""What is checked, in one form: a function of a flat list of real arrays, with a VJP, whoever wrote it.

Knows functions of Tensors, modules (anything with `named_parameters`), and plain functions given together with their
VJP. Does not know how they are checked.

Note [Pairs]
A pair `(f, vjp)`, or a triple `(f, vjp, jvp)`, knows nothing of this library. `vjp(*inputs, g)` returns one gradient
for each input: bare for one input, else a list or tuple; None stands for zeros, and inputs that are not floating point
may be left out. The cotangent g has the shape of the output (of several outputs: a container of them, as f returns
them). A parameter called `g` or `cotangent` gets it wherever it stands. A `vjp` that takes no more than the inputs
returns the function from cotangents to gradients, as `jax.vjp(f, *inputs)[1]` is, or, where f is one number, the
gradient itself. `jvp(*inputs, *tangents)` returns the tangents of the outputs.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from ..containers import Rebuild, flatten
from ..errors import DTypeError, GraphError, OptionError, ShapeError
from ..recording import enable_grad, no_grad
from ..tensor import Tensor, asarray
from ..transforms import gradients, jvp
from ..watching import place

Array = np.ndarray[Any, np.dtype[Any]]


class Function(Protocol):
    """A function of real arrays with a VJP, and the arrays to check it at.

    `inputs` and the outputs are those in floating point, of all containers, in order; everything else is held. The
    arrays given are handed on as they are, and what comes back is not copied: what it does to memory can be seen.
    """

    name: str
    where: str  # "file.py:12", or "" if there is no source
    inputs: list[Array]
    labels: list[str]
    given_coarse: bool  # whether inputs came in a coarser type than double precision, whatever they are checked in

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """The outputs."""

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        """The VJP: one gradient for each array, as it was returned; of zeros where None was."""

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> list[Array] | None:
        """The JVP: one tangent for each output; None if there is no forward mode."""

    def at_complex(self, arrays: Sequence[Array]) -> list[Array] | None:
        """The outputs at complex numbers; None if the function does not take any."""

    def derived(self, weights: Sequence[Array]) -> "Function":
        """The gradient of the weighted sum of the squared outputs: a function of the same arrays, to be checked too.

        It is squared because the second derivative of a linear function is zero, and a check of that sees nothing.
        """


def adapted(function: Any, arguments: Sequence[Any]) -> Function:
    """Anything that can be checked, at these arguments.

    Raises: OptionError, DTypeError, GraphError for what cannot.
    """
    if isinstance(function, tuple | list):
        if not (2 <= len(function) <= 3 and all(map(callable, function))):
            raise OptionError(
                "gradcheck: a function without Tensors is given as (f, vjp) or (f, vjp, jvp), all of them callable; "
                f"got {len(function)} things: {', '.join(type(f).__name__ for f in function)}"
            )
        return PlainFunction(*function, arguments=arguments)
    if not callable(function):
        raise OptionError(
            f"gradcheck: the first argument is the function to check, got {type(function).__name__}; "
            "say gradcheck(f, x), not gradcheck(f(x))"
        )
    return TensorFunction(function, arguments)


def copied(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The same containers with copies of their arrays."""
    leaves, rebuild = flatten(tuple(arguments))
    return tuple(rebuild([x.copy() if isinstance(x, np.ndarray) else x for x in leaves]))


# --- what they have in common -----------------------------------------------------------------------------------------


class _Arguments:
    """The arguments of a call: the arrays to differentiate by, and the way to fill in others.

    Of nested containers, arrays and Tensors in floating point and Python floats are differentiated by. They are copied,
    in double precision unless `keep_types` is set.
    """

    def __init__(self, function: Any, arguments: Sequence[Any], keep_types: bool = False) -> None:
        self.leaves, self.rebuild = flatten(list(arguments))
        labels = list(_paths(_names(function, len(arguments)), arguments))
        self.slots = [i for i, leaf in enumerate(self.leaves) if _is_floating(leaf)]
        self.labels = [labels[i] for i in self.slots]
        self.inputs = [np.array(_value(self.leaves[i]), order="C") for i in self.slots]
        self.coarse = any(x.dtype != np.float64 for x in self.inputs)
        if not keep_types:
            self.inputs = [x.astype(np.float64) for x in self.inputs]

    def filled(self, values: Sequence[Any]) -> Any:
        leaves = list(self.leaves)
        for i, value in zip(self.slots, values, strict=True):
            leaves[i] = value
        return self.rebuild(leaves)


def _value(leaf: Any) -> Any:
    return leaf.data if isinstance(leaf, Tensor) else leaf


def _is_floating(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    return isinstance(leaf, np.ndarray | np.generic | Tensor) and leaf.dtype.kind == "f"


def argument_names(function: Any, count: int) -> list[str]:
    """What a function calls its arguments, as far as it has names for them."""
    first = function[0] if isinstance(function, tuple | list) else function
    return _names(getattr(first, "forward", first), count)


def _names(function: Any, count: int) -> list[str]:
    """The names of a function's positional parameters, or numbers where it has none."""
    named = [p.name for p in _parameters(function) or () if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][
        :count
    ]
    return named + [f"input {i}" for i in range(len(named), count)]


def _paths(names: Sequence[str], trees: Sequence[Any]) -> Iterator[str]:
    """A name for each leaf of some nested containers, in the order of `flatten`."""
    for name, tree in zip(names, trees, strict=True):
        if isinstance(tree, dict):
            yield from _paths([f"{name}[{key!r}]" for key in tree], list(tree.values()))
        elif isinstance(tree, list | tuple):
            yield from _paths([f"{name}[{i}]" for i in range(len(tree))], tree)
        elif tree is not None:
            yield name


def _beside(tree: Any, gradient: Any, who: str) -> Iterator[tuple[Any, Any]]:
    """Each leaf of some containers with its gradient in containers of the same kind, None for none."""
    if isinstance(tree, dict | list | tuple):
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        if gradient is not None and (
            isinstance(gradient, dict) is not isinstance(tree, dict) or len(gradient) != len(tree)
        ):
            raise ShapeError(f"{who}: gradients must come in the same containers, one for each array, or None")
        for key in keys:
            yield from _beside(tree[key], None if gradient is None else gradient[key], who)
    elif tree is not None:
        if isinstance(gradient, dict | list | tuple):
            raise ShapeError(f"{who}: the gradient of an array is an array, got a {type(gradient).__name__}")
        yield tree, gradient


def _name_of(function: Any) -> str:
    return getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__


def import_names(function: Any) -> list[str]:
    """What each part of a function may be imported by, as in "package.module.name"; an object in angle brackets."""
    if isinstance(function, tuple | list):
        return [name for part in function for name in import_names(part)]
    if not hasattr(function, "__name__"):
        return [f"<{type(function).__name__} object>"]
    return [f"{getattr(function, '__module__', None) or 'numpy'}.{_name_of(function)}"]


def source_of(function: Any) -> str:
    """The file and line where a function, or the class of a callable object, is defined; empty if there is none."""
    op = getattr(function, "op", None)
    function = inspect.unwrap(getattr(op, "forward", None) or getattr(function, "func", function))
    if not hasattr(function, "__code__") and not inspect.isclass(function):
        function = getattr(function, "function", None) or type(function)
    try:
        file, (_, line) = inspect.getsourcefile(function), inspect.getsourcelines(function)
    except (OSError, TypeError):  # a built-in, or typed into an interpreter
        return ""
    return place(file or "", max(line, 1))


def _parameters(function: Any) -> list[inspect.Parameter] | None:
    """The parameters of a function; None if nobody knows."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a built-in function without a signature
        return None


def _required(function: Any) -> int | None:
    """How many arguments a function must be given; None if it takes any number, or nobody knows."""
    parameters = _parameters(function)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


# --- functions of Tensors ---------------------------------------------------------------------------------------------


class TensorFunction:
    """A function of Tensors, or of arrays through NumPy's functions, and of the parameters of a module.

    A function that takes no arguments reads Tensors that require gradients from elsewhere, as a closure over a model
    does; then the arguments are those Tensors. Parameters hold other values only while they are called for.
    """

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self.function, self.name, self.where = function, _name_of(function), source_of(function)
        self.parameters: list[Tensor] = []
        if hasattr(function, "named_parameters"):
            named = [(name, p) for name, p in function.named_parameters() if p.requires_grad]
        elif arguments and _parameters(function) == []:
            leaves, _ = flatten(list(arguments))
            labels = _paths(_names(None, len(arguments)), arguments)
            named = [(label, _leaf(x)) for label, x in zip(labels, leaves, strict=True)]
            arguments = []
        else:
            named = []
        self.parameters = [p for _, p in named]
        self._arguments = _Arguments(getattr(function, "forward", function) if named else function, arguments)
        for leaf in self._arguments.leaves:
            if isinstance(leaf, Tensor) and leaf.requires_grad:
                _leaf(leaf)
        self.inputs = self._arguments.inputs + [np.array(p.data, dtype=np.float64, order="C") for p in self.parameters]
        self.labels = self._arguments.labels + [name for name, _ in named]
        self.given_coarse = self._arguments.coarse or any(p.dtype != np.float64 for p in self.parameters)
        if not self.inputs:
            raise _nothing_to_differentiate(self._arguments.leaves)

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        """The results in floating point, recorded where Tensors are."""
        own = len(self._arguments.slots)
        with _placed(self.parameters, tensors[own:]):
            results, _ = flatten(self.function(*self._arguments.filled(tensors[:own])))
        return [y for y in results if _is_floating(y)]

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        with no_grad():
            return [np.asarray(_value(y)) for y in self.outputs([asarray(x) for x in arrays])]

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
        return [np.asarray(_value(t)) for t in pushed]

    def at_complex(self, arrays: Sequence[Array]) -> list[Array] | None:
        if self.parameters:
            return None
        return _complex_outputs(lambda: self.function(*self._arguments.filled(arrays)))

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


def _nothing_to_differentiate(leaves: Sequence[Any]) -> Exception:
    if leaves:
        types = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in leaves)
        return DTypeError(f"gradcheck: no input has a derivative ({types}); use floating point")
    return OptionError("gradcheck: there is no input to differentiate by; pass arrays, or list(model.parameters())")


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


def _complex_outputs(call: Callable[[], Any]) -> list[Array] | None:
    """What a function gives for complex numbers, or None if it takes none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of imaginary parts that are discarded: the check of the result sees that
            results, _ = flatten(call())
    except Exception:  # whatever a function raises for numbers it was not written for: it does not take them
        return None
    found = [np.asarray(y) for y in results if isinstance(y, np.ndarray | np.generic)]
    return found if all(y.dtype.kind == "c" for y in found) else None


# --- plain functions --------------------------------------------------------------------------------------------------


class PlainFunction:
    """A function of arrays with its VJP, and perhaps its JVP, from elsewhere; see Note [Pairs]."""

    def __init__(
        self,
        function: Callable[..., Any],
        vjp: Callable[..., Any],
        jvp: Callable[..., Any] | None = None,
        *,
        arguments: Sequence[Any],
    ) -> None:
        self.function, self.vjp, self.jvp = function, vjp, jvp
        self.name, self.where = _name_of(function), source_of(vjp)
        self._arguments = self._in_best_precision(arguments)
        self.inputs, self.labels = self._arguments.inputs, self._arguments.labels
        self.given_coarse = self._arguments.coarse
        if not self.inputs:
            raise _nothing_to_differentiate(self._arguments.leaves)
        self._convention = self._how_the_cotangent_is_given()

    def _in_best_precision(self, arguments: Sequence[Any]) -> _Arguments:
        """Double precision where the function computes in it, else the types that were given."""
        wide = _Arguments(self.function, arguments)
        if not wide.coarse:
            return wide
        as_given = _Arguments(self.function, arguments, keep_types=True)
        try:
            results = flatten(self.function(*wide.filled([x.copy() for x in wide.inputs])))[0]
        except (TypeError, ValueError, RuntimeError):  # a framework that wants one type of all that takes part
            return as_given
        types = [np.asarray(y).dtype for y in results if hasattr(y, "dtype")]  # of whatever framework
        return wide if all(dtype == np.float64 for dtype in types if dtype.kind == "f") else as_given

    def _how_the_cotangent_is_given(self) -> str:
        own = {p.name for p in _parameters(self.function) or ()}
        names = {p.name for p in _parameters(self.vjp) or ()} - own
        for name in ("g", "cotangent"):
            if name in names:
                return name
        return "curried" if _required(self.vjp) == len(self._arguments.filled(self.inputs)) else "last"

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        results, _ = flatten(self.function(*self._arguments.filled(arrays)))
        found = [np.asarray(y) for y in results if isinstance(y, int | float) or hasattr(y, "dtype")]
        if any(y.dtype.kind == "c" for y in found):
            raise DTypeError(f"gradcheck: {self.name} returns complex numbers, which are not supported")
        found = [y for y in found if y.dtype.kind == "f"]
        if not found:
            raise DTypeError(f"gradcheck: {self.name} returns nothing in floating point, so it has no derivative")
        return found

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        arguments = self._arguments.filled(arrays)
        if self._convention == "curried":
            pulled = self.vjp(*arguments)
            if callable(pulled):
                pulled = pulled(self._cotangent(arguments, cotangents))
            else:
                pulled = self._times(pulled, cotangents)
        else:
            g = self._cotangent(arguments, cotangents)
            pulled = self.vjp(*arguments, g) if self._convention == "last" else self._by_name(arguments, g)
        return self._gradients(arguments, pulled, arrays)

    def _by_name(self, arguments: Sequence[Any], g: Any) -> Any:
        """The VJP with the cotangent in the place of the parameter that bears its name."""
        parameters = _parameters(self.vjp) or []
        before, parameter = next((i, p) for i, p in enumerate(parameters) if p.name == self._convention)
        if before > len(arguments) or parameter.kind is parameter.KEYWORD_ONLY:
            return self.vjp(*arguments, **{self._convention: g})
        return self.vjp(*arguments[:before], g, *arguments[before:])

    def _cotangent(self, arguments: Sequence[Any], cotangents: Sequence[Array]) -> Any:
        """The cotangents in the containers in which the function returns its outputs."""
        if not hasattr(self, "_structure"):
            copies = [np.array(x) if isinstance(x, np.ndarray) else x for x in flatten(list(arguments))[0]]
            result = self.function(*self._arguments.rebuild(copies))
            leaves, rebuild = flatten(result)
            self._structure: tuple[list[Any], Rebuild] = leaves, rebuild
        leaves, rebuild = self._structure
        given = iter(cotangents)
        kinds = [np.asarray(y).dtype.kind for y in leaves]
        return rebuild([next(given) if k == "f" else np.zeros(np.shape(y)) for y, k in zip(leaves, kinds, strict=True)])

    def _times(self, gradient: Any, cotangents: Sequence[Array]) -> Any:
        """The gradient of one number times its cotangent."""
        if len(cotangents) != 1 or cotangents[0].size != 1:
            shapes = ", ".join(str(g.shape) for g in cotangents)
            raise OptionError(
                f"gradcheck: the VJP of {self.name} takes no cotangent, so the output must be one number, "
                f"got shapes {shapes}; write vjp(*inputs, g)"
            )
        found, rebuild = flatten(gradient)
        return rebuild([np.asarray(x) * cotangents[0].reshape(()) for x in found])

    def _gradients(self, arguments: Sequence[Any], pulled: Any, arrays: Sequence[Array]) -> list[Array]:
        """One gradient for each array from whatever the VJP returned."""
        if not isinstance(pulled, tuple | list) or (len(arguments) == 1 and len(pulled) != 1):  # bare
            pulled = [pulled]
        live = [i for i, argument in enumerate(arguments) if any(map(_is_floating, flatten(argument)[0]))]
        if len(pulled) != len(arguments) and len(pulled) != len(live):
            raise ShapeError(
                f"gradcheck: the VJP of {self.name} must return {len(arguments)} gradients, one per input; "
                f"it returned {len(pulled)}"
            )
        chosen = pulled if len(pulled) == len(live) else [pulled[i] for i in live]
        found: list[Any] = []
        for i, gradient in zip(live, chosen, strict=True):
            pairs = _beside(arguments[i], gradient, f"gradcheck: the VJP of {self.name}, for input {i}")
            found += [g for leaf, g in pairs if _is_floating(leaf)]
        filled = [
            np.zeros(x.shape, x.dtype) if g is None else np.asarray(g) for g, x in zip(found, arrays, strict=True)
        ]
        for g, label in zip(filled, self.labels, strict=True):
            if g.dtype.kind not in "fiub":
                raise DTypeError(f"gradcheck: the gradient of {label} must be real numbers, got dtype {g.dtype}")
        return filled

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> list[Array] | None:
        if self.jvp is None:
            return None
        pushed, _ = flatten(self.jvp(*self._arguments.filled(arrays), *self._arguments.filled(tangents)))
        return [np.asarray(t) for t in pushed if np.asarray(t).dtype.kind == "f"]

    def at_complex(self, arrays: Sequence[Array]) -> list[Array] | None:
        return _complex_outputs(lambda: self.function(*self._arguments.filled(arrays)))

    def derived(self, weights: Sequence[Array]) -> Function:
        raise OptionError(
            f"gradcheck: order=2 needs a VJP that can itself be differentiated, and that of {self.name} is a plain "
            "function; check it as a function of its own: gradcheck((vjp, vjp_of_vjp), ...)"
        )
