"""Wrong derivatives, as plain data, by what is wrong with them. To add one, add it to the list of its kind."""

from __future__ import annotations

from benchmarks.gradcheck.bugs import axes, conduct, factors, formulas, places, second_order
from benchmarks.gradcheck.bugs.bug import Bug

KINDS: dict[str, list[Bug]] = {
    "factor": factors.FACTORS,
    "sign": factors.SIGNS,
    "zero": factors.ZEROS,
    "cotangent": factors.COTANGENTS,
    "broadcast": axes.BROADCASTS,
    "transposed": axes.TRANSPOSED,
    "swapped": axes.SWAPPED,
    "some entries": places.ENTRIES,
    "one side of a number": places.REGIONS,
    "inner derivative": formulas.INNER,
    "missing term": formulas.TERMS,
    "no gradient at all": formulas.UNRELATED,
    "not finite": formulas.NOT_FINITE,
    "precision": conduct.PRECISION,
    "type": conduct.TYPES,
    "mutation": conduct.MUTATIONS,
    "aliasing": conduct.ALIASING,
    "repeatability": conduct.REPEATABILITY,
    "layout": conduct.LAYOUT,
    "forward mode": conduct.TRANSPOSITION,
    "single precision only": conduct.SINGLE,
    "second order only": second_order.SECOND_ORDER,
}

BUGS = [bug for bugs in KINDS.values() for bug in bugs]

__all__ = ["BUGS", "KINDS", "Bug"]
