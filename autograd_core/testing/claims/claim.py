"""What a claim is, where all of them are listed, and how two numbers are found to be the same.

Note [Tolerances]
Float64 computes to one unit in the last place, EPS. An operation adds up at most some dozens of products, and a library
function may be off by a few units; so two computations of the same thing may differ by 64 EPS of the largest number
that takes part (ROUNDING). Every tolerance is that, or a bound of what a finite difference leaves (`slope`).
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...op import Op
from ...tensor import Tensor, tensor
from ...transforms import gradients as gradients_of
from ..cases import Case, code
from ..domains import Array

ROUNDING = 64
EPS = float(np.finfo(np.float64).eps)


class Broken(AssertionError):
    """A claim does not hold; the text has the numbers."""


@dataclass(frozen=True)
class Claim:
    """Something that must hold of every operation that it `applies` to.

    `check` takes a case and a `Pick` if the claim is about calls, and returns False if there was nothing to look at;
    else it takes the record, and returns how many things it looked at. With `once` a call is looked at for one choice
    of numbers only. `where` leaves calls out.
    """

    name: str
    check: Callable[..., Any]
    applies: Callable[[Op], bool]
    about: str = "call"  # or "record"
    once: bool = False
    where: Callable[[Case], bool] = lambda case: True

    @property
    def statement(self) -> str:
        """What is claimed, in words."""
        return inspect.getdoc(self.check) or self.name

    def __repr__(self) -> str:
        return f"<claim {self.name}>"


DECLARED: list[Claim] = []
"""Every claim, in the order of definition."""


def claim(
    applies: Callable[[Op], bool] = lambda op: True, name: str | None = None, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """The function below is a claim, by its own name."""

    def decorate(check: Callable[..., Any]) -> Callable[..., Any]:
        DECLARED.append(Claim(name or check.__name__, check, applies, **options))
        return check

    return decorate


def differentiable(op: Op) -> bool:
    return op.differentiable


# --- measuring --------------------------------------------------------------------------------------------------------


def magnitude(*arrays: Any) -> float:
    """The largest number that takes part, at least 1."""
    return max([1.0, *(float(np.max(np.abs(a))) for a in arrays if np.size(a))])


def close(what: str, actual: Any, expected: Any, *others: Any, eps: float = EPS) -> None:
    """Equal up to rounding, see Note [Tolerances]; `others` are further numbers that take part."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    same_shape(what, actual, expected)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    tolerance = ROUNDING * eps * magnitude(expected, *others)
    with np.errstate(invalid="ignore"):
        off = ~((np.abs(a - e) <= tolerance) | (a == e) | (np.isnan(a) & np.isnan(e)))
    if off.any():
        at = np.unravel_index(np.argmax(off), off.shape)
        where = f" at {tuple(map(int, at))}" if off.ndim else ""
        raise Broken(
            f"{what}{where}: {float(a[at])!r}, not {float(e[at])!r}; {int(off.sum())} of {off.size} numbers are off "
            f"by more than {tolerance:.1e}"
        )


def same_shape(what: str, actual: Any, expected: Any) -> None:
    if np.shape(actual) != np.shape(expected):
        raise Broken(f"{what}: has shape {np.shape(actual)}, not {np.shape(expected)}")


def same_kind(what: str, actual: Any, expected: Any) -> None:
    """The same shape and dtype."""
    same_shape(what, actual, expected)
    if actual.dtype != expected.dtype:
        raise Broken(f"{what}: has dtype {actual.dtype}, not {expected.dtype}")


def same_bits(what: str, actual: Any, expected: Any) -> None:
    actual, expected = np.asarray(actual), np.asarray(expected)
    same_kind(what, actual, expected)
    if actual.tobytes() != expected.tobytes():
        raise Broken(f"{what}: {code(actual)} has other bits than {code(expected)}")


# --- differentiating --------------------------------------------------------------------------------------------------


def leaves(case: Case) -> list[Tensor]:
    """The drawn arrays as Tensors, those with a derivative as leaves that want one."""
    return [tensor(x, requires_grad=k in case.live) for k, x in enumerate(case.arrays)]


def gradients(case: Case, cotangents: Sequence[Any], create_graph: bool = False) -> list[Array]:
    """The cotangents of the live arrays, which always have their shapes and types."""
    tensors = leaves(case)
    return pulled(case, tensors, case(*tensors), cotangents, create_graph)


def pulled(
    case: Case, tensors: Sequence[Tensor], outputs: Any, cotangents: Sequence[Any], create_graph: bool = False
) -> list[Array]:
    live = [tensors[k] for k in case.live]
    found = gradients_of(outputs, live, list(cotangents), create_graph=create_graph)
    for k, g, x in zip(case.live, found, live, strict=True):
        same_kind(f"the gradient of argument {k}", g, x)
    return [np.array(g.detach()) for g in found]


def of_live(case: Case) -> Callable[..., list[Any]]:
    """The operation as a function of its live arrays."""
    return lambda *live: case(*case.along(live))
