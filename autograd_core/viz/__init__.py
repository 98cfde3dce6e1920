"""Pictures of computations: what was applied to what, in which module, with which values, gradients and shapes.

Knows nodes, modules and what was seen of them. Does not compute, and keeps no node alive.
"""

from .drawing import draw
from .graph import Graph

__all__ = ["Graph", "draw"]
