"""Rules about axes: numbers that are right but in other places, or not summed over what was broadcast.

Asks the VJP with cotangents in which places are exchanged or cut out.
"""

from collections.abc import Iterator
from itertools import chain, combinations, permutations
from math import prod

import numpy as np

from ..report import Cause
from .evidence import JACOBIAN, ROWS, Array, Shape, View, broadcast_axes
from .whole import ratio_of


def broadcast(v: View) -> Cause | None:
    """An input that was broadcast gets the sum over what it was copied to: not one of the slices, and not the mean."""
    for k, y in enumerate(v.outputs):
        axes = broadcast_axes(v.x.shape, y.shape)
        if axes and (cause := _mean_for_sum(v, y.shape, axes) or _slices(v, k, axes) or _wrong_axes(v, k, axes)):
            return cause
    return None


def _mean_for_sum(v: View, shape: Shape, axes: list[int]) -> Cause | None:
    ratio, _ = ratio_of(v)
    if ratio is None:
        return None
    for some in chain.from_iterable(combinations(axes, r) for r in range(1, len(axes) + 1)):
        length = prod(shape[axis] for axis in some)
        if abs(ratio * length - 1) < 1e-6 and (length > 2 or _only_copied(v, shape)):
            where = f" {v.everywhere}" if v.everywhere else ""
            along = f"over axis {', '.join(map(str, some))} of the output"
            return Cause(
                "broadcast", f"{v.what}: analytic = numeric / {length}{where}, the mean instead of the sum "
                f"{along}, along which {v.label} was broadcast"
            )  # fmt: skip
    return None


def _only_copied(v: View, shape: Shape) -> bool:
    """Whether each number of the output depends on that number of the input only which was copied to its place."""
    if v.columns is None or len(v.outputs) > 1:
        return True
    origin = np.broadcast_to(np.arange(v.x.size).reshape(v.x.shape), shape).ravel()
    elsewhere = np.where(origin[:, None] == np.arange(v.x.size), 0, np.nan_to_num(v.columns))
    return bool(np.abs(elsewhere).max() <= JACOBIAN * np.nanmax(np.abs(v.columns)))


def _slices(v: View, k: int, axes: list[int]) -> Cause | None:
    shape = v.outputs[k].shape
    for axis in axes:
        if shape[axis] > ROWS:
            continue
        masks = [np.where(np.indices(shape)[axis] == j, v.u[k], 0) for j in range(shape[axis])]
        parts = [v.pulled([m if i == k else np.zeros_like(u) for i, u in enumerate(v.u)]) for m in masks]
        if any(part is None for part in parts):
            continue
        used = [j for j, part in enumerate(parts) if part is not None and np.abs(part).max() > 1e-12 * v.scale]
        if not 0 < len(used) < shape[axis]:
            continue
        if v.columns is not None and len(v.outputs) == 1:  # are the others different from zero at all?
            rest = sum(m for j, m in enumerate(masks) if j not in used)
            missing = np.ravel(rest) @ np.nan_to_num(v.columns)
            if np.abs(missing).max() < JACOBIAN * v.scale:
                continue
        which = f"slice {used[0]}" if len(used) == 1 else f"slices {', '.join(map(str, used))}"
        return Cause(
            "broadcast", f"{v.what}: of the {shape[axis]} slices along axis {axis} of the output only {which} "
            f"contribute{'s' * (len(used) == 1)}: the sum over the broadcast axis {axis} is missing or not whole"
        )  # fmt: skip
    return None


def _wrong_axes(v: View, k: int, axes: list[int]) -> Cause | None:
    shape = v.outputs[k].shape
    for order in _orders(shape):
        if tuple(shape[i] for i in order) != shape:
            continue
        found = v.pulled([u.transpose(order) if i == k else u for i, u in enumerate(v.u)])
        if found is not None and v.same(v.n, found):
            return Cause(
                "broadcast", f"{v.what} is right for a cotangent with axes {order}: it is summed over another axis "
                f"than {', '.join(map(str, axes))}, along which {v.label} was broadcast"
            )  # fmt: skip
    return None


