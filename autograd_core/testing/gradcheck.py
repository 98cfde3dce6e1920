"""Gradients against central differences, with a tolerance that the differences themselves tell.

Knows functions of Tensors and nothing of operations: what is checked is what users get from `ag.gradients`.

Note [Steps]
A central difference D(h) is off by c h^2 + ..., so Richardson's combination R = (4 D(h/2) - D(h)) / 3 is better than
both, and |R - D(h/2)| tells how far off D(h/2) is. What rounding does to R is added: the noise of f divided by h. The
noise is measured, as the third differences of f over steps so small that nothing but noise is left of them (after
Moré and Wild, Estimating computational noise, 2011). A step that reaches over a kink (of relu, max, abs) shows as an
estimate that is too large, or as a disagreement: then a smaller step is tried. An entry is right if at one step the
estimate is small and the gradient lies within it; a wrong gradient does so at none.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..containers import flatten
from ..engine import Node
from ..errors import DTypeError, GraphError, OptionError
from ..recording import no_grad
from ..tensor import Tensor
from ..transforms import gradients

Array = np.ndarray[Any, np.dtype[Any]]

_STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)  # times the size of the number that is changed, or 1
_DECIDED = 1e-4  # an estimated error above this share of the gradient decides nothing
_SHARP = 1e-7  # a tolerance of this share of the gradient is as good as any
_NOTHING = 1e-6  # a derivative below this share of the function's value changes nothing that matters
_SAFETY = 4.0


class GradientMismatch(AssertionError):
    """A gradient that finite differences contradict, or cannot confirm. `report` has the numbers."""

    def __init__(self, report: "GradientReport") -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class Entry:
    """One number of one input: its derivative by the engine and by differences, and how far the latter may be off."""

    input: int
    index: tuple[int, ...]
    analytic: float
    numeric: float
    tolerance: float
    decided: bool

    @property
    def ok(self) -> bool:
        return self.decided and abs(self.analytic - self.numeric) <= self.tolerance

    @property
    def badness(self) -> float:
        """The error, of those that are wrong in units of what is tolerated; no right one is worse than a wrong one."""
        error = abs(self.analytic - self.numeric)
        if self.ok:
            return -1 / (1 + error)
        return error / self.tolerance if self.decided and np.isfinite(error) and self.tolerance else np.inf


@dataclass(frozen=True)
class GradientReport:
    """What a check found: `ok`, how many numbers were compared and failed, and the worst of them."""

    ok: bool
    order: int
    checked: int
    failed: int
    worst: Entry | None

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        what = "gradient" if self.order == 1 else f"derivative of order {self.order}"
        if self.worst is None:
            return f"{what}: nothing to check, the inputs are empty"
        w = self.worst
        where = f"input {w.input}{list(w.index) if w.index else ''}"
        error, entries = abs(w.analytic - w.numeric), f"{self.checked:,} entries checked"
        if self.ok:
            return f"{what} agrees with central differences in all {entries} (largest error {error:.1e})"
        lines = [
            f"{what} is wrong or undecided in {self.failed:,} of {entries}; the worst is {where}:",
            f"  analytic {w.analytic:.10g}, numeric {w.numeric:.10g}, off by {error:.1e}, tolerated {w.tolerance:.1e}",
        ]
        if not w.decided:
            lines.append("  no step gave a steady difference: a kink or a jump is here, or float64 is lost on the way")
        elif w.numeric and np.isfinite(w.analytic) and error > 1e-6 * abs(w.numeric):
            lines.append(f"  analytic / numeric = {w.analytic / w.numeric:.6g}")
        return "\n".join(lines)


def gradcheck(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    samples: int | None = None,
    rng: int | np.random.Generator | None = 0,
    rtol: float | None = None,
    raise_exception: bool = True,
) -> GradientReport:
    """Compare the gradient of a function with central differences, entry by entry, in float64.

    `inputs` are arrays, Tensors, or containers of them, and are what the function is called with. A function without
    parameters is called without them: it reads Tensors that require gradients from elsewhere, as a closure over a
    model does, and `inputs` are those Tensors. They hold float64 while the check runs, and their own values after it.
    An output with more than one element is weighted with random numbers. `samples` checks so many random entries of
    each input. `order=2` also checks the gradient of the gradient (of the squared output), and so on. The tolerance is
    estimated, see Note [Steps]; `rtol` widens it to that share of the numeric derivative.

    Raises: GradientMismatch if an entry is wrong, unless `raise_exception` is False; GraphError if the function gives
    other values when it is called again, or its output does not depend on the inputs.

    >>> gradcheck(lambda x: ag.sin(x) * x, np.array([0.5, 2.0])).ok
    True
    """
    if order < 1:
        raise OptionError(f"gradcheck: order must be 1 or more, got {order!r}")
    if samples is not None and samples < 1:
        raise OptionError(f"gradcheck: samples must be a positive whole number or None, got {samples!r}")
    given, rebuild = flatten(list(inputs))
    leaves = [_leaf(value, i) for i, value in enumerate(given)]
    if not leaves:
        raise OptionError("gradcheck: there is no input to differentiate by; pass arrays, or list(model.parameters())")
    args = rebuild(leaves) if _takes_arguments(function) else []
    generator = np.random.default_rng(rng)
    with _in_float64([leaf for leaf, value in zip(leaves, given, strict=True) if leaf is value]):
        reports: list[GradientReport] = []
        for k in range(1, order + 1):
            number, precision = _number(function, args, leaves, k, generator)
            reports.append(_compare(number, precision, leaves, k, samples, generator, rtol))
            if not reports[-1].ok:
                break
    report = reports[-1]
    if raise_exception and not report.ok:
        raise GradientMismatch(report)
    return report


def _leaf(value: Any, position: int) -> Tensor:
    """A Tensor that requires a gradient as it is; anything else as a new one in float64."""
    if isinstance(value, Tensor) and value.requires_grad:
        if not value.is_leaf:
            raise GraphError(f"gradcheck: input {position} is the result of a computation; pass .detach() of it")
        return value
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.dtype.kind != "f":
        raise DTypeError(f"gradcheck: input {position} has dtype {array.dtype}, and no derivative; use floating point")
    return Tensor(array, dtype=np.float64, requires_grad=True)


def _takes_arguments(function: Callable[..., Any]) -> bool:
    try:
        return bool(inspect.signature(function).parameters)
    except ValueError:  # a built-in without a signature
        return True


@contextmanager
def _in_float64(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Let these leaves hold copies in float64, and give them back what they held."""
    held: list[tuple[Tensor, Array, Node | None, bool]] = [(t, t._array, t.node, t.shared) for t in tensors]
    try:
        for tensor, data, *_ in held:
            tensor.requires_grad_(False)
            tensor.data = np.array(data, dtype=np.float64)
            tensor.requires_grad_(True)
        yield
    finally:
        for tensor, data, node, shared in held:
            tensor._array, tensor.node, tensor.shared = data, node, shared


