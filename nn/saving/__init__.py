"""Files that keep what was learned: weights, trees of plain values and arrays, and whole runs. No file runs code."""

from .checkpoints import *
from .checkpoints import __all__ as _checkpoints
from .trees import *
from .trees import __all__ as _trees
from .weights import *
from .weights import __all__ as _weights

__all__ = [*_weights, *_trees, *_checkpoints]
