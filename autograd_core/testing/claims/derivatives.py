"""Claims about derivatives of first and second order: what differences say, and what VJP and JVP owe each other."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...transforms import grad, jvp, vjp
from ..cases import Case, code
from ..domains import COTANGENTS, Array, Pick, pick_array, pick_cotangents
from .claim import (
    EPS,
    ROUNDING,
    Broken,
    claim,
    close,
    differentiable,
    gradients,
    magnitude,
    of_live,
    same_bits,
    same_kind,
)


@claim(differentiable)
def vjp_is_what_differences_say(case: Case, pick: Pick) -> None:
    """<VJP(u), d> is the derivative of <u, f> in the direction d, for each argument."""
    outputs = case(*case.arrays)
    u = pick_cotangents(pick, outputs)
    for k, g in zip(case.live, gradients(case, u), strict=True):
        d = pick_array(pick, g.shape, COTANGENTS)

        def line(t: float, k: int = k, d: Array = d) -> float:
            return inner(u, case(*(x + t * d if j == k else x for j, x in enumerate(case.arrays))))

        expected, error = slope(line, size(u, outputs) * magnitude(*case.arrays))
        actual = inner([g], [d])
        if not abs(actual - expected) <= error + ROUNDING * EPS * size([d], [g]):
            raise Broken(
                f"argument {k}: the VJP gives {actual}, differences {expected} +- {error:.1e}\n"
                f"  with the cotangent {', '.join(map(code, u))} in the direction {code(d)}"
            )


@claim(differentiable)
def jvp_and_vjp_are_transposed(case: Case, pick: Pick) -> None:
    """<u, J t> = <J' u, t>."""
    f, primals = of_live(case), case.live_arrays
    t = pick_cotangents(pick, primals)
    value, pushed = jvp(f, primals, t)
    u = pick_cotangents(pick, value)
    again, pull = vjp(f, *primals)
    back = pull(u)
    for k, (y, p, a) in enumerate(zip(value, pushed, again, strict=True)):
        same_kind(f"the tangent of result {k}", p, y)
        same_bits(f"result {k}", y, a)
    forwards, backwards = inner(u, pushed), inner(back, t)
    if not abs(forwards - backwards) <= ROUNDING * EPS * (size(u, pushed) + size(t, back)):
        raise Broken(f"<u, J t> is {forwards}, <J' u, t> is {backwards}\n  with t = {code(t)}, u = {code(u)}")


@claim(differentiable)
def vjp_is_linear_in_its_cotangent(case: Case, pick: Pick) -> None:
    """J'(2 u - 3 w) = 2 J'u - 3 J'w, and J'0 = 0."""
    outputs = case(*case.arrays)
    u, w = pick_cotangents(pick, outputs), pick_cotangents(pick, outputs)
    combined = gradients(case, [2 * a - 3 * b for a, b in zip(u, w, strict=True)])
    for k, g, gu, gw in zip(case.live, combined, gradients(case, u), gradients(case, w), strict=True):
        close(f"J'(2 u - 3 w) of argument {k}", g, 2 * gu - 3 * gw, gu, gw)
    for k, g in zip(case.live, gradients(case, [np.zeros_like(a) for a in u]), strict=True):
        if np.any(g):
            raise Broken(f"a cotangent of zeros gives argument {k} the gradient {code(g)}")


@claim(differentiable)
def the_recorded_sweep_gives_the_values_of_the_plain_one(case: Case, pick: Pick) -> None:
    """The rules on Tensors (never fused) and the rules on arrays (fused where there is a fused one) agree."""
    u = pick_cotangents(pick, case(*case.arrays))
    for k, plain, recorded in zip(case.live, gradients(case, u), gradients(case, u, create_graph=True), strict=True):
        close(f"the gradient of argument {k}, plain and not recorded", plain, recorded)


@claim(differentiable)
def second_derivatives_are_what_differences_of_first_ones_say(case: Case, pick: Pick) -> None:
    """The gradient of <grad(sum(f**2)), v> is right in a random direction; the square gives linear operations one."""
    primals = case.live_arrays
    positions = tuple(range(len(primals)))
    v, d = pick_cotangents(pick, primals), pick_cotangents(pick, primals)

    def loss(*live: Any) -> Any:
        return sum(ops.sum(y * y) for y in of_live(case)(*live))

    first = grad(loss, positions)

    def along_v(*live: Any) -> Any:
        return sum(ops.sum(g * a) for g, a in zip(first(*live), v, strict=True))

    second = grad(along_v, positions)(*primals)
    for k, h, x in zip(case.live, second, primals, strict=True):
        same_kind(f"the second derivative by argument {k}", h, x)
    values = case(*case.arrays)
    scale = size(v, first(*primals)) * magnitude(*values, *primals)
    expected, error = slope(lambda t: inner(v, first(*moved(case, d, t))), scale)
    actual = inner(second, d)
    if not abs(actual - expected) <= error + ROUNDING * EPS * size(d, second):
        raise Broken(
            f"the second sweep gives {actual}, differences of the first {expected} +- {error:.1e}\n"
            f"  of sum(f**2), in the directions {code(v)} and {code(d)}"
        )


# --- differences ------------------------------------------------------------------------------------------------------


def inner(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """<x, y> over all arrays."""
    return float(sum((np.sum(np.multiply(x, y)) for x, y in zip(xs, ys, strict=True)), start=0.0))


def size(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """What the rounding of <x, y> is measured against: the sum of the absolute values."""
    return inner([np.abs(x) for x in xs], [np.maximum(np.abs(y), 1) for y in ys])


STEP = 2.0**-9


def slope(line: Callable[[float], float], scale: float) -> tuple[float, float]:
    """The derivative of `line` at 0, and a bound of its error.

    Central differences with a step h are off by c h**2 + O(h**4). Richardson's combination of h and h/2 removes the
    first term; what it removed is taken as the bound of what is left. The values themselves, rounded to ROUNDING EPS of
    `scale`, add at most 3 of that divided by h.
    """
    coarse = (line(STEP) - line(-STEP)) / (2 * STEP)
    fine = (line(STEP / 2) - line(-STEP / 2)) / STEP
    error = abs(fine - coarse) + 3 * ROUNDING * EPS * scale / STEP
    if not error <= 1e-2 * max(scale, abs(fine)):
        raise Broken(
            f"the difference is too coarse to see anything: {fine} +- {error}; is there a kink or a pole in the domain?"
        )
    return (4 * fine - coarse) / 3, error


def moved(case: Case, direction: Sequence[Array], t: float) -> list[Array]:
    return [x + t * d for x, d in zip(case.live_arrays, direction, strict=True)]
