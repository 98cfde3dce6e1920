"""Reverse-mode automatic differentiation on NumPy: tensors that remember how they were computed.

The public names, grouped, and nothing else.
"""

from .memory import keep_freed_memory as _keep_freed_memory

_keep_freed_memory()

# --- tensors and recording --------------------------------------------------------------------------------------------
from .engine import current_path, module_path
from .tensor import Tensor, asarray, enable_grad, no_grad, tensor  # isort: split

from .creation import arange, eye, full, linspace, ones, zeros  # isort: split

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

# --- operations -------------------------------------------------------------------------------------------------------
from .ops import (
    abs,
    absolute,
    add,
    alias,
    all,
    any,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    astype,
    avg_pool1d,
    avg_pool2d,
    broadcast_to,
    clip,
    concatenate,
    conv1d,
    conv1d_input,
    conv1d_weight,
    conv2d,
    conv2d_input,
    conv2d_weight,
    conv3d,
    conv3d_input,
    conv3d_weight,
    cos,
    cosh,
    cross_entropy,
    divide,
    dot,
    einsum,
    equal,
    exp,
    exp2,
    expand_dims,
    expm1,
    flip,
    getitem,
    greater,
    greater_equal,
    hypot,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    linear,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logsumexp,
    matmul,
    max,
    max_pool1d,
    max_pool2d,
    maximum,
    mean,
    min,
    minimum,
    moveaxis,
    multiply,
    negative,
    not_equal,
    ones_like,
    outer,
    pad,
    positive,
    power,
    prod,
    ravel,
    reciprocal,
    relu,
    repeat,
    reshape,
    roll,
    scatter_add,
    setitem,
    sigmoid,
    sign,
    sin,
    sinh,
    softmax,
    softplus,
    split,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    subtract,
    sum,
    swapaxes,
    tan,
    tanh,
    tensordot,
    tile,
    transpose,
    var,
    where,
    zeros_like,
)  # isort: split

# --- defining operations ----------------------------------------------------------------------------------------------
from .examples import Apart, Distinct, Example, Interval, Raises, Subgradient
from .op import REGISTRY, Op, composed, elementwise, general, multilinear  # isort: split
from .op import linear as linear_operation

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

__version__ = "0.1.0"
