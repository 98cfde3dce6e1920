"""Rules about precision: nothing is rounded on the way, and single precision is as good as it can be."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..report import Finding
from .rounding import largest, rounded_inputs_or_results, rounded_results, smallest_of_interest
from .trial import Array, Arrays, Trial, apart, computes_coarsely, signs


def precision(trial: Trial) -> Iterator[Finding]:
    """No number is rounded to a coarser type on the way; see Note [Rounding] in `rounding`."""
    if any(x.dtype != np.float64 for x in trial.inputs):
        return
    if computes_coarsely(trial):
        kind = ", ".join(sorted({str(y.dtype) for y in trial.values}))
        advice = f"pass {kind} inputs, or let it compute in double precision (jax: jax_enable_x64)"
        yield Finding("precision", f"the function returns {kind} for float64 inputs; {advice}")
        return
    if any(a.dtype != np.float64 for a in (*trial.values, *trial.gradients)):
        return

    def called(arrays: Arrays) -> Arrays | None:
        return trial.attempt(trial.call, arrays)

    def pulled(cotangents: Arrays) -> Callable[[Arrays], Arrays | None]:
        return lambda arrays: trial.attempt(trial.pull, arrays, cotangents)

    floor = smallest_of_interest(*trial.inputs, *trial.cotangents)
    for i, (kind, what) in enumerate(rounded_inputs_or_results(called, trial.inputs, floor, trial.rng)):
        if kind:
            which = f"output {i}" if len(trial.values) > 1 else "the output"
            yield Finding("precision", _ROUNDED[what].format(which, kind))
            break
    found = [_ROUNDED["linear"].format("{}", k) if k else "" for k in trial.scaled.kinds]
    simple = [signs(u, trial.rng) for u in trial.cotangents]
    one_hot = _one_hot(simple, trial.rng)
    for search in (
        lambda: rounded_inputs_or_results(pulled(trial.cotangents), trial.inputs, floor, trial.rng),
        lambda: [(kind, "factors") for kind in rounded_results(pulled(simple), trial.inputs, floor, trial.rng)],
        lambda: [(k, "factors") for k in rounded_results(pulled(one_hot), trial.inputs, floor, trial.rng)],
    ):
        if not any(found):
            found = [_ROUNDED[what].format("{}", kind) if kind else "" for kind, what in search()]
    for label, message in zip(trial.labels, found, strict=False):
        if message:
            yield Finding("precision", message.format(f"the gradient of {label}"))
            return


_ROUNDED = {
    "inputs": "{} does not change while the inputs move inside the rounding cells of {}, and jumps at their edges: "
    "they are rounded to that type first",
    "results": "all numbers of {} are {} numbers, although they follow the inputs: they are rounded to that type",
    "linear": "{} does not change when the cotangent changes by less than {} can tell: on the way from the cotangent "
    "numbers are rounded to that type",
    "factors": "{} is the cotangent times {} numbers, although these follow the inputs: they are rounded to that type",
}


def float32(trial: Trial) -> Iterator[Finding]:
    """In single precision a gradient is single, and right where the function is.

    Only of a function that is itself right there, to 64 eps, at three points near. Single precision explains 100 times
    what changes in the gradient in double precision when inputs and cotangents move by 8 eps, 10 times what changes in
    the error then, and errors of 64 eps of the cotangent. Not judged below 1 % of the largest number, and near the ends
    of the range of single precision.
    """
    narrow = [x.astype(np.float32) for x in trial.inputs]
    if "precision" in trial.broken or any(x.dtype != np.float64 for x in trial.inputs) or not _is_moderate(narrow):
        return
    values = trial.attempt(trial.call, narrow)
    if values is None:
        return
    cotangents = [np.asarray(u.astype(np.float32), y.dtype) for u, y in zip(trial.cotangents, values, strict=True)]
    gradients = trial.attempt(trial.pull, narrow, cotangents)
    if gradients is None:
        return
    single = all(y.dtype == np.float32 for y in values)
    for label, g in zip(trial.labels, gradients, strict=True):
        # a wider one loses nothing, and matters to those only who work in single precision; a Python number has no type
        differs = g.dtype != np.float32 if trial.function.given_coarse else g.dtype.itemsize < 4
        if single and differs and g.ndim and "dtype" not in trial.broken:
            yield Finding("dtype", f"the gradient of {label} is of type {g.dtype} where all else is float32")
            return
    wide, wide_cotangents = [x.astype(np.float64) for x in narrow], [u.astype(np.float64) for u in cotangents]
    right = trial.attempt(trial.pull, wide, wide_cotangents)
    if right is None or not all(np.all(np.isfinite(a)) for a in right):
        return
    if not all(np.all(np.isfinite(g)) for g in gradients):
        yield from _not_finite(trial, values, trial.attempt(trial.call, wide), gradients, right)
        return
    off = [a - r for a, r in zip(gradients, right, strict=True)]
    explained = [2.0**-23 * largest(g) for g in right]
    sides = [signs(a, trial.rng) for a in (*wide, *wide_cotangents)]
    error, n = 0.0, len(wide)
    for sign in (1, 0, -1):
        moved = [a * (1 + sign * 2.0**-20 * s) for a, s in zip((*wide, *wide_cotangents), sides, strict=True)]
        singles = [np.asarray(a, np.float32) for a in moved[:n]]
        singles += [np.asarray(a, y.dtype) for a, y in zip(moved[n:], values, strict=True)]
        doubles = [a.astype(np.float64) for a in singles]
        outputs, exact = trial.attempt(trial.call, singles[:n]), trial.attempt(trial.call, doubles[:n])
        coarse = trial.attempt(trial.pull, singles[:n], singles[n:]) if sign else gradients
        fine = trial.attempt(trial.pull, doubles[:n], doubles[n:]) if sign else right
        if outputs is None or exact is None or coarse is None or fine is None:
            return
        error = max([error, *(_relative(y, z) for y, z in zip(outputs, exact, strict=True))])
        for i, (a, b) in enumerate(zip(coarse, fine, strict=True)):
            # what is wrong is wrong in the same way at points so near; rounding is off in any way
            explained[i] = max(explained[i], largest(b - right[i]), 0.1 * largest(a - b - off[i]))
    if not error <= 2.0**-17:  # single precision is too coarse for the function itself, or reaches its end
        return
    scale = max(map(largest, right), default=0.0)
    rounding = 64 * 2.0**-23 * max(map(largest, cotangents), default=0.0)  # after a cancellation, as where tanh is flat
    for label, g, r, e in zip(trial.labels, gradients, right, explained, strict=True):
        found = apart(g, r, max(100 * e, 0.01 * scale, rounding))
        if found and 1e-30 < scale < 1e30:
            yield Finding(
                "float32",
                f"in float32 the gradient of {label} is {found[0]:.6g} where float64 gives {found[1]:.6g}; "
                f"the function itself is off by {error:.1e} only",
            )
            return


def _not_finite(
    trial: Trial, values: Arrays, exact: Arrays | None, gradients: Arrays, right: Arrays
) -> Iterator[Finding]:
    """What overflows in the gradient in single precision, where neither the function nor its derivative does."""
    if exact is None or not all(_relative(y, z) <= 2.0**-17 for y, z in zip(values, exact, strict=True)):
        return
    for label, g, r in zip(trial.labels, gradients, right, strict=True):
        if not np.all(np.isfinite(g)) and largest(r) < 1e30:
            index = tuple(np.argwhere(~np.isfinite(g))[0])
            yield Finding(
                "float32",
                f"in float32 the gradient of {label} is {g[index]:.6g} where float64 gives {r[index]:.6g}, and the "
                "function itself is finite",
            )
            return


def _relative(a: Array, expected: Array) -> float:
    """The largest error as a share of the largest number; infinite if anything is not finite."""
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(expected))):
        return np.inf
    return largest(a - expected) / (largest(expected) or 1.0)


def _one_hot(arrays: Sequence[Array], rng: np.random.Generator) -> Arrays:
    """Zeros, and one number of the arrays."""
    found = [np.zeros_like(a) for a in arrays]
    filled = [i for i, a in enumerate(arrays) if a.size]
    if filled:
        i = int(rng.choice(filled))
        place = int(rng.integers(arrays[i].size))
        found[i].flat[place] = arrays[i].flat[place]
    return found


def _is_moderate(arrays: Sequence[Array]) -> bool:
    """Whether all numbers, and what is a few multiplications away from them, are in the range of single precision."""
    sizes = [np.abs(a[a != 0]) for a in arrays]
    return all(np.all((s > 1e-12) & (s < 1e12)) for s in sizes)
