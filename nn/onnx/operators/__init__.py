"""What ONNX's operators compute, in operations of autograd_core: those that are written here, and their near relations.

Each is a function of the attributes and of the inputs, None where one is left out. Source: ONNX operator schemas,
https://onnx.ai/onnx/operators/, versions 13 to 21.
"""

from .attributes import Operator
from .elementwise import OPERATORS as ELEMENTWISE
from .recurrences import OPERATORS as RECURRENCES
from .shapes import OPERATORS as SHAPES
from .windows import OPERATORS as WINDOWS

__all__ = ["OPERATORS"]

OPERATORS: dict[str, Operator] = {**ELEMENTWISE, **RECURRENCES, **SHAPES, **WINDOWS}
"""By the operator's name: a function of its attributes and its inputs."""
