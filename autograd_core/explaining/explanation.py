"""What `ag.explain` found, as data, in plain words, and in LaTeX.

Knows numbers and formulas, no graph: it can be kept after the graph is gone.
"""

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formulas import Formula
from ..formulas.latex import barred, symbol
from ..places import Place

_SMALL = 12  # so many numbers are printed
_LONG = 12  # a path of more factors is abbreviated in the middle
_WIDEST = 60  # a column of the table is no wider


@dataclass(frozen=True)
class Factor:
    """One edge: the result `of` is computed as `by` says, and the cotangent goes on `to` one of its arguments.

    `rule` is how, `number` the partial derivative if both are scalars, and `jacobian` the shapes of what is
    differentiated and by what, None for a whole call that may have several results. `value` is that of the result and
    `place` its line, where they are known; `path` is the module it was computed in.
    """

    of: str
    by: str
    to: str
    rule: Formula
    number: float | None
    jacobian: tuple[tuple[int, ...], tuple[int, ...]] | None
    value: Any = None
    place: Place | None = None
    path: str = ""


@dataclass(frozen=True)
class Path:
    """One path: its factors from the result on, and what comes to its end if the cotangent takes only this path.

    `norms` are the Euclidean norms of the cotangent before the first factor and after each.
    """

    factors: tuple[Factor, ...]
    norms: tuple[float, ...]
    contribution: Any


