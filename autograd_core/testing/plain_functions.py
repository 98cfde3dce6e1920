"""Functions of arrays that come with their VJP, from wherever, as what can be checked.

Knows the ways in which a VJP can be called, and what it may return. Does not know how they are checked.

Note [Pairs]
A pair `(f, vjp)`, or a triple `(f, vjp, jvp)`, knows nothing of this library. `vjp(*inputs, g)` returns one gradient
for each input: bare for one input, else a list or tuple; None stands for zeros, and inputs that are not floating point
may be left out. The cotangent g has the shape of the output (of several outputs: a container of them, as f returns
them). A parameter called `g` or `cotangent` gets it wherever it stands. A `vjp` that takes no more than the inputs
returns the function from cotangents to gradients, as `jax.vjp(f, *inputs)[1]` is, or, where f is one number, the
gradient itself. `jvp(*inputs, *tangents)` returns the tangents of the outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ..containers import Rebuild, flatten
from ..errors import DTypeError, OptionError, ShapeError
from .arguments import (
    Arguments,
    Array,
    complex_outputs,
    is_floating,
    name_of,
    nothing_to_differentiate,
    parameters_of,
    required_by,
    source_of,
)


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
        self.name, self.where = name_of(function), source_of(vjp)
        self._arguments = self._in_best_precision(arguments)
        self.inputs, self.labels = self._arguments.inputs, self._arguments.labels
        self.given_coarse = self._arguments.coarse
        if not self.inputs:
            raise nothing_to_differentiate(self._arguments.leaves)
        self._convention = self._how_the_cotangent_is_given()

    def _in_best_precision(self, arguments: Sequence[Any]) -> Arguments:
        """Double precision where the function computes in it, else the types that were given."""
        wide = Arguments(self.function, arguments)
        if not wide.coarse:
            return wide
        as_given = Arguments(self.function, arguments, keep_types=True)
        try:
            results = flatten(self.function(*wide.filled([x.copy() for x in wide.inputs])))[0]
        except (TypeError, ValueError, RuntimeError):  # a framework that wants one type of all that takes part
            return as_given
        types = [np.asarray(y).dtype for y in results if hasattr(y, "dtype")]  # of whatever framework
        return wide if all(dtype == np.float64 for dtype in types if dtype.kind == "f") else as_given

    def _how_the_cotangent_is_given(self) -> str:
        own = {p.name for p in parameters_of(self.function) or ()}
        names = {p.name for p in parameters_of(self.vjp) or ()} - own
        for name in ("g", "cotangent"):
            if name in names:
                return name
        return "curried" if required_by(self.vjp) == len(self._arguments.filled(self.inputs)) else "last"

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
        parameters = parameters_of(self.vjp) or []
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
        live = [i for i, argument in enumerate(arguments) if any(map(is_floating, flatten(argument)[0]))]
        if len(pulled) != len(arguments) and len(pulled) != len(live):
            raise ShapeError(
                f"gradcheck: the VJP of {self.name} must return {len(arguments)} gradients, one per input; "
                f"it returned {len(pulled)}"
            )
        chosen = pulled if len(pulled) == len(live) else [pulled[i] for i in live]
        found: list[Any] = []
        for i, gradient in zip(live, chosen, strict=True):
            pairs = _beside(arguments[i], gradient, f"gradcheck: the VJP of {self.name}, for input {i}")
            found += [g for leaf, g in pairs if is_floating(leaf)]
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
        return complex_outputs(lambda: self.function(*self._arguments.filled(arrays)))

    def derived(self, weights: Sequence[Array]) -> NoReturn:
        raise OptionError(
            f"gradcheck: order=2 needs a VJP that can itself be differentiated, and that of {self.name} is a plain "
            "function; check it as a function of its own: gradcheck((vjp, vjp_of_vjp), ...)"
        )


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