def _number(
    function: Callable[..., Any], args: Sequence[Any], leaves: Sequence[Tensor], order: int, rng: np.random.Generator
) -> tuple[Callable[[bool], Any], float]:
    """The function as one number that the leaves determine, and the relative precision that it is computed with.

    The number is a random projection of the output, or of a derivative of it.

    For order k, the output is squared (the second derivative of a linear function is zero, and a check of it would see
    nothing) and differentiated k - 1 times, each time weighted with random numbers. `number(False)` need not be
    recorded.
    """
    outputs, _ = flatten(function(*args))
    if not any(isinstance(y, Tensor) and y.requires_grad for y in outputs):
        raise GraphError(
            "gradcheck: the output does not depend on the inputs; is it computed under no_grad, or from .data?"
        )
    weights = [rng.uniform(0.5, 1.5, np.shape(y)) for y in outputs]
    directions = [[rng.uniform(0.5, 1.5, x.shape) for x in leaves] for _ in range(order - 1)]

    def total(values: Sequence[Any], factors: Sequence[Any]) -> Any:
        result: Any = 0.0
        for y, w in zip(values, factors, strict=True):
            result = result + (y * w).sum()
        return result

    def number(recorded: bool) -> Any:
        if not recorded and order == 1:
            with no_grad():
                return total(flatten(function(*args))[0], weights)
        outputs, _ = flatten(function(*args))
        value = total(outputs if order == 1 else [y * y for y in outputs], weights)
        for direction in directions:
            found = gradients(value, list(leaves), create_graph=True, allow_unused=True)
            value = total(found, direction)
        return value

    floating = [y.dtype for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]
    return number, max(float(np.finfo(dtype).eps) for dtype in floating)


