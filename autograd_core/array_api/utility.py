"""Utility functions: truth along axes, and differences."""

import numpy as np

from .delegation import evaluate, same_as

__all__ = ["all", "any", "diff"]


@same_as(np.all)
def all(x, /, *, axis=None, keepdims=False):
    """Whether all elements along axes are true (not zero); a constant."""


@same_as(np.any)
def any(x, /, *, axis=None, keepdims=False):
    """Whether any element along axes is true (not zero); a constant."""


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    """The differences between neighbours along an axis, n times."""
    ends = {name: end for name, end in (("prepend", prepend), ("append", append)) if end is not None}
    return evaluate(np.diff, x, n, axis, **ends)
