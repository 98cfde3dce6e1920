"""The mathematics: every operation, one block each. This module is also the namespace that recorded rules compute in."""

from numpy import zeros  # a rule's constants are raw arrays in both modes

from . import indexing
from .activations import relu, sigmoid, softplus
from .arithmetic import absolute, add, divide, multiply, negative, positive, power, reciprocal, sign, sqrt, square, subtract
from .convolution import (
    conv1d,
    conv1d_input,
    conv1d_weight,
    conv2d,
    conv2d_input,
    conv2d_weight,
    conv3d,
    conv3d_input,
    conv3d_weight,
)
from .creation import alias, astype, ones_like, zeros_like
from .indexing import getitem, scatter_add, setitem
from .pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .products import dot, einsum, linear, matmul, outer, tensordot
from .reduction import all, any, argmax, argmin, logsumexp, max, mean, min, prod, std, sum, var
from .selection import (
    clip,
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    not_equal,
    where,
)
from .shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    pad,
    ravel,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
)
from .softmax import cross_entropy, log_softmax, softmax
from .transcendental import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    exp,
    exp2,
    expm1,
    hypot,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    sin,
    sinh,
    tan,
    tanh,
)

abs = absolute

__all__ = [name for name, value in globals().items() if hasattr(value, "op")]
