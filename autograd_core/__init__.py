"""Reverse-mode automatic differentiation on NumPy: tensors that remember how they were computed.

The public names, grouped, and nothing else.
"""

from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

# --- tensors and recording --------------------------------------------------------------------------------------------
from .engine import current_path, module_path
from .tensor import Tensor, asarray, enable_grad, no_grad, tensor  # isort: split

# --- derivatives ------------------------------------------------------------------------------------------------------
from .custom import checkpoint, custom_vjp
from .transforms import (
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)  # isort: split

# --- operations: all that ops/__init__.py imports ---------------------------------------------------------------------
from .ops import *  # isort: split

from .creation import arange, eye, full, linspace, ones, zeros  # isort: split

# --- defining operations ----------------------------------------------------------------------------------------------
from .examples import Apart, Distinct, Example, Interval, Raises, Subgradient
from .op import REGISTRY, Op, composed, elementwise, general, multilinear  # isort: split

from .op import linear as linear_operation

# --- seeing and checking ----------------------------------------------------------------------------------------------
from .testing import GradientMismatch, GradientReport, gradcheck
from .viz import Graph, draw  # isort: split

# --- the machine ------------------------------------------------------------------------------------------------------
from .config import config, show_config  # isort: split

# --- errors -----------------------------------------------------------------------------------------------------------
from .errors import (
    AutogradError,
    DataError,
    DTypeError,
    GraphError,
    IndexingError,
    MissingRuleError,
    OptionError,
    ShapeError,
)
from .memory import keep_freed_memory as _keep_freed_memory  # isort: split

__version__ = "0.1.0"

_keep_freed_memory()

if not _TYPE_CHECKING:  # readers of the source see the imports, which say the same
    __all__ = [
        name for name, value in globals().items() if not name.startswith("_") and not isinstance(value, _ModuleType)
    ]
