"""Which nodes of ONNX compute an operation of autograd_core: a table, gathered from one file for each kind.

Knows operations by name, with their arguments and options. Does not know layers.
"""

from . import elementwise, indexing, reductions, shapes, windows
from .operands import Writer

__all__ = ["OPERATIONS"]

OPERATIONS: dict[str, Writer] = {
    **elementwise.WRITERS,
    **indexing.WRITERS,
    **reductions.WRITERS,
    **shapes.WRITERS,
    **windows.WRITERS,
}
"""By the name of the operation: a function that writes it and gives the name of its result."""
