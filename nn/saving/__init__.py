"""Files that keep what was learned: weights, trees of plain values and arrays, and whole runs. No file runs code."""

from .checkpoints import load_checkpoint, save_checkpoint
from .trees import load_tree, save_tree
from .weights import load_weights, read_weights, save_weights

__all__ = [
    "load_checkpoint",
    "load_tree",
    "load_weights",
    "read_weights",
    "save_checkpoint",
    "save_tree",
    "save_weights",
]
