"""Whether numbers in double precision are rounded to a coarser type on the way: tests that are exact, or say nothing.

Knows maps of float64 arrays and how floating-point numbers lie; does not know which map is a function and which a VJP.

Note [Rounding]
A difference of 1e-8 proves nothing: honest double precision has it too, after a cancellation (var(x + 1e6)). What gives
a coarse type away is where its numbers lie, which no cancellation imitates:
  inputs    rounded first, a result has the same bits for all inputs inside one rounding cell, up to 98 % of its width,
            and other ones 2 % beyond its edges. A cancellation has its jumps elsewhere.
  results   rounded last, all have 24 bits or fewer, although they move with the inputs. A cancellation can leave few
            bits too, but cuts all numbers at one absolute place; rounding cuts small numbers at smaller places.
  factors   rounded and multiplied with powers of two (simple cotangents) have 24 bits or fewer as well.
  linear    maps, wherever it happens: with u scaled by 1 + 2^-40 every number in between is scaled by that too, so the
            bits of the result change (after a cancellation they do so at random); only rounding leaves them all alone.
Only numbers larger than 2^-18 times the largest argument, and 1, are looked at: 1 - tanh(x)**2 leaves just the bits of
single precision at x = 10.7, but is no larger than 2^-28.
Locally x + 2**29.9 in double precision has just the gaps that single precision has at 1; so what is found must be found
again at other powers of two, with all inputs scaled. What cannot be told from the addition of a large constant is a
rounding in the middle of a nonlinear function, and what is not defined at scaled inputs.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..report import Array

Map = Callable[[list[Array]], list[Array] | None]
"""From arrays to arrays; None where it is not defined. Returns the same number of arrays of the same shapes."""

KINDS = (("float32", 24), ("float16", 11), ("bfloat16", 8))
"""The coarse types, and the bits of their significands."""

_TRIES = 8  # where something is suspected: a number that moves may come out the same by chance
_OTHER_SCALES = (0.45, 2.2)  # of the inputs, to see whether what is found moves with them

_SMALL = 2.0**-40  # less of a change is rounding in double precision
_LARGE = 2.0**-18  # a result of this share of what went in has lost fewer bits than any coarse type would


def significant_bits(a: Array) -> Array:
    """How many bits the significand of each number needs; 0 for zero.

    >>> significant_bits(np.array([0.0, 1.0, 1.5, 0.1])).tolist()
    [0, 1, 2, 52]
    """
    mantissa = np.ldexp(np.frexp(np.abs(a))[0], 53).astype(np.int64)
    return np.where(mantissa == 0, 0, 54 - np.frexp((mantissa & -mantissa).astype(np.float64))[1])


class Cells:
    """For each number a rounding cell of a type with so many bits: all that is rounded to one number near it.

    Zeros stay where they are.
    """

    def __init__(self, arrays: Sequence[Array], bits: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.centers, self.halves = [], []
        for x in arrays:
            mantissa, exponent = np.frexp(np.abs(x))
            # away from powers of two, where the cells below are half as wide
            whole = np.clip(np.rint(np.ldexp(mantissa, bits)), 2.0 ** (bits - 1) + 4, 2.0**bits - 4)
            whole += rng.integers(-2, 3, x.shape)
            moved = (x != 0) & np.isfinite(x)
            self.centers.append(np.where(moved, np.sign(x) * np.ldexp(whole, exponent - bits), x))
            self.halves.append(np.where(moved, np.ldexp(0.5, exponent - bits), 0.0))
        self.turn()

    def turn(self) -> None:
        """Choose other edges."""
        self.sides = [self.rng.choice([-1.0, 1.0], np.shape(c)) for c in self.centers]

    def inside(self) -> list[list[Array]]:
        """Two points, just before opposite edges of all cells."""
        return [self._towards_edges(sign, 0.92, 0.98) for sign in (1, -1)]

    def beyond(self) -> list[list[Array]]:
        """Two points, just beyond these edges."""
        return [self._towards_edges(sign, 1.02, 1.08) for sign in (1, -1)]

    def _towards_edges(self, sign: int, low: float, high: float) -> list[Array]:
        return [
            np.asarray(c + sign * s * h * self.rng.uniform(low, high, np.shape(c)))
            for c, s, h in zip(self.centers, self.sides, self.halves, strict=True)
        ]


def rounded_inputs_or_results(
    compute: Map, inputs: Sequence[Array], floor: float, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """For each result the coarse type, and which are rounded to it, "inputs" or "results"; two empty strings if none.

    Computes twice where nothing is suspected, three times for a constant.
    """
    if not any(np.any(x) for x in inputs):
        return []
    compute = _large_results_of(compute, floor)
    one, two = (compute(x) for x in Cells(inputs, KINDS[0][1], rng).inside())
    if one is None or two is None:
        return []
    short = _short(compute, inputs, one, rng)
    found = [(short[j], "results") if j in short else ("", "") for j in range(len(one))]
    still = [j for j, (a, b) in enumerate(zip(one, two, strict=True)) if not found[j][0] and _same(a, b)]
    far = compute(_moved(inputs, 2.0**-5, rng)) if still else None
    if far is None:
        return found
    still = [j for j in still if _differ(one[j], far[j]).any()]  # others are constants
    for name, bits in KINDS:
        for j in _jumping_at_edges(compute, inputs, bits, still, rng):
            if any(
                j in _jumping_at_edges(compute, [x * scale for x in inputs], bits, [j], rng) for scale in _OTHER_SCALES
            ):
                found[j] = (name, "inputs")
        still = [j for j in still if not found[j][0]]
    return found


def _jumping_at_edges(
    compute: Map, inputs: Sequence[Array], bits: int, candidates: Sequence[int], rng: np.random.Generator
) -> list[int]:
    """Which results are the same inside rounding cells, wherever in them, and others beyond their edges."""
    cells = Cells(inputs, bits, rng)
    base, far = (compute(x) for x in (cells.centers, _moved(inputs, 2.0**-5, rng))) if candidates else (None, None)
    if base is None or far is None:
        return []
    jumping = {j: np.zeros(base[j].shape, bool) for j in candidates}
    for _ in range(_TRIES):
        if not jumping:
            break
        cells.turn()
        within = [compute(x) for x in cells.inside()]
        for j in list(jumping):
            if any(y is None or not _same(base[j], y[j]) for y in within):
                del jumping[j]
        over, under = (compute(x) for x in cells.beyond()) if jumping else (None, None)
        for j, jumps in jumping.items():
            if over is not None and under is not None:
                a, b, c = base[j], over[j], under[j]
                jumps |= _differ(a, b) & _differ(a, c) & _differ(b, c)
    return [j for j, jumps in jumping.items() if jumps.sum() >= max(1, 0.75 * _differ(base[j], far[j]).sum())]


def rounded_results(compute: Map, inputs: Sequence[Array], floor: float, rng: np.random.Generator) -> list[str]:
    """For each result the coarse type that all its numbers have; an empty string for none.

    Computes once where nothing is suspected.
    """
    compute = _large_results_of(compute, floor)
    one = compute(_moved(inputs, 2.0**-30, rng)) if any(np.any(x) for x in inputs) else None
    if one is None:
        return []
    found = _short(compute, inputs, one, rng)
    return [found.get(j, "") for j in range(len(one))]


class Scaled:
    """A linear map along one line, that of its argument scaled.

    `kinds` are, for each result, the type to which numbers are rounded somewhere in the map, or an empty string;
    `noise` what rounding does to the results. Computes at least twice, where `base` are the values that are known.
    """

    def __init__(self, compute: Map, inputs: Sequence[Array], base: Sequence[Array], rng: np.random.Generator) -> None:
        self._compute, self._inputs = compute, inputs
        self.noise = [0.0] * len(base)
        self.kinds = [""] * len(base)
        floor = smallest_of_interest(*inputs, *base)
        live = [np.isfinite(y) & (np.abs(y) >= floor) for y in base]
        still = [j for j, mask in enumerate(live) if mask.any()]
        steps = [2.0**-40, -(2.0**-40), 2.0**-40, -(2.0**-32), 2.0**-32]
        frozen = [mask.copy() for mask in live]
        for k, step in enumerate(steps):
            if k >= 2 and not still:
                return
            step *= rng.uniform(0.5, 1.0)
            results = self._along(step)
            if results is None:
                return
            for j, (y, z) in enumerate(zip(base, results, strict=True)):
                with np.errstate(all="ignore"):
                    self.noise[j] = max(self.noise[j], largest(z - y * (1 + step)))
                frozen[j] &= y == z
            # a sum of many rounded numbers moves now and then at the larger steps
            enough = 0.9 if abs(step) < 2.0**-36 else 0.5
            still = [j for j in still if frozen[j].sum() >= enough * live[j].sum()]
        for name, step, exact in (("float32", 2.0**-14, 2.0**-18), ("float16", 2.0**-5, 2.0**-8)):
            results = self._along(step) if still else None
            for j in still if results is not None else ():
                y, z = base[j][live[j]], results[j][live[j]]  # type: ignore[index]
                follows = (y != z) & (np.abs(z - y * (1 + step)) <= exact * np.abs(y))
                if follows.mean() >= 0.9:
                    self.kinds[j] = name
            still = [j for j in still if not self.kinds[j]]

    def _along(self, step: float) -> list[Array] | None:
        return self._compute([u * (1 + step) for u in self._inputs])


def smallest_of_interest(*arrays: Array) -> float:
    """The size below which a number may have lost bits by cancellation; see Note [Rounding]."""
    return _LARGE * max([1.0, *map(largest, arrays)])


def _large_results_of(compute: Map, floor: float) -> Map:
    """The map with zeros in the place of small numbers."""

    def large(arrays: list[Array]) -> list[Array] | None:
        found = compute(arrays)
        return None if found is None else [np.where(np.abs(y) < floor, 0.0, y) for y in found]

    return large


def _short(compute: Map, inputs: Sequence[Array], first: list[Array], rng: np.random.Generator) -> dict[int, str]:
    """Which results have few bits at these inputs, and go on having few while they follow the inputs."""
    needed = {j: int(significant_bits(y).max()) for j, y in enumerate(first) if np.any(y) and np.all(np.isfinite(y))}
    needed = {j: n for j, n in needed.items() if n <= KINDS[0][1]}
    other = compute(_moved(inputs, 2.0**-4, rng)) if needed else None
    if other is None:
        return {}
    # constants have few bits as well
    needed = {j: n for j, n in needed.items() if 2 * _differ(first[j], other[j]).sum() >= np.count_nonzero(first[j])}
    found: dict[int, str] = {}
    for name, bits in KINDS[::-1]:
        candidates = [j for j, n in needed.items() if n <= bits and j not in found]
        if not candidates:
            continue
        step = 2.0 ** (-bits // 2)
        close = compute(_moved(inputs, step, rng))
        if close is None or not any(_differ(first[j], close[j]).any() for j in candidates):
            continue
        near = [close, *(compute(_moved(inputs, step, rng)) for _ in range(2 * _TRIES - 1))]
        if any(y is None for y in near):
            continue
        for scale in _OTHER_SCALES:
            scaled = [x * scale for x in inputs]
            far = [compute(_moved(scaled, step, rng)) for _ in range(2 * _TRIES)]
            if all(y is not None for y in far):
                for j in candidates:
                    values = [first[j], *(y[j] for y in near + far if y is not None)]
                    if j not in found and _is_rounded(values, 2 * _TRIES, bits):
                        found[j] = name
    return found


def _is_rounded(values: Sequence[Array], count: int, bits: int) -> bool:
    """Whether these are rounded to so many significant bits, and not to whole multiples of anything.

    The first is followed by `count` near it.
    """
    a = np.stack(values)
    if not np.all(np.isfinite(a)):
        return False
    needed = significant_bits(a)
    if needed.max() != bits:  # never its last bit, or more than it has
        return False
    moving = sum(_differ(a[0], b) for b in a[1 : 1 + count]) >= count / 2
    if np.sum(moving) < 0.5 * np.any(a != 0, axis=0).sum():
        return False
    different = np.unique(np.abs(a[a != 0]))
    exponent = np.frexp(different)[1]
    used = significant_bits(different)
    top = np.sort(exponent)[
        -min(3 * count // 4, exponent.size)
    ]  # so many numbers are as large: whole multiples would show
    # the last bit is used at two powers of two, where it is not the same one
    powers = np.unique(exponent[used == bits])
    return bool(powers.size >= 2 and (exponent - used).min() < top - bits and powers.min() < top)


def _moved(arrays: Sequence[Array], share: float, rng: np.random.Generator) -> list[Array]:
    """Each number moved by up to this share of itself."""
    return [np.asarray(x * (1 + share * rng.choice([-1, 1], x.shape) * rng.uniform(0.5, 1, x.shape))) for x in arrays]


def _same(a: Array, b: Array) -> bool:
    return bool(a.size and np.any(a) and np.all(np.isfinite(a)) and np.array_equal(a, b))


def _differ(a: Array, b: Array) -> Array:
    """Where numbers differ by more than double precision does by itself."""
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(a - b) > _SMALL * np.maximum(np.abs(a), np.abs(b)))


def largest(a: Array) -> float:
    """The largest absolute value of those that are finite; 0 if there is none."""
    a = np.abs(a[np.isfinite(a)])
    return float(a.max()) if a.size else 0.0
