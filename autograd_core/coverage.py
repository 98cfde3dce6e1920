"""What of NumPy is answered here, read off the tables that do the answering: for the tests, and for the documentation.

Every public function of `numpy`, `numpy.linalg` and `numpy.fft` that NumPy hands over to other kinds of arrays has one
answer: an operation with a derivative, a constant, a fact about the shape, or a refusal. So has each of its parameters.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from . import numpy_functions, numpy_ufuncs
from .op import REGISTRY, Op


class Status(StrEnum):
    """What becomes of a function of NumPy's when it meets a Tensor."""

    DIFFERENTIABLE = "differentiable"
    CONSTANT = "constant"
    FACT = "fact"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What one function of NumPy's gets: the operation, and for each of its keywords whether it is understood.

    `keywords` maps NumPy's names to the operation's, or to None for one that is refused.
    """

    name: str
    function: Callable[..., Any]
    status: Status
    operation: Op | None = None
    keywords: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""


_SPACES = {"": np, "linalg": np.linalg, "fft": np.fft, "lib.stride_tricks": np.lib.stride_tricks}


def functions() -> Iterator[Answer]:
    """The answer to every function that NumPy dispatches, by name, aliases included."""
    for space, module in _SPACES.items():
        for name in sorted(dir(module)):
            function = getattr(module, name)
            if name.startswith("_") or not hasattr(function, "_implementation"):
                continue
            yield answer(f"{space}.{name}" if space else name, function)


def answer(name: str, function: Callable[..., Any]) -> Answer:
    """The answer to one function.

    >>> found = answer("sum", np.sum)
    >>> str(found.status), found.keywords["where"], answer("std", np.std).keywords["mean"]
    ('differentiable', 'where', None)
    """
    known = numpy_functions.name_of(function)
    parameters = numpy_functions.signature_of(function).parameters
    if known in numpy_functions.FACTS:
        return Answer(name, function, Status.FACT)
    if known in numpy_functions.CONSTANT:
        return Answer(name, function, Status.CONSTANT, keywords={k: k for k in parameters})
    ours = numpy_functions.operation_of(known)
    if ours is None:
        return Answer(name, function, Status.REFUSED, reason=numpy_functions.REFUSED.get(known, ""))
    op: Op = ours.op  # type: ignore[attr-defined]
    places = numpy_functions.places(function, ours)
    keywords = {
        key: _named(places.get(key), op) if key != "out" else "out"
        for key, p in parameters.items()
        if p.default is not p.empty or p.kind is p.KEYWORD_ONLY
    }
    return Answer(name, function, _status(op), op, keywords)


def _named(place: Any, op: Op) -> str | None:
    return op.arrays[place] if isinstance(place, int) else place


def _status(op: Op) -> Status:
    return Status.DIFFERENTIABLE if op.differentiable else Status.CONSTANT


UFUNC_KEYWORDS = {
    "out": True,
    "where": True,
    "dtype": True,
    "casting": True,
    "order": False,
    "subok": False,
    "signature": False,
}
"""What a ufunc's call understands; a product of vectors or matrices takes `axes`, `axis` and `keepdims` too."""


def ufuncs() -> Iterator[Answer]:
    """The answer to every universal function of NumPy's, and to each of its methods, by name."""
    for name in sorted(dir(np)):
        ufunc = getattr(np, name)
        if not isinstance(ufunc, np.ufunc):
            continue
        for method in ("__call__", "reduce", "accumulate", "outer", "reduceat", "at"):
            if _exists(ufunc, method):
                yield ufunc_answer(name, ufunc, method)


def _exists(ufunc: np.ufunc, method: str) -> bool:
    """Whether NumPy offers a method: those other than calls are for functions of two numbers with one result."""
    if method == "at":
        return ufunc.nout == 1 and ufunc.signature is None
    return method == "__call__" or (ufunc.nin == 2 and ufunc.nout == 1 and ufunc.signature is None)


def ufunc_answer(name: str, ufunc: np.ufunc, method: str = "__call__") -> Answer:
    """The answer to a ufunc, or one of its methods.

    >>> str(ufunc_answer("add", np.add, "reduce").status)
    'differentiable'
    """
    label = name if method == "__call__" else f"{name}.{method}"
    function = getattr(ufunc, method)
    known = numpy_ufuncs.operation_of(ufunc, method)
    if known is None:
        return Answer(label, function, Status.REFUSED, reason=numpy_ufuncs.REFUSED.get(ufunc.__name__, ""))
    if known == numpy_ufuncs.ON_VALUES:
        return Answer(label, function, Status.CONSTANT)
    op = REGISTRY[known]
    return Answer(label, function, _status(op), op)
