"""What a call is made with, and what functions say of themselves: names, parameters, and where they are defined.

Knows containers, arrays, Tensors as values, and signatures. Calls nothing but for complex numbers.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..containers import flatten
from ..errors import DTypeError, OptionError
from ..places import Place
from ..tensor import Tensor
from .report import Array


class Arguments:
    """The arguments of a call: the arrays to differentiate by, and the way to fill in others.

    Of nested containers, arrays and Tensors in floating point and Python floats are differentiated by. They are copied,
    in double precision unless `keep_types` is set.
    """

    def __init__(self, function: Any, arguments: Sequence[Any], keep_types: bool = False) -> None:
        self.leaves, self.rebuild = flatten(list(arguments))
        labels = list(paths(names_of(function, len(arguments)), arguments))
        self.slots = [i for i, leaf in enumerate(self.leaves) if is_floating(leaf)]
        self.labels = [labels[i] for i in self.slots]
        self.inputs = [np.array(value_of(self.leaves[i]), order="C") for i in self.slots]
        self.coarse = any(x.dtype != np.float64 for x in self.inputs)
        if not keep_types:
            self.inputs = [x.astype(np.float64) for x in self.inputs]

    def filled(self, values: Sequence[Any]) -> Any:
        leaves = list(self.leaves)
        for i, value in zip(self.slots, values, strict=True):
            leaves[i] = value
        return self.rebuild(leaves)


def value_of(leaf: Any) -> Any:
    return leaf.data if isinstance(leaf, Tensor) else leaf


def is_floating(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    return isinstance(leaf, np.ndarray | np.generic | Tensor) and leaf.dtype.kind == "f"


def argument_names(function: Any, count: int) -> list[str]:
    """What a function calls its arguments, as far as it has names for them."""
    first = function[0] if isinstance(function, tuple | list) else function
    return names_of(getattr(first, "forward", first), count)


def names_of(function: Any, count: int) -> list[str]:
    """The names of a function's positional parameters, or numbers where it has none."""
    named = [p.name for p in parameters_of(function) or () if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][
        :count
    ]
    return named + [f"input {i}" for i in range(len(named), count)]


def paths(names: Sequence[str], trees: Sequence[Any]) -> Iterator[str]:
    """A name for each leaf of some nested containers, in the order of `flatten`."""
    for name, tree in zip(names, trees, strict=True):
        if isinstance(tree, dict):
            yield from paths([f"{name}[{key!r}]" for key in tree], list(tree.values()))
        elif isinstance(tree, list | tuple):
            yield from paths([f"{name}[{i}]" for i in range(len(tree))], tree)
        elif tree is not None:
            yield name


def name_of(function: Any) -> str:
    """What a report calls a function."""
    return _qualified(function).rpartition("<locals>.")[2]


def _qualified(function: Any) -> str:
    return getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__


def import_names(function: Any) -> list[str]:
    """What each part of a function may be imported by, as in "package.module.name"; an object in angle brackets."""
    if isinstance(function, tuple | list):
        return [name for part in function for name in import_names(part)]
    if not hasattr(function, "__name__"):
        return [f"<{type(function).__name__} object>"]
    return [f"{getattr(function, '__module__', None) or 'numpy'}.{_qualified(function)}"]


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
    return str(Place(file or "", max(line, 1)))


def parameters_of(function: Any) -> list[inspect.Parameter] | None:
    """The parameters of a function; None if nobody knows."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a built-in function without a signature
        return None


def required_by(function: Any) -> int | None:
    """How many arguments a function must be given; None if it takes any number, or nobody knows."""
    parameters = parameters_of(function)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def copied(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The same containers with copies of their arrays."""
    leaves, rebuild = flatten(tuple(arguments))
    return tuple(rebuild([x.copy() if isinstance(x, np.ndarray) else x for x in leaves]))


def nothing_to_differentiate(leaves: Sequence[Any]) -> Exception:
    if leaves:
        types = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in leaves)
        return DTypeError(
            f"gradcheck: no input has a derivative ({types}); use floating point, in arrays of NumPy's or Tensors"
        )
    return OptionError("gradcheck: there is no input to differentiate by; pass arrays, or list(model.parameters())")


def complex_outputs(call: Callable[[], Any]) -> list[Array] | None:
    """What a function gives for complex numbers, or None if it takes none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of imaginary parts that are discarded: the check of the result sees that
            results, _ = flatten(call())
    except Exception:  # whatever a function raises for numbers it was not written for: it does not take them
        return None
    found = [np.asarray(y) for y in results if isinstance(y, np.ndarray | np.generic)]
    return found if all(y.dtype.kind == "c" for y in found) else None
