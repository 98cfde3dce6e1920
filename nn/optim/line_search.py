"""How far to go along a direction: a point that satisfies the strong Wolfe conditions.

Knows values and slopes along a line. Does not know parameters, nor where directions come from.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from .blocks import Array

__all__ = ["Point", "strong_wolfe"]

DECREASE, CURVATURE = 1e-4, 0.9  # c1 and c2 of the conditions; Nocedal and Wright, page 62, for quasi-Newton directions


class Point(NamedTuple):
    """A point on the line: how far along, the loss there, its gradient, and its slope along the line."""

    t: float
    loss: float
    gradient: Array
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, t: float, length: float, tolerance: float, most: int
) -> tuple[Point, int]:
    """A point with ``loss <= start.loss + c1 t start.slope`` and ``abs(slope) <= c2 abs(start.slope)``.

    First a bracket that must hold one is sought outwards from t, then it is made smaller, until `most` evaluations are
    used up or it is shorter than `tolerance`, `length` being the largest component of the direction. Returns the lowest
    point found, and the number of evaluations.
    Source: Nocedal and Wright, Numerical optimization (2006), algorithms 3.5 and 3.6, with the safeguards of minFunc
    (Schmidt, 2005) as in torch.optim.LBFGS.
    """
    before, new = start, evaluate(t)
    used, bracket = 0, None
    while used < most:
        if _too_high(new, start) or (used > 1 and new.loss >= before.loss):
            bracket = [before, new]
            break
        if _flat_enough(new, start):
            return new, used + 1
        if new.slope >= 0:
            bracket = [before, new]
            break
        nearest, furthest = new.t + 0.01 * (new.t - before.t), 10 * new.t
        t = _lowest_of_cubic(before, new, nearest, furthest)
        before, new = new, evaluate(t)
        used += 1
    if bracket is None:
        return min(start, new, key=lambda point: point.loss), used + 1
    return _zoom(evaluate, start, bracket, length, tolerance, used, most)


def _zoom(
    evaluate: Callable[[float], Point],
    start: Point,
    bracket: list[Point],
    length: float,
    tolerance: float,
    used: int,
    most: int,
) -> tuple[Point, int]:
    """Make a bracket smaller until its lower end will do."""
    low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
    slow = False  # whether the last trial stood close to an end
    while used < most and not abs(bracket[1].t - bracket[0].t) * length < tolerance:
        left, right = sorted((bracket[0].t, bracket[1].t))
        t = _lowest_of_cubic(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if slow or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                slow = False
            else:
                slow = True
        else:
            slow = False
        new = evaluate(t)
        used += 1
        if _too_high(new, start) or new.loss >= bracket[low].loss:
            bracket[high] = new
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            continue
        done = _flat_enough(new, start)
        if not done and new.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
        if done:
            break
    return bracket[low], used + 1


def _too_high(point: Point, start: Point) -> bool:
    return point.loss > start.loss + DECREASE * point.t * start.slope


def _flat_enough(point: Point, start: Point) -> bool:
    return abs(point.slope) <= -CURVATURE * start.slope


def _lowest_of_cubic(a: Point, b: Point, least: float, largest: float) -> float:
    """Where the cubic through two points with their slopes is lowest, within bounds; their middle if it is nowhere.

    Source: Nocedal and Wright, formula 3.59.
    """
    if a.t == b.t:
        return (least + largest) / 2
    a, b = (a, b) if a.t <= b.t else (b, a)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    d2 = math.sqrt(square) if square >= 0 else math.nan
    below = b.slope - a.slope + 2 * d2
    if math.isnan(below) or below == 0:
        return (least + largest) / 2
    return min(max(b.t - (b.t - a.t) * ((b.slope + d2 - d1) / below), least), largest)
