"""Reverse-mode automatic differentiation on NumPy: tensors that remember how they were computed.

The public names, grouped, and nothing else.

PYTEST_DONT_REWRITE: pytest loads the plugin that comes along, and need not watch the assertions here.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

# --- tensors and recording --------------------------------------------------------------------------------------------
from .engine import current_path, enter_module, leave_module
from .performing import capturing, perform, performed, rewriting
from .recording import enable_grad, no_grad
from .tensor import Tensor, asarray, from_dlpack, tensor  # isort: split

# --- randomness -------------------------------------------------------------------------------------------------------
from .randomness import generator, manual_seed  # isort: split

# --- derivatives ------------------------------------------------------------------------------------------------------
from .custom import checkpoint, custom_vjp
from .transforms import (
    elementwise_grad,
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

from .ops import fft, linalg, special  # isort: split

from .creation import arange, eye, full, geomspace, linspace, logspace, ones, zeros  # isort: split

# --- defining operations ----------------------------------------------------------------------------------------------
from .examples import Apart, Distinct, Example, Interval, Matrices, Raises, Subgradient
from .op import REGISTRY, Op, composed, elementwise, general, multilinear  # isort: split

from .op import linear as linear_operation

# --- seeing and checking ----------------------------------------------------------------------------------------------
if _TYPE_CHECKING:
    from . import array_api, testing
    from .capture import Compiled, Program, compile, read_program, trace
    from .explaining import Explanation, explain
    from .kernels.passes import in_one_pass, machine_code
    from .metering import metered
    from .profiling import Profile, profile
    from .taping import Tape, taped
    from .testing import GradientMismatch, GradientReport, gradcheck
    from .viz import Graph, draw
    from .watching import watch
    from .why import detect_anomaly, why_nan, why_none

# --- the machine ------------------------------------------------------------------------------------------------------
from .config import config, show_config
from .parallel import get_num_threads, set_num_threads  # isort: split

# --- errors -----------------------------------------------------------------------------------------------------------
from .errors import (
    AnomalyError,
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
del trace  # of a matrix alone; `capture` has that of a function too

# imported when first asked for, a module or a name from it: most programs neither draw nor check
_LAZY = {
    "array_api": "array_api",
    "testing": "testing",
    "GradientMismatch": "testing",
    "GradientReport": "testing",
    "gradcheck": "testing",
    "Graph": "viz",
    "draw": "viz",
    "watch": "watching",
    "Explanation": "explaining",
    "explain": "explaining",
    "detect_anomaly": "why",
    "why_nan": "why",
    "why_none": "why",
    "compile": "capture",
    "Compiled": "capture",
    "Program": "capture",
    "read_program": "capture",
    "trace": "capture",
    "in_one_pass": "kernels.passes",
    "machine_code": "kernels.passes",
    "metered": "metering",
    "Tape": "taping",
    "taped": "taping",
    "Profile": "profiling",
    "profile": "profiling",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd_core' has no attribute {name!r}")
    module = _import_module(f".{_LAZY[name]}", __name__)
    value = globals()[name] = module if name == _LAZY[name] else getattr(module, name)
    return value


if not _TYPE_CHECKING:  # for readers of the source the imports say the same
    _eager = [name for name, value in globals().items() if name[0] != "_" and not isinstance(value, _ModuleType)]
    __all__ = [*_eager, "fft", "linalg", "special", *_LAZY]  # noqa: PLE0604
