"""Rules about the Jacobian as claimed beside the one by differences: where it has its numbers, and which are missing.

Knows nothing of formulas. Small functions only, whose Jacobians can be had whole: the number of an output by the number
of an input says more than the sum over all outputs, in which two mistakes may look alike.
"""

from functools import cached_property

import numpy as np

from ..report import Cause
from .evidence import JACOBIAN, Array, View, broadcast_axes, index_text

_PRESENT = 10 * JACOBIAN  # share of the largest number of a Jacobian from which on another is no zero


class Both:
    """The two Jacobians, in the columns where differences were taken, and what is zero or right in them."""

    def __init__(self, claimed: Array, numeric: Array) -> None:
        self.claimed, self.numeric = claimed, numeric
        self.scale = max(float(np.abs(claimed).max()), float(np.abs(numeric).max()))
        self.right = np.abs(claimed - numeric) <= JACOBIAN * self.scale
        self.given = np.abs(claimed) > JACOBIAN * self.scale
        self.wanted = np.abs(numeric) > _PRESENT * self.scale

    @classmethod
    def of(cls, v: View) -> "Both | None":
        """None where one of them is not known, or they agree: then the VJP is not what its Jacobian says."""
        if v.both is None or not all(np.isfinite(j).all() for j in v.both):
            return None
        both = cls(*v.both)
        return None if both.right.all() else both

    @cached_property
    def element_by_element(self) -> bool:
        """Whether no number of the output depends on two of the input, and the claim says so too."""
        several = self.numeric.shape[1] > 1 and self.wanted.any()
        return bool(several and self.wanted.sum(axis=1).max() == 1 and not (self.given & ~self.at_all).any())

    @property
    def at_all(self) -> Array:
        """Where the numeric one may be more than zero."""
        return np.abs(self.numeric) > JACOBIAN * self.scale


def is_element_by_element(v: View) -> bool:
    """Whether each number of the output depends on one of the input, as far as can be told; also if there are many."""
    if (both := Both.of(v)) is not None:
        return both.element_by_element
    if len(v.u) > 1 or v.u[0].shape != v.x.shape or v.x.size < 2 or v.columns is None:
        return False
    present = np.abs(np.nan_to_num(v.columns)) > _PRESENT * np.nanmax(np.abs(v.columns))
    half = np.arange(v.x.size).reshape(v.x.shape) % 2 == 0
    found = v.pulled([np.where(half, v.u[0], 0)])
    alone = found is not None and np.abs(found[~half]).max() <= JACOBIAN * v.scale
    return bool(alone and present.sum(axis=1).max() == 1)


def partly_summed(v: View) -> Cause | None:
    """Of what depends on all of the input, some numbers of the output contribute rightly, the others not at all."""
    both = Both.of(v)
    if both is None or len(v.outputs) > 1:
        return None
    wanted, right = both.wanted.any(axis=1), both.right.all(axis=1)
    gone = wanted & ~right & ~both.given.any(axis=1)
    there = wanted & right
    if not gone.any() or not there.any() or not np.all(right | gone):
        return None
    if not np.array_equal(both.wanted[gone].any(axis=0), both.wanted[there].any(axis=0)):
        return None
    y = v.outputs[0]
    values = y.ravel()
    if min(gone.sum(), there.sum()) > 1 and (values[gone].max() < 0 < values[there].min()):
        return None  # more probably a case distinction
    return Cause("broadcast", f"{v.what}: {_contributors(there, gone, y.shape)}: the sum over them is not whole")


def _contributors(there: Array, gone: Array, shape: tuple[int, ...]) -> str:
    index = np.indices(shape).reshape(len(shape), -1)
    for axis, length in enumerate(shape):
        kept, left = set(index[axis][there].tolist()), set(index[axis][gone].tolist())
        if not kept & left:
            which = ", ".join(map(str, sorted(kept)))
            one = len(kept) == 1
            return (
                f"of the {length} slices along axis {axis} of the output only slice{'' if one else 's'} {which} "
                f"contribute{'s' if one else ''}"
            )
    return f"only {there.sum()} of the {there.sum() + gone.sum()} numbers of the output that depend on it contribute"


def used_again(v: View) -> Cause | None:
    """Right for what one number of the output depends on, wrong for what several do, as with indices that repeat."""
    both = Both.of(v)
    if both is None or v.columns is None:
        return None
    uses = both.wanted.sum(axis=0)
    wrong = ~both.right.all(axis=0)
    if not (uses == 1).any() or not np.array_equal(wrong, uses > 1):
        return None
    missing = np.all(both.right | ~both.given) and not both.given[:, wrong].all()
    why = ": of what is to be added up, some is missing" if missing else ""
    known = np.argwhere(np.isfinite(v.columns).all(axis=0))[:, 0]
    first = index_text(np.unravel_index(known[np.argmax(wrong)], v.x.shape))
    return Cause(
        "entries", f"{v.what} is wrong in the {wrong.sum()} entries that several numbers of the output depend on, as "
        f"{first}, and right in the {(uses == 1).sum()} that one depends on{why}"
    )  # fmt: skip


def in_other_places(v: View) -> Cause | None:
    """Each row of the Jacobian has the right numbers, in other columns; or each column, in other rows."""
    both = Both.of(v)
    if both is None or v.wrong.sum() < 2:
        return None
    for axis, words in ((1, "each number of the output"), (0, "each number of the input")):
        used, claimed = both.wanted.any(axis=1 - axis), both.given.any(axis=1 - axis)
        if used.sum() < 2 or claimed.sum() < 2:
            continue  # one number for all is another mistake
        apart = np.abs(np.sort(both.claimed, axis) - np.sort(both.numeric, axis)).max()
        if apart > min(JACOBIAN * both.scale, 0.01 * np.abs(both.claimed - both.numeric).max()):
            continue
        copied = [axes for y in v.outputs if (axes := broadcast_axes(v.x.shape, y.shape))]
        if copied and axis == 1:
            along = ", ".join(map(str, copied[0]))
            return Cause(
                "broadcast", f"{v.what}: {words} contributes the right amount to the wrong entry: summed over another "
                f"axis than {along}, along which {v.label} was broadcast"
            )  # fmt: skip
        return Cause("transposed", f"{v.what}: for {words} the Jacobian has the right numbers in other places")
    return None


def partly_there(v: View) -> Cause | None:
    """What is claimed is right where it is not zero, and not all; or all, and something else besides."""
    both = Both.of(v)
    if both is None or min(both.numeric.shape) < 2:
        return None
    if not (both.given & ~both.right).any():
        return Cause(
            "term", f"{v.what} has {both.given.sum()} of the {both.wanted.sum()} numbers of the Jacobian, which are "
            "right, and 0 for the others: a term is missing"
        )  # fmt: skip
    if not (both.at_all & ~both.right).any():
        return Cause(
            "term", f"{v.what} has the right Jacobian, and {(both.given & ~both.right).sum()} more numbers where that "
            "is 0: a term too many"
        )  # fmt: skip
    return None
