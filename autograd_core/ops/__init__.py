"""The mathematics: every operation, one block each. This module is also the namespace that recorded rules compute in.

A name imported here is public: `autograd_core` exports it too.
"""

from typing import TYPE_CHECKING

from . import indexing, linalg as linalg
from .activations import (
    relu as relu,
    sigmoid as sigmoid,
    softplus as softplus,
    softsign as softsign,
)
from .arithmetic import (
    absolute as absolute,
    add as add,
    divide as divide,
    multiply as multiply,
    negative as negative,
    positive as positive,
    power as power,
    reciprocal as reciprocal,
    sign as sign,
    sqrt as sqrt,
    square as square,
    subtract as subtract,
)
from .convolution import (
    conv1d as conv1d,
    conv1d_input as conv1d_input,
    conv1d_weight as conv1d_weight,
    conv2d as conv2d,
    conv2d_input as conv2d_input,
    conv2d_weight as conv2d_weight,
    conv3d as conv3d,
    conv3d_input as conv3d_input,
    conv3d_weight as conv3d_weight,
)
from .creation import (
    alias as alias,
    astype as astype,
    ones_like as ones_like,
    zeros_like as zeros_like,
)
from .indexing import (
    getitem as getitem,
    scatter_add as scatter_add,
    setitem as setitem,
)
from .pooling import (
    avg_pool1d as avg_pool1d,
    avg_pool2d as avg_pool2d,
    max_pool1d as max_pool1d,
    max_pool2d as max_pool2d,
)
from .products import (
    dot as dot,
    einsum as einsum,
    linear as linear,
    matmul as matmul,
    outer as outer,
    tensordot as tensordot,
)
from .reduction import (
    all as all,
    any as any,
    argmax as argmax,
    argmin as argmin,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    prod as prod,
    std as std,
    sum as sum,
    var as var,
)
from .selection import (
    clip as clip,
    equal as equal,
    greater as greater,
    greater_equal as greater_equal,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    less as less,
    less_equal as less_equal,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    maximum as maximum,
    minimum as minimum,
    not_equal as not_equal,
    where as where,
)
from .shape import (
    broadcast_to as broadcast_to,
    concatenate as concatenate,
    expand_dims as expand_dims,
    flip as flip,
    moveaxis as moveaxis,
    pad as pad,
    ravel as ravel,
    repeat as repeat,
    reshape as reshape,
    roll as roll,
    split as split,
    squeeze as squeeze,
    stack as stack,
    swapaxes as swapaxes,
    tile as tile,
    transpose as transpose,
)
from .softmax import (
    cross_entropy as cross_entropy,
    log_softmax as log_softmax,
    softmax as softmax,
)
from .transcendental import (
    arccos as arccos,
    arccosh as arccosh,
    arcsin as arcsin,
    arcsinh as arcsinh,
    arctan as arctan,
    arctan2 as arctan2,
    arctanh as arctanh,
    cos as cos,
    cosh as cosh,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    hypot as hypot,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    sin as sin,
    sinh as sinh,
    tan as tan,
    tanh as tanh,
)

abs = absolute

if not TYPE_CHECKING:
    from numpy import zeros  # a rule's constants are raw arrays in both modes

    # for readers of the source the imports say the same
    __all__ = [name for name, value in globals().items() if hasattr(value, "op")]