def _compare(
    number: Callable[[bool], Any],
    precision: float,
    leaves: Sequence[Tensor],
    order: int,
    samples: int | None,
    rng: np.random.Generator,
    rtol: float | None,
) -> GradientReport:
    """Check the gradient of one number by the leaves."""
    value = number(True)
    if isinstance(value, Tensor) and value.requires_grad:
        analytic = [np.asarray(g.data) for g in gradients(value, list(leaves), allow_unused=True)]
    else:  # a derivative that is constant
        analytic = [np.zeros(x.shape) for x in leaves]
    again = float(number(False))
    if not np.isclose(float(value), again, rtol=1e-9, atol=0, equal_nan=True):
        raise GraphError(
            f"gradcheck: the function gave {float(value)!r}, and {again!r} when it was called again; "
            "turn dropout off (model.eval()), or pass the same seed to what draws random numbers"
        )
    largest = max((float(np.abs(g).max()) for g in analytic if g.size), default=0.0)
    noise = max(_noise(number, leaves, rng), 2 * precision * abs(again))
    entries: list[Entry] = []
    for i, (leaf, gradient) in enumerate(zip(leaves, analytic, strict=True)):
        positions = np.arange(leaf.size)
        if samples is not None and samples < leaf.size:
            positions = np.sort(rng.choice(leaf.size, samples, replace=False))
        for position in positions.tolist():
            index = tuple(int(j) for j in np.unravel_index(position, leaf.shape))
            entries.append(_check(number, noise, leaf, i, index, float(gradient[index]), largest, abs(again), rtol))
    failed = sum(not entry.ok for entry in entries)
    return GradientReport(failed == 0, order, len(entries), failed, max(entries, key=lambda e: e.badness, default=None))


def _check(
    number: Callable[[bool], Any],
    noise: float,
    leaf: Tensor,
    position: int,
    index: tuple[int, ...],
    analytic: float,
    largest: float,
    size: float,
    rtol: float | None,
) -> Entry:
    """One entry, with smaller and smaller steps until one confirms it sharply; else the sharpest that confirms it; else
    the sharpest evidence against it."""
    best = Entry(position, index, analytic, np.nan, np.inf, decided=False)
    for step in _STEPS:
        numeric, error = _derivative(number, noise, leaf, index, step)
        scale = max(abs(analytic), abs(numeric), 1e-3 * largest, _NOTHING * size)
        decided = bool(np.isfinite(numeric) and error <= _DECIDED * scale)
        entry = Entry(position, index, analytic, numeric, max(_SAFETY * error, (rtol or 0.0) * abs(numeric)), decided)
        if entry.ok and entry.tolerance <= _SHARP * scale:
            return entry
        if (entry.ok, entry.decided, -entry.tolerance) > (best.ok, best.decided, -best.tolerance):
            best = entry
    return best


def _derivative(
    number: Callable[[bool], Any], noise: float, leaf: Tensor, index: tuple[int, ...], relative: float
) -> tuple[float, float]:
    """The derivative by one entry from differences at two steps, and its estimated error."""
    data = leaf.data
    old = float(data[index])
    step = relative * max(1.0, abs(old))

    def at(x: float) -> float:
        data[index] = x
        with np.errstate(all="ignore"):  # a step may leave the domain; a smaller one follows
            return float(number(False))

    try:
        far = [at(old + step), at(old - step)]
        near = [at(old + step / 2), at(old - step / 2)]
    finally:
        data[index] = old
    wide, narrow = (far[0] - far[1]) / (2 * step), (near[0] - near[1]) / step
    best = (4 * narrow - wide) / 3
    error = abs(best - narrow) + 4 * noise / step
    return best, error if np.isfinite(error) else np.inf


def _noise(number: Callable[[bool], Any], leaves: Sequence[Tensor], rng: np.random.Generator) -> float:
    """The standard deviation of the rounding errors of a function near the leaves; see Note [Steps]."""
    held = [leaf.data.copy() for leaf in leaves]
    directions = [1e-10 * rng.uniform(-1, 1, x.shape) * np.maximum(1.0, np.abs(x)) for x in held]
    values = []
    try:
        for k in range(-4, 5):
            for leaf, x, d in zip(leaves, held, directions, strict=True):
                leaf.data[...] = x + k * d
            values.append(float(number(False)))
    finally:
        for leaf, x in zip(leaves, held, strict=True):
            leaf.data[...] = x
    # the third difference of independent errors has 1 + 9 + 9 + 1 times their variance; the median passes over a kink
    return float(np.median(np.abs(np.diff(values, 3)))) * 1.5 / 20**0.5
