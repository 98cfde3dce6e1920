"""What a gradient check found: the entries it compared, what else does not hold, and the suspected cause.

Plain data that names what it is about. Checks nothing; how it looks in a terminal is in `text`, in a notebook in
`html`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from os import PathLike
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[int, ...]

Status = Literal["right", "wrong", "kink", "undefined", "undecided"]
"""right       the derivative lies within the error of the differences
wrong       it does not
kink        the one-sided derivatives differ: the function has no derivative here, and none is judged
undefined   the function is not finite here or on one side: an edge of its domain, and nothing is judged
undecided   no step gives a difference that is good enough to tell
"""


@dataclass(frozen=True)
class Step:
    """One row of the sweep: what differences over this step say, and how far off they may be.

    `forward` and `backward` are the one-sided differences over the step, `numeric` the extrapolated central one.
    """

    step: float
    numeric: float
    error: float
    forward: float
    backward: float


@dataclass(frozen=True)
class Entry:
    """One number of one input: its derivative as claimed and by differences, and how far off the latter may be.

    With `output` None the derivative is that of all outputs weighted with random numbers and summed; else that of one
    number, `output` being the position of the array among the outputs and the index in it.
    """

    input: int
    index: Index
    analytic: float
    numeric: float
    tolerance: float
    status: Status
    output: tuple[int, Index] | None = None
    # NaN where nothing is known, which is not equal to itself
    value: float = field(default=np.nan, compare=False)  # the number of the input that was changed
    forward: float = field(default=np.nan, compare=False)  # one-sided derivatives
    backward: float = field(default=np.nan, compare=False)
    sweep: tuple[Step, ...] = ()

    @property
    def error(self) -> float:
        return abs(self.analytic - self.numeric)

    @property
    def believed(self) -> Step | None:
        """The step of the sweep that the numeric derivative comes from: of those that agree with it, the sharpest."""
        agreeing = [s for s in self.sweep if abs(s.numeric - self.numeric) <= s.error]
        if self.status == "undecided":
            return None
        return min(agreeing, key=lambda s: (s.numeric != self.numeric, s.error), default=None)

    @property
    def uncertainty(self) -> float:
        """How far off the numeric derivative may be, before any tolerance was added to it."""
        return min(self.tolerance, self.believed.error) if self.believed else self.tolerance

    @property
    def ratio(self) -> float | None:
        """Analytic by numeric, where the latter is known well enough for it to tell anything."""
        if not isfinite(self.analytic) or not abs(self.numeric) > 10 * self.uncertainty:
            return None
        ratio = self.analytic / self.numeric
        return ratio if ratio == 0 or 1e-6 < abs(ratio) < 1e6 else None


@dataclass(frozen=True)
class Finding:
    """Something other than a wrong number that a derivative must not do: `cause` names it, `message` says what came."""

    cause: str
    message: str


@dataclass(frozen=True)
class Cause:
    """Why the derivative is probably wrong: a name from `CAUSES`, and a sentence with the numbers that say so."""

    name: str
    message: str


CAUSES = {
    "sign": "the sign is wrong",
    "factor": "a constant factor is wrong or missing, such as 2 or 1/N",
    "zero": "the gradient is zero: the graph is cut, or nothing is returned",
    "cotangent": "the cotangent is not multiplied in, or not linearly",
    "broadcast": "an axis that was broadcast is not summed, or not wholly",
    "transposed": "axes are exchanged or reversed",
    "swapped": "the gradients of two inputs are exchanged",
    "shape": "the gradient does not have the shape of its input",
    "dtype": "the gradient does not have the type of its input",
    "entries": "only some entries are wrong",
    "region": "it is wrong only where the inputs lie on one side of a number",
    "inner": "a factor that depends on the input or output is wrong or missing, as of the chain rule",
    "term": "a term is missing or added",
    "unrelated": "the numbers have nothing to do with the gradient",
    "not finite": "the gradient is infinite or NaN where the function is smooth",
    "precision": "numbers are rounded to a coarser type on the way",
    "second order": "the first derivative is right, but not what it is computed with when it is differentiated again",
    "kink": "the function has a kink here",
    "noise": "the function is too noisy for differences",
    "mutation": "an argument was written into",
    "aliasing": "results share memory with each other, with arguments, or with a buffer that is used again",
    "repeatability": "the same call gives other numbers",
    "transposition": "forward and reverse mode disagree",
    "layout": "the result depends on how arrays lie in memory",
    "float32": "the gradient is off in single precision, where the function is not",
}
"""The causes that a check can suspect."""


class GradientMismatch(AssertionError):
    """A gradient that finite differences contradict, or that breaks another rule. `report` has the numbers."""

    __module__ = "autograd_core.testing"

    def __init__(self, report: "GradientReport") -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class GradientReport:
    """What a check found: `ok`, how many numbers were compared, what is wrong with the worst, and why, probably.

    `checked`, `failed`, `kinks` count entries. All that were looked at are `checked`, `kinks` are those of them where
    the function has no derivative: these are not judged and do not fail. `worst` is the entry that is most wrong, or
    with none wrong the one with the largest error; `kink` is one of those not judged. `wrong` marks the entries of each
    input that are wrong. `findings` are rules broken other than by numbers. `operation` is the operation whose rule is
    wrong and the line that called it, where that could be found. `arguments` are what the function was called with.

    >>> entry = Entry(0, (1,), analytic=4.0, numeric=2.0, tolerance=1e-9, status="wrong", value=1.0)
    >>> print(GradientReport(False, 1, checked=3, failed=1, worst=entry, function="square", labels=("x",)))
    gradient of square is wrong in 1 of 3 entries
      worst: d output / d x[1], at x[1] = 1
        analytic  4.000000000
        numeric   2.000000000 ± 1e-09  (off by 2, tolerated 1e-09)
        analytic / numeric = 2.000000000
    """

    ok: bool
    order: int
    checked: int
    failed: int
    kinks: int = 0
    undecided: int = 0
    worst: Entry | None = None
    findings: tuple[Finding, ...] = ()
    cause: Cause | None = None
    function: str = "function"
    where: str = ""  # "file.py:12"
    operation: str = ""
    labels: tuple[str, ...] = ()  # of the inputs, as in "x" or "layers.0.weight"
    inputs: tuple[Array, ...] = field(default=(), repr=False, compare=False)
    output_shapes: tuple[Sequence[int], ...] = ()
    method: str = "central differences"
    reproduction: str = field(default="", repr=False, compare=False)
    kink: Entry | None = None
    wrong: tuple[Array, ...] = field(default=(), repr=False, compare=False)  # booleans
    arguments: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        from .text import to_text

        return to_text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from .html import to_html

        return to_html(self)

    @property
    def what(self) -> str:
        """What was checked: "gradient of f (file.py:12)"."""
        kind = {1: "gradient", 2: "second derivative"}.get(self.order, f"derivative of order {self.order}")
        name = f" of {shortened(self.function, 40)}" if self.function not in ("", "function") else ""
        return f"{kind}{name}" + (f" ({shortened(self.where, 40)})" if self.where else "")

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        judged, w = self.checked - self.kinks - self.undecided, self.worst
        if not self.checked and not self.findings:
            return f"{self.what}: nothing to check, the inputs are empty"
        if not judged and not self.failed and not self.findings:
            return f"{self.what}: nothing could be judged, {self._all(self.checked)} had to be left out"
        if self.failed:
            what = "wrong" if w is None or w.status != "undecided" else "undecided"
            return f"{self.what} is {what} in {self.failed:,} of {self._counted(judged)}"
        rules = "another rule" if len(self.findings) == 1 else f"{len(self.findings)} other rules"
        broken = f", but breaks {rules}" if self.findings else "" if self.ok else ", but is not accepted"
        if not judged:
            return f"{self.what}: no entry was judged{broken}"
        known = w is not None and w.status == "right" and isfinite(w.error)
        how = f" (largest error {w.error:.2g}, tolerated {w.tolerance:.2g})" if w is not None and known else ""
        that = " that could be judged" if self.kinks or self.undecided else ""
        return f"{self.what} agrees with {self.method} in {self._all(judged)}{that}{how}{broken}"

    @property
    def remarks(self) -> list[str]:
        """What must be known to read the verdict: what was differentiated, and which entries were not judged."""
        found = []
        if self.order > 1 and not self.ok:
            before = "the gradient" if self.order == 2 else f"the derivative of order {self.order - 1}"
            found.append(
                f"Lower orders are right. {before.capitalize()} of the weighted sum of the squared outputs was "
                "differentiated once more."
            )
        if self.kinks:
            lie, was = ("lies", "was") if self.kinks == 1 else ("lie", "were")
            e = self.kink or (self.worst if self.worst and self.worst.status in ("kink", "undefined") else None)
            where, sides = "where the function has no derivative", ""
            if e:
                where = "at the edge of the domain" if e.status == "undefined" else "on a kink"
                sides = f": left {e.backward:.4g}, right {e.forward:.4g}, at {self.place(e)}"
                sides += "" if e.output is not None or self._is_number else " (of the weighted sum of the outputs)"
            found.append(f"{self._counted(self.kinks)} {lie} {where} and {was} not judged{sides}.")
        if self.undecided:
            found.append(
                f"{self._counted(self.undecided)} agreed as far as differences in this type can tell, which is not far."
            )
        if self.failed and self.worst and self.worst.status == "undecided":
            found.append(
                "No step gives a difference that is good enough to tell: the function is too noisy here, or computes "
                "in a type that is too coarse."
            )
        return found

    def _counted(self, count: int) -> str:
        along = self.worst is not None and self.worst.input < 0
        unit = ("direction", "directions") if along else ("entry", "entries")
        return f"{count:,} {unit[count != 1]}"

    def _all(self, count: int) -> str:
        return f"the only {self._counted(1)[2:]}" if count == 1 else f"all {self._counted(count)}"

    @property
    def suspicion(self) -> str:
        """The suspected cause in a sentence; nothing where a finding says the same."""
        if self.ok or self.cause is None or any(self.cause.message == finding.message for finding in self.findings):
            return ""
        return f"suspected cause ({self.cause.name}): {self.cause.message or CAUSES.get(self.cause.name, '')}"

    def input_name(self, entry: Entry) -> str:
        """The number that was changed, as in `x[0, 1]`."""
        if entry.input < 0:
            return "(a random direction)"
        named = entry.input < len(self.labels) and self.labels[entry.input]
        return (shortened(named, 40) if named else f"inputs[{entry.input}]") + _brackets(entry.index)

    def output_name(self, entry: Entry) -> str:
        """The number that was differentiated, as in `outputs[1][2]`."""
        if entry.output is None:
            name = "output" if self._is_number else "(weighted sum of all outputs)"
            return name if self.order == 1 else "(weighted sum of the derivatives before)"
        position, index = entry.output
        if self.order > 1:  # the outputs are gradients by the inputs
            return f"(d / d {self.input_name(Entry(position, index, 0, 0, 0, 'right'))})"
        return ("output" if len(self.output_shapes) < 2 else f"outputs[{position}]") + _brackets(index)

    @property
    def _is_number(self) -> bool:
        return [tuple(shape) for shape in self.output_shapes] in ([], [()])

    def derivative_name(self, entry: Entry) -> str:
        """As in `d output[2] / d x[0, 1], at x[0, 1] = 0.5`."""
        return f"d {self.output_name(entry)} / d {self.input_name(entry)}, at {self.place(entry)}"

    def place(self, entry: Entry) -> str:
        """As in `x[0, 1] = 0.5`."""
        name = self.input_name(entry)
        return name if np.isnan(entry.value) else f"{name} = {entry.value:.6g}"

    def wrong_entries(self) -> list[str]:
        """For each input with wrong entries where they are, as in `x[:, 1] (3 of 12)`."""
        names = [label or f"inputs[{i}]" for i, label in enumerate(self.labels or [""] * len(self.wrong))]
        return [
            f"{shortened(name, 40)}{_pattern(mask)} ({int(mask.sum()):,} of {mask.size:,})"
            for name, mask in zip(names, self.wrong, strict=False)
            if mask.any()
        ]

    def save_inputs(self, path: str | PathLike[str]) -> None:
        """Write the arrays among the arguments into an npz file, from which the reproduction reads the large ones."""
        from .reproduction import arrays_by_key

        np.savez(path, **arrays_by_key(self.arguments or self.inputs))  # type: ignore[arg-type]


def shortened(text: str, width: int) -> str:
    """The beginning and the end, the middle left out."""
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[-(width // 2) :]}"


def _brackets(index: Sequence[int]) -> str:
    return f"[{', '.join(map(str, index))}]" if len(index) else ""


def _pattern(mask: Array) -> str:
    """Which entries are marked: as an index if they are all in some rows, columns and so on; else the first few."""
    if mask.all():
        return ""
    places = np.nonzero(mask)
    axes = [np.unique(place) for place in places]
    if np.prod([len(axis) for axis in axes]) == len(places[0]):
        return f"[{', '.join(_slice(axis.tolist(), n) for axis, n in zip(axes, mask.shape, strict=True))}]"
    first = [_brackets(index) for index in zip(*(place[:3].tolist() for place in places), strict=True)]
    return ", ".join(first) + (", …" if len(places[0]) > 3 else "")


def _slice(positions: list[int], length: int) -> str:
    if len(positions) == length:
        return ":"
    if len(positions) == 1:
        return str(positions[0])
    if all(b - a == 1 for a, b in pairwise(positions)):
        return f"{positions[0] or ''}:{positions[-1] + 1 if positions[-1] + 1 < length else ''}"
    return f"[{', '.join(map(str, positions[:4]))}{', …' if len(positions) > 4 else ''}]"
