"""Factors and terms that vary from entry to entry: which formula of the input or output a gradient lacks.

Knows a table of formulas that derivatives are made of.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from ..report import Cause
from .evidence import Array, Shape, View, digits_of, fitted_to, quantities_of, times_text
from .jacobians import is_element_by_element

FORMULAS: dict[str, Callable[[Array], Array]] = {
    "{0}": lambda x: x,
    "{0}**2": lambda x: x * x,
    "{0}**3": lambda x: x**3,
    "(1 - {0})": lambda x: 1 - x,
    "(1 + {0})": lambda x: 1 + x,
    "(1 - {0}**2)": lambda x: 1 - x * x,
    "(1 + {0}**2)": lambda x: 1 + x * x,
    "{0} * (1 - {0})": lambda x: x * (1 - x),
    "sqrt({0})": np.sqrt,
    "sqrt(1 - {0}**2)": lambda x: np.sqrt(1 - x * x),
    "sqrt(1 + {0}**2)": lambda x: np.sqrt(1 + x * x),
    "exp({0})": np.exp,
    "log({0})": np.log,
    "sin({0})": np.sin,
    "cos({0})": np.cos,
    "tan({0})": np.tan,
    "cosh({0})": np.cosh,
    "tanh({0})": np.tanh,
    "(1 - tanh({0})**2)": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid({0})": lambda x: 1 / (1 + np.exp(-x)),
    "sigmoid({0}) * sigmoid(-{0})": lambda x: 1 / (2 + np.exp(x) + np.exp(-x)),
    "abs({0})": np.abs,
}
"""What an inner derivative can be, and with 1 over it; of the input, another input, or the output."""


def inner(v: View) -> Cause | None:
    """A factor that is a formula of the input, the output or another input; first without a constant before it."""
    return _inner_of_entries(v, simple=True) or _inner_of_cotangent(v) or _inner_of_entries(v, simple=False)


def _inner_of_entries(v: View, simple: bool) -> Cause | None:
    where = f" {v.everywhere}" if v.everywhere else ""
    for name, values in _formulas(quantities_of(v)):
        if (k := _multiple(v, v.n, values * v.a, simple=simple)) is not None:
            return Cause(
                "inner", f"{v.what}: numeric = analytic * {times_text(k, name)}{where}: that factor is missing"
            )
        if (k := _multiple(v, v.a, values * v.n, errors=values, simple=simple)) is not None:
            return Cause(
                "inner", f"{v.what}: analytic = numeric * {times_text(k, name)}{where}: that factor is too much"
            )
    return None


def _inner_of_cotangent(v: View) -> Cause | None:
    if len(v.u) > 1:
        return None
    u, e = v.u[0], v.case.evidence
    places = [("out", v.outputs[0])]
    for x, label in zip(e.inputs, e.labels, strict=True):
        places += [(label, fitted) for fitted in fitted_to(x, u.shape)]
    for name, values in _formulas(places):
        for factor in (values, 1 / values):
            found = v.pulled([factor * u]) if np.isfinite(factor).all() else None
            k = None if found is None else _multiple(v, v.n, found)
            if k is not None:
                name = times_text(k if factor is values else 1 / k, name)
                words = "wants the factor" if factor is values else "has too much the factor"
                return Cause("inner", f"{v.what}: the cotangent {words} {name}")
    return None


def _multiple(v: View, left: Array, right: Array, errors: Any = 0, simple: bool = True) -> float | None:
    """The number k with left = k * right in all entries; a `simple` one, or any if there are many entries. `errors` is
    what the error of the differences is multiplied by in `right`."""
    both = v.telling & (right != 0) & np.isfinite(right)
    if not both.any():
        return None
    k = float(np.median(left[both] / right[both]))
    named = min(abs(k / c - 1) for c in (1, -1, 2, -2, 0.5, -0.5, 3, -3, 1 / 3, -1 / 3)) < 1e-5
    if not k or not (named if simple else both.sum() > 3):
        return None
    return k if v.same(left, k * right, k * errors) else None


def _formulas(quantities: Sequence[tuple[str, Array]]) -> Iterator[tuple[str, Array]]:
    for text, formula in FORMULAS.items():
        for name, values in quantities:
            yield text.format(name), formula(values)


def term(v: View) -> Cause | None:
    """What is missing is a multiple of something known, the same all over or in each slice along an axis."""
    missing = np.where(v.known, v.n - v.a, 0.0)
    quantities = quantities_of(v)
    for u in (v.u[0],) if len(v.u) == 1 and v.u[0].shape == v.x.shape else ():
        for name, values in [("1", np.ones(v.x.shape)), *_formulas(quantities)]:
            k = _multiple(v, missing, values * u)
            if k is None:
                continue
            lacks = f"{v.what}: numeric - analytic = cotangent * {times_text(k, name)}"
            if abs(abs(k) - 2) < 1e-5 and (v.x.size == 1 or is_element_by_element(v)):
                return Cause("inner", f"{lacks}: in the factor, {name} has the wrong sign")
            return Cause("term", f"{lacks}, a missing term")
    for name, values in _products(v):
        k = _multiple(v, missing, values)
        if k is not None:
            return Cause("term", f"{v.what}: numeric - analytic = {times_text(k, name)}, a missing term")
    exponentials = [(f"exp({name})", np.exp(q)) for name, q in quantities]
    cotangents = [("the cotangent", fitted) for u in v.u for fitted in fitted_to(u, v.x.shape)]
    bases = [("constant", np.ones(v.x.shape)), *quantities, *cotangents, *exponentials]
    along = [tuple(range(v.x.ndim)), *[(axis,) for axis in range(v.x.ndim)], tuple(range(v.x.ndim))[-2:]]
    single = [[base] for base in bases]
    pairs = [[bases[0], base] for base in bases[1:]] + [list(p) for p in combinations(bases[1:4], 2)]
    for group in single + pairs:
        for axes in along:
            if _spanned(v, missing, [base for _, base in group], axes):
                names = " and ".join(name for name, _ in group)
                whole = len(axes) == v.x.ndim
                where = "" if whole else f" in each slice along axis {', '.join(map(str, axes))}"
                fits = "is constant" if names == "constant" else f"is a multiple of {names}".replace(
                    "a multiple of constant and ", "a constant plus a multiple of ")  # fmt: skip
                return Cause("term", f"{v.what} lacks a term: numeric - analytic {fits}{where}")
    return None


def _products(v: View) -> Iterator[tuple[str, Array]]:
    """Matrix products of the cotangent, the inputs and the output that have the shape of the input."""
    if len(v.u) > 1:
        return
    e, u = v.case.evidence, v.u[0]
    arrays = [*zip(e.labels, e.inputs, strict=True), ("out", v.outputs[0])]
    number = u.size == 1
    factors = [(name, a) for name, a in arrays if 0 < a.ndim < 3]
    pairs = [(p, q) for p in factors for q in factors] if number else []
    if not number and 0 < u.ndim < 3:
        pairs = [pair for p in factors for pair in ((("cotangent", u), p), (p, ("cotangent", u)))]
    for (left, a), (right, b) in pairs:
        for m, before in ((a, left), *(((a.T, f"{left}.T"),) if a.ndim == 2 else ())):
            for n, after in ((b, right), *(((b.T, f"{right}.T"),) if b.ndim == 2 else ())):
                scale = u.ravel()[0] if number else 1.0
                if m.shape[-1] == n.shape[0] and (m.shape[:-1] + n.shape[1:]) == v.x.shape:
                    yield f"{before} @ {after}" + " * cotangent" * number, scale * (m @ n)
                if m.ndim == n.ndim == 1 and (m.size, n.size) == v.x.shape:
                    yield f"outer({before}, {after})" + " * cotangent" * number, scale * np.outer(m, n)


def entry_by_entry(v: View) -> Cause | None:
    """A function element by element, with a Jacobian that has other numbers in the same places."""
    if not is_element_by_element(v):
        return None
    ratios = v.a[v.telling] / v.n[v.telling]
    varies = f"{v.what}: analytic / numeric varies from {digits_of(ratios.min())} to {digits_of(ratios.max())}"
    if len(v.u) == 1 and v.u[0].shape == v.x.shape:
        claimed, numeric = (_named(v, gradient) for gradient in (v.a, v.n))
        if claimed and numeric:
            return Cause("inner", f"{v.what} is {claimed}, and differences give {numeric}")
        if claimed or numeric:
            known = f"analytic is {claimed}" if claimed else f"numeric is {numeric}"
            return Cause("inner", f"{varies}, entry by entry; {known}")
    return Cause("inner", f"{varies}, entry by entry: another factor at each")


def _named(v: View, gradient: Array) -> str | None:
    """The formula of the input or the output that a gradient is, by the cotangent."""
    for name, values in _formulas(quantities_of(v)):
        for inverse in (False, True):
            found = v.u[0] / values if inverse else v.u[0] * values
            used = v.telling & np.isfinite(found) & (found != 0)
            k = float(np.median(gradient[used] / found[used])) if used.sum() > 1 else np.nan
            if any(abs(k - c) < 1e-5 for c in (1, -1, 2, -2, 3, -3, 0.5, -0.5)) and v.same(gradient, k * found):
                return times_text(k, "cotangent / " + name if inverse else "cotangent * " + name)
    return None


def _spanned(v: View, missing: Array, bases: Sequence[Array], axes: Shape) -> bool:
    """Whether combinations of the bases, with coefficients for each slice along the axes, give what is missing."""
    size = prod(v.x.shape[axis] for axis in axes)
    groups = v.x.size // max(size, 1)
    if size < len(bases) + 1 or v.x.size - groups * len(bases) < 2:
        return False

    def rows(array: Array) -> Array:
        last = tuple(range(v.x.ndim - len(axes), v.x.ndim))
        return np.moveaxis(np.broadcast_to(array, v.x.shape), axes, last).reshape(groups, size)

    target, tolerance, known = rows(missing), rows(v.allowed), rows(v.known)
    columns = np.stack([rows(base) for base in bases], axis=-1)
    if not np.isfinite(columns).all() or not known.all():
        return False
    for d, b, t in zip(target, columns, tolerance, strict=True):
        coefficients, *_ = np.linalg.lstsq(b, d, rcond=None)
        if np.any(np.abs(d - b @ coefficients) > 2 * t + 1e-7 * np.abs(d).max()):
            return False
    return True