def swapped(v: View) -> Cause | None:
    e = v.case.evidence
    for j, n in enumerate(e.numeric):
        if j == v.i or np.shape(e.analytic[j]) != n.shape or n.shape != v.x.shape:
            continue
        shared = np.isfinite(n) & v.wrong
        tolerance = v.allowed + 2 * np.nan_to_num(e.error[j], posinf=0)
        taken = shared.any() and bool(np.all((np.abs(v.a - n) <= tolerance)[np.isfinite(n)]))
        given = bool(np.all((np.abs(e.analytic[j] - v.n) <= tolerance)[v.known]))
        if taken and given and e.wrong[j].any():
            return Cause("swapped", f"the gradients of {v.label} and {e.labels[j]} are exchanged")
        if taken and shared.sum() > 1:
            return Cause("swapped", f"{v.what} is that of {e.labels[j]}")
    return None


def transposed(v: View) -> Cause | None:
    """Entries that are right but in other places, of the gradient, of the cotangent, or of the Jacobian."""
    if v.wrong.sum() < 2:
        return None
    for words, moved in _moves(v.a):
        if _explains(v, moved, v.n):
            return Cause("transposed", f"{v.what} has the right numbers in other places: {words}")
    total = sum(u.size for u in v.u)
    if v.jacobian is not None and total == v.x.size:
        straight = v.jacobian @ np.concatenate([u.ravel() for u in v.u])
        if _explains(v, straight.reshape(v.x.shape), v.n):
            return Cause(
                "transposed", f"{v.what}: the cotangent is multiplied by the Jacobian and not by its transpose"
            )
    if len(v.u) > 1:
        return None
    for words, moved in _moves(v.u[0]):
        found = v.pulled([moved])
        if found is None:
            continue
        if _explains(v, found, v.n):
            return Cause("transposed", f"{v.what} would be right for another order of the cotangent: {words}")
        if "reversed" in words:
            for also, back in _moves(found):
                if also == words and _explains(v, back, v.n):
                    return Cause("transposed", f"{v.what} runs in the wrong direction: {words}")
    enough = v.known.all() and v.x.size > 2 and v.telling.sum() > 1
    if enough and _explains(v, np.sort(v.a, None), np.sort(v.n, None)):
        return Cause("transposed", f"{v.what} has the right numbers in other places")
    return None


def _explains(v: View, moved: Array, numeric: Array) -> bool:
    """Whether they agree, and far better than before numbers were moved: what is hardly wrong agrees with much."""
    if moved.shape == v.x.shape:
        same, known = v.same(moved, numeric), v.known
    else:  # sorted
        same, known = bool(np.all(np.abs(moved - numeric) <= v.allowed.max())), np.full(moved.shape, True)
    before = np.abs(v.a - v.n)[v.known].max()
    return same and bool(np.abs(moved - numeric)[known].max() <= 0.02 * before)


def _moves(array: Array) -> Iterator[tuple[str, Array]]:
    """An array of the same shape with its numbers in another order, each as a mistake would put them."""
    shape, axes = array.shape, range(array.ndim)
    for some in chain.from_iterable(combinations(axes, r) for r in range(1, array.ndim + 1)):
        if array.ndim <= 4 and all(shape[axis] > 1 for axis in some):
            yield f"reversed along axis {', '.join(map(str, some))}", np.flip(array, some)
    for order in _orders(shape):
        moved = array.transpose(order)
        if moved.shape == shape:
            yield f"axes {tuple(axes)} are exchanged to {order}", moved
        else:
            yield f"axes are exchanged to {order} and the numbers read in that order", moved.reshape(shape)
            inverse = np.argsort(order)
            yield "flattened in another order", array.reshape(moved.shape).transpose(inverse)
    for axis in axes:
        for by in (1, -1):
            if shape[axis] > 2:
                yield f"moved by {by} along axis {axis}", np.roll(array, by, axis)


def _orders(shape: Shape) -> list[tuple[int, ...]]:
    return list(permutations(range(len(shape))))[1:] if 1 < len(shape) <= 4 else []
