"""What ONNX's operators compute, in operations of autograd_core: those that are written here, and their near relations.

Each is a function of the attributes and of the inputs, None where one is left out. Source: ONNX operator schemas,
https://onnx.ai/onnx/operators/, versions 13 to 21.
"""

from . import elementwise, recurrences, shapes, windows
from .attributes import Operator

__all__ = ["OPERATORS"]

OPERATORS: dict[str, Operator] = {
    **elementwise.OPERATORS,
    **recurrences.OPERATORS,
    **shapes.OPERATORS,
    **windows.OPERATORS,
}
"""By the operator's name: a function of its attributes and its inputs."""
