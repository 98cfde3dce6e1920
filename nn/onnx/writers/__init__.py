"""Which nodes of ONNX compute an operation of autograd_core: a table, gathered from one file for each kind.

Knows operations by name, with their arguments and options. Does not know layers.
"""

from .elementwise import WRITERS as ELEMENTWISE
from .indexing import WRITERS as INDEXING
from .operands import Writer
from .reductions import WRITERS as REDUCTIONS
from .shapes import WRITERS as SHAPES
from .windows import WRITERS as WINDOWS

__all__ = ["OPERATIONS"]

OPERATIONS: dict[str, Writer] = {**ELEMENTWISE, **INDEXING, **REDUCTIONS, **SHAPES, **WINDOWS}
"""By the name of the operation: a function that writes it and gives the name of its result."""