@dataclass(frozen=True)
class Delta:
    """A cotangent that has a name in the textbooks, as it follows from the one before: in words, in LaTeX, its value.

    That of layer l is called delta l; one that belongs to no layer has None. `where` says how the layer is computed.
    """

    name: str
    layer: int | None
    words: str
    latex: str
    value: Any
    where: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Explanation:
    """The chain rule for one result and one value: `print` it, show it in a notebook, or read its parts.

    gradient        what the engine's own sweep finds
    count           the number of paths; `paths` are those that are listed, `largest` if no other contributes more
    deltas          the steps of backpropagation through layers, if there are layers
    of, by          what the result and the value are called
    seed            the cotangent of the result; `given` if it was
    """

    of: str
    by: str
    seed: Any
    given: bool
    gradient: Any
    count: int
    paths: tuple[Path, ...]
    largest: bool
    deltas: tuple[Delta, ...]

    @property
    def total(self) -> Any:
        """The sum of the contributions of the paths that are listed."""
        total = np.zeros(np.shape(self.gradient), getattr(self.gradient, "dtype", float))
        with np.errstate(all="ignore"):
            for path in self.paths:
                total = total + path.contribution
        return total

    @property
    def difference(self) -> float | None:
        """How far the sum of all paths is from the engine's sweep, at most; None if not all paths are listed."""
        if len(self.paths) != self.count:
            return None
        total, swept = np.asarray(self.total), np.asarray(self.gradient)
        if not total.size or np.array_equal(total, swept, equal_nan=True):
            return 0.0
        with np.errstate(invalid="ignore"):
            return float(np.max(np.abs(total - swept)))

    @property
    def agrees(self) -> bool | None:
        """Whether the sum is what the sweep found, but for rounding; None if not all paths are listed.

        Rounding: of each factor and each addition one unit in the last place of the largest number met there.
        """
        difference = self.difference
        if difference is None:
            return None
        steps = sum(len(path.factors) + 1 for path in self.paths)
        eps = np.finfo(np.asarray(self.gradient).dtype).eps
        return difference <= 4 * eps * steps * max((max(path.norms) for path in self.paths), default=0.0)

    def __repr__(self) -> str:
        return f"<Explanation of d{self.of}/d{self.by}: {_paths(self.count)}>"

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    @property
    def latex(self) -> str:
        """The same in LaTeX, without dollar signs: the sum over paths, and the deltas."""
        return _latex(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: HTML with formulas for MathJax and the words behind them, and plain text."""
        try:
            words = str(self)
            formulas = f"<div>$$\n{html.escape(self.latex)}\n$$</div>"
            listing = f'<pre style="font-family: monospace; line-height: 1.4">{html.escape(words)}</pre>'
            return {
                "text/plain": words,
                "text/html": f"{formulas}<details open><summary>in words</summary>{listing}</details>",
                "text/latex": f"$$\n{self.latex}\n$$",
            }
        except Exception as error:  # a notebook cell shows what there is, and never fails for its display
            return {"text/plain": f"{self!r} could not be shown: {error}"}


# --- in words ---------------------------------------------------------------------------------------------------------


def _lines(e: Explanation) -> list[str]:
    title = f"d{e.of}/d{e.by}: {_paths(e.count)} from {e.of} back to {e.by}"
    lines = [title.replace(" from", " leads from" if e.count == 1 else " lead from", 1)]
    if any(path.factors for path in e.paths):
        lines.append("each line is a factor, g being the cotangent that arrives there")
    if np.size(e.seed) != 1 or e.given:
        said = _value(e.seed) if e.given else "all ones, as for the sum of its elements"
        lines.append(f"the cotangent of {e.of} {_shape(np.shape(e.seed))} is {said}")
    if len(e.paths) < e.count:
        which = f"the {len(e.paths)} that contribute most" if e.largest else f"the first {len(e.paths)} as they come"
        lines.append(f"listed: {which}, of {_big(e.count)}")
    for number, path in enumerate(e.paths, 1):
        lines += ["", *_path_lines(e, number, path)]
    lines += ["", *_sum_lines(e)]
    if e.deltas:
        lines += ["", *_delta_lines(e)]
    return [line.rstrip() for line in lines]


def _path_lines(e: Explanation, number: int, path: Path) -> list[str]:
    numbers = [f.number for f in path.factors]
    product = ""
    if 1 < len(numbers) <= _LONG and all(n is not None for n in numbers):
        start = [] if not e.given else [_number(float(np.asarray(e.seed)))]
        product = " = " + " * ".join([*start, *(_factor(n) for n in numbers if n is not None)])
    what = _value(path.contribution)
    lines = [f"path {number} contributes {what}{product}" if path.factors else f"{e.of} is {e.by}: {what}"]
    rows = [(_row(path, k, factor) if factor else (), repeated) for k, factor, repeated in _abbreviated(path.factors)]
    widths = [min(max((len(row[c]) for row, _ in rows if row), default=0), _WIDEST) for c in range(3)]
    for row, repeated in rows:
        if not row:
            lines.append(f"  ... {repeated:,} more steps ...")
            continue
        lines.append("  " + "   ".join([*(f"{text:<{w}}" for text, w in zip(row, widths, strict=False)), row[3]]))
        if repeated:
            lines.append(f"  ... x {repeated:,} more of this operation ...")
    return lines


def _row(path: Path, k: int, factor: Factor) -> tuple[str, ...]:
    """One factor of a path: what is computed, where the cotangent goes on and how, what that does to it, where."""
    head = f"{factor.of} = {factor.by}"
    if factor.value is not None and np.size(factor.value) == 1:
        head += f" = {_number(float(np.asarray(factor.value).reshape(())))}"
    if factor.number is not None:
        effect = _number(factor.number)
    else:
        effect = f"|g| {path.norms[k]:.3g} -> {path.norms[k + 1]:.3g}"
        if factor.jacobian is not None:
            effect += f", Jacobian {_shape(factor.jacobian[0])} by {_shape(factor.jacobian[1])}"
    where = ", ".join(filter(None, [str(factor.place or ""), factor.path]))
    return head, f"to {factor.to}: {factor.rule.words}", effect, f"[{where}]" if where else ""


def _abbreviated(factors: tuple[Factor, ...]) -> list[tuple[int, Factor | None, int]]:
    """The factors to print with their positions: of a run of the same rule the first and last, of a long rest the ends.

    Behind a factor stands how many of its run are left out; a None stands for a gap.
    """
    if len(factors) <= _LONG:
        return [(k, factor, 0) for k, factor in enumerate(factors)]
    runs: list[list[int]] = []
    for k, factor in enumerate(factors):
        kind = factor.by.partition("(")[0]
        if runs and factors[runs[-1][0]].by.partition("(")[0] == kind:
            runs[-1].append(k)
        else:
            runs.append([k])
    shown: list[tuple[int, Factor | None, int]] = []
    for run in runs:
        shown.append((run[0], factors[run[0]], max(len(run) - 2, 0)))
        if len(run) > 1:
            shown.append((run[-1], factors[run[-1]], 0))
    if len(shown) <= _LONG:
        return shown
    half = _LONG // 2
    gap = shown[-half][0] - shown[half - 1][0] - 1 - shown[half - 1][2]
    return [*shown[:half], (0, None, gap), *shown[-half:]]


def _sum_lines(e: Explanation) -> list[str]:
    if not e.paths or not e.paths[0].factors:
        return [f"gradient = {_value(e.gradient)}"]
    small = np.size(e.gradient) == 1 and 1 < len(e.paths) <= _LONG
    terms = " + ".join(_factor(float(np.asarray(p.contribution).reshape(()))) for p in e.paths) + " = " if small else ""
    if e.agrees is None:
        said = f"sum of the {len(e.paths)} listed = {terms}{_value(e.total)}"
        return [said, f"sum of all {_big(e.count)} paths, by the engine's own sweep = {_value(e.gradient)}"]
    which = "the one path gives" if e.count == 1 else f"sum of all {e.count} paths ="
    said = f"{which} {terms}{_value(e.total)}"
    if e.agrees:
        exact = "" if not e.difference else f" (but for rounding: {e.difference:.1g})"
        return [f"{said}, as the engine's own sweep finds{exact}"]
    return [f"{said}; the engine's own sweep finds {_value(e.gradient)}, which differs by up to {e.difference:.3g}"]


def _delta_lines(e: Explanation) -> list[str]:
    lines = ["layer by layer, delta being the cotangent of z (Nielsen, chapter 2):"]
    for k, delta in enumerate(e.deltas):
        if len(e.deltas) > _LONG and _LONG // 2 <= k < len(e.deltas) - _LONG // 2:
            if k == _LONG // 2:
                lines.append(f"  ... {len(e.deltas) - 2 * (_LONG // 2)} more ...")
            continue
        line = f"  {delta.name} = {delta.words}"
        known = "" if delta.value is None else f" = {_value(delta.value)}"
        lines.append(f"{line}{known}")
        if delta.where:
            lines.append(f"      where {', '.join(delta.where)}")
    return lines


def _paths(count: int) -> str:
    return "1 path" if count == 1 else f"{_big(count)} paths"


def _big(count: int) -> str:
    """A count in digits, or, where those would fill a page, its magnitude."""
    if count < 10**15:
        return f"{count:,}"
    return f"about 10**{int((count.bit_length() - 1) * 0.30102999566398120)}"


def _shape(shape: tuple[int, ...]) -> str:
    return "scalar" if shape == () else str(tuple(shape))


def _number(value: float) -> str:
    return f"{value:.6g}"


def _factor(value: float) -> str:
    """A number among others: a negative one in parentheses."""
    return f"({_number(value)})" if value < 0 else _number(value)


class _Number(float):
    """A number that prints itself shortly."""

    def __repr__(self) -> str:
        return f"{float(self):.4g}"


def _value(value: Any) -> str:
    """A number, the numbers of a small array, or the shape and norm of another."""
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(float(array))
    if array.size <= _SMALL:
        return str(np.vectorize(_Number, otypes=[object])(array).tolist()) if array.size else f"empty {array.shape}"
    norm = float(np.linalg.norm(array.astype(np.float64).ravel()))
    return f"an array {_shape(array.shape)} of norm {norm:.4g}"


# --- in LaTeX ---------------------------------------------------------------------------------------------------------


def _latex(e: Explanation) -> str:
    left = rf"\frac{{\partial {symbol(e.of)}}}{{\partial {symbol(e.by)}}}"
    scalars = all(f.number is not None for path in e.paths for f in path.factors)
    more = [r"\cdots"] if len(e.paths) < e.count else []
    seeded = e.given or np.size(e.seed) != 1
    start = [barred(e.of)] if seeded else []
    lines = [rf"{left} &= {' + '.join([*(_chain(path, scalars, start) for path in e.paths), *more])}"]
    if scalars and e.paths and e.paths[0].factors:
        numbers = [float(np.asarray(e.seed))] if seeded else []
        terms = [
            r" \cdot ".join(_latex_number(n) for n in _shown([*numbers, *(f.number for f in p.factors)]))
            for p in e.paths
        ]
        lines.append(rf"&= {' + '.join([*terms, *more])}")
    if np.size(e.gradient) == 1:
        lines.append(rf"&= {_latex_number(float(np.asarray(e.gradient).reshape(())))}")
    rules = {(f.of, f.to, f.rule.latex): None for path in e.paths for f in path.factors}
    if not scalars and len(rules) <= _LONG:
        lines += [rf"{barred(to)} &\leftarrow {rule}" for _, to, rule in rules]
    lines += [delta.latex.replace(" = ", " &= ", 1) for delta in e.deltas]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _chain(path: Path, scalars: bool, start: list[str]) -> str:
    """The product of the factors of a path: partial derivatives, or transposed Jacobians, the last factor first."""
    parts = []
    for factor in _shown(list(path.factors)):
        if factor is None:
            parts.append(r"\cdots")
            continue
        text = rf"\frac{{\partial {symbol(factor.of)}}}{{\partial {symbol(factor.to)}}}"
        parts.append(text if scalars else rf"\left({text}\right)^{{\top}}")
    parts = [*start, *parts] if scalars else [*reversed(parts), *start]
    return " ".join(parts) or "1"


def _shown(values: list[Any]) -> list[Any]:
    """All, or the first and last few with None between."""
    return values if len(values) <= _LONG else [*values[: _LONG // 2], None, *values[-_LONG // 2 :]]


def _latex_number(value: float | None) -> str:
    if value is None:
        return r"\cdots"
    mantissa, e, exponent = _number(value).partition("e")
    text = rf"{mantissa} \times 10^{{{int(exponent)}}}" if e else mantissa
    return rf"\left({text}\right)" if value < 0 else text
