"""Errors of the approximations in machine code, in units in the last place: all 2**32 numbers of single precision.

`python -m benchmarks.ulps` prints the table of docs/approximations.md; with names behind it, those functions only, and
with `--every 4099` only every 4,099th number. What is true is computed by NumPy and SciPy in a wider type: double for
single precision, which is exact to a hundred-millionth of a unit, and long double for double precision, where random
numbers and the neighbourhoods of the seams stand for all; there a long double must have more digits than a double.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from autograd_core.kernels.approximations import ERRORS
from autograd_core.kernels.maps import mapped

Array = NDArray[Any]


def _density(power: float, scale: float) -> Callable[[Array], Array]:
    return lambda x: np.exp(power * np.square(x)) * scale


TRUTH: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(np, name) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "tanh")},
    **{name: getattr(special, name) for name in ("erf", "erfc", "ndtr")},
    "sin": np.sin,
    "cos": np.cos,
    "sigmoid": lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))),
    "erf_slope": _density(-1, 2 / np.sqrt(np.pi)),
    "ndtr_slope": _density(-0.5, 1 / np.sqrt(2 * np.pi)),
}
SEAMS = [0, 0.5, 0.5**0.5, 1, 2**0.5, 2, 3.93, 10, 10.2, 14.6, 17.4, 20, 36.7, 40, 88.72, 103.97, 709.78, 745.13]


def distance(found: Array, truth: Array) -> Array:
    """How far apart, in units in the last place of the truth as a number of found's type; infinite where it is wrong.

    Wrong is a number that should be infinite or NaN, or the other way round, and a zero of the wrong sign.
    """
    kind = np.finfo(found.dtype)
    rounded = truth.astype(found.dtype)
    size = np.maximum(np.abs(truth), kind.tiny)
    if truth.dtype == np.float64:  # its exponent alone: the power of two below
        power = (size.view(np.int64) & (0x7FF << 52)).view(np.float64)
    else:
        power = np.ldexp(truth.dtype.type(1), np.frexp(size)[1] - 1)
    out = np.abs(found - truth) / power * 2.0**kind.nmant
    strange = ~np.isfinite(out)
    if strange.any():
        out[strange] = np.where((found == rounded) | (np.isnan(found) & np.isnan(rounded)), 0, np.inf)[strange]
    zero = found == 0
    if zero.any():
        out[zero & (rounded == 0) & (np.signbit(found) != np.signbit(rounded))] = np.inf
    return out


def singles(every: int = 1) -> Iterator[Array]:
    """All numbers of single precision, those with every bit pattern of a multiple of `every`, in blocks."""
    block = every << 16
    for start in range(0, 1 << 32, block):
        yield np.arange(start, min(start + block, 1 << 32), every, dtype=np.uint32).view(np.float32)


def doubles(count: int) -> Iterator[Array]:
    """Random numbers of double precision: of all exponents, of moderate size, and near the seams."""
    rng = np.random.default_rng(0)
    for _ in range(-(-count // (1 << 16))):
        yield rng.integers(0, 1 << 64, 1 << 16, dtype=np.uint64).view(np.float64)
        yield rng.normal(0, 1, 1 << 16)
        yield rng.uniform(-750, 750, 1 << 16)
        yield rng.normal(0, 1, 1 << 16) * 2.0 ** rng.integers(-60, 10, 1 << 16)
        seams = np.array([side * seam for seam in SEAMS for side in (-1, 1)])
        yield (seams[:, None] * (1 + rng.normal(0, 1e-3, (1, 1 << 11)))).ravel()


def largest(name: str, dtype: Any, blocks: Iterator[Array]) -> tuple[float, float, float]:
    """The largest error of a function, where it is, and the mean of all that are finite."""
    wide = np.float64 if dtype == np.float32 else np.longdouble
    worst, place, total, count = 0.0, 0.0, 0.0, 0
    with np.errstate(all="ignore"):
        for x in blocks:
            found = mapped(name, x)
            assert found is not None, "needs llvmlite"
            error = distance(found, np.asarray(TRUTH[name](x.astype(wide))))
            i = int(error.argmax())
            total, count = total + float(error.sum()), count + error.size
            if error[i] > worst:
                worst, place = float(error[i]), float(x[i])
    return worst, place, total / count


def main() -> None:
    parser = argparse.ArgumentParser(description="Errors of the approximations, in units in the last place.")
    parser.add_argument("names", nargs="*", help="functions (all)")
    parser.add_argument("--every", type=int, default=1, help="take only every n-th number of single precision")
    parser.add_argument("--doubles", type=int, default=1 << 22, help="how many numbers of double precision")
    chosen = parser.parse_args()
    print("| function | type | largest error | at | mean error | stated | nanoseconds a number |")
    print("|---|---|---|---|---|---|---|")
    for (name, kind), stated in ERRORS.items():
        if chosen.names and name not in chosen.names:
            continue
        dtype = np.dtype(kind)
        blocks = singles(chosen.every) if kind == "float32" else doubles(chosen.doubles)
        worst, place, mean = largest(name, dtype, blocks)
        shown = np.format_float_scientific(dtype.type(place), precision=3)
        row = [f"`{name}`", kind, f"{worst:.3f}", shown, f"{mean:.3f}", f"{stated}", f"{_time(name, dtype):.2f}"]
        print("| " + " | ".join(row) + " |", flush=True)


def _time(name: str, dtype: Any) -> float:
    """Nanoseconds for a number, on one core, of an array that stays in the cache: the best of many."""
    x = np.abs(np.random.default_rng(0).normal(0, 2, 1 << 16)).astype(dtype)
    best = np.inf
    for _ in range(300):
        start = time.perf_counter()
        mapped(name, x)
        best = min(best, time.perf_counter() - start)
    return best / x.size * 1e9


if __name__ == "__main__":
    main()
