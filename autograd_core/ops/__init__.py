"""The mathematics: every operation, one block each. This module is also the namespace that recorded rules compute in.

A name imported here is public: `autograd_core` exports it too.
"""

from typing import TYPE_CHECKING

from . import fft as fft, indexing, linalg as linalg, special as special
from .activations import (
    elu as elu,
    hardtanh as hardtanh,
    leaky_relu as leaky_relu,
    relu as relu,
    sigmoid as sigmoid,
    softplus as softplus,
    softsign as softsign,
)
from .applying import (
    apply_along_axis as apply_along_axis,
    apply_over_axes as apply_over_axes,
)
from .arithmetic import (
    absolute as absolute,
    add as add,
    cbrt as cbrt,
    conjugate as conjugate,
    divide as divide,
    fabs as fabs,
    imag as imag,
    multiply as multiply,
    negative as negative,
    positive as positive,
    power as power,
    real as real,
    real_if_close as real_if_close,
    reciprocal as reciprocal,
    sign as sign,
    sqrt as sqrt,
    square as square,
    subtract as subtract,
)
from .averages import average as average
from .bits import (
    copysign as copysign,
    frexp as frexp,
    ldexp as ldexp,
    nextafter as nextafter,
    signbit as signbit,
    spacing as spacing,
)
from .calculus import (
    diff as diff,
    ediff1d as ediff1d,
    gradient as gradient,
    trapezoid as trapezoid,
    unwrap as unwrap,
)
from .contraction import einsum as einsum
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
from .covariance import (
    corrcoef as corrcoef,
    cov as cov,
)
from .creation import (
    alias as alias,
    astype as astype,
    copy as copy,
    empty_like as empty_like,
    full_like as full_like,
    ones_like as ones_like,
    zeros_like as zeros_like,
)
from .deviation import (
    std as std,
    var as var,
)
from .diagonal import (
    diag as diag,
    diagflat as diagflat,
    diagonal as diagonal,
    trace as trace,
    tril as tril,
    triu as triu,
    vander as vander,
)
from .grids import (
    geomspace as geomspace,
    linspace as linspace,
    logspace as logspace,
    meshgrid as meshgrid,
)
from .indexing import (
    getitem as getitem,
    scatter_add as scatter_add,
    setitem as setitem,
)
from .interpolation import interp as interp
from .joining import (
    append as append,
    block as block,
    column_stack as column_stack,
    concatenate as concatenate,
    dstack as dstack,
    hstack as hstack,
    insert as insert,
    stack as stack,
    vstack as vstack,
)
from .losses import squared_error as squared_error
from .nan_reductions import (
    nanmax as nanmax,
    nanmean as nanmean,
    nanmin as nanmin,
    nanprod as nanprod,
    nanstd as nanstd,
    nansum as nansum,
    nanvar as nanvar,
)
from .order_statistics import (
    median as median,
    nanmedian as nanmedian,
    nanpercentile as nanpercentile,
    nanquantile as nanquantile,
    percentile as percentile,
    ptp as ptp,
    quantile as quantile,
)
from .padding import pad as pad
from .polynomials import (
    poly as poly,
    polyadd as polyadd,
    polyder as polyder,
    polydiv as polydiv,
    polyfit as polyfit,
    polyint as polyint,
    polymul as polymul,
    polysub as polysub,
    polyval as polyval,
)
from .pooling import (
    avg_pool1d as avg_pool1d,
    avg_pool2d as avg_pool2d,
    avg_pool3d as avg_pool3d,
    max_pool1d as max_pool1d,
    max_pool2d as max_pool2d,
    max_pool3d as max_pool3d,
)
from .products import (
    dot as dot,
    linear as linear,
    matmul as matmul,
    outer as outer,
    tensordot as tensordot,
)
from .recurrence import (
    gru_recurrence as gru_recurrence,
    lstm_recurrence as lstm_recurrence,
    rnn_recurrence as rnn_recurrence,
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
    sum as sum,
)
from .reordering import (
    flip as flip,
    fliplr as fliplr,
    flipud as flipud,
    roll as roll,
    rot90 as rot90,
)
from .repeating import (
    repeat as repeat,
    resize as resize,
    tile as tile,
)
from .rounding import (
    ceil as ceil,
    divmod as divmod,
    fix as fix,
    floor as floor,
    floor_divide as floor_divide,
    fmod as fmod,
    modf as modf,
    remainder as remainder,
    rint as rint,
    round as round,
    trunc as trunc,
)
from .scan import (
    add_reduceat as add_reduceat,
    cummax as cummax,
    cummin as cummin,
    cumprod as cumprod,
    cumsum as cumsum,
    cumulative_prod as cumulative_prod,
    cumulative_sum as cumulative_sum,
    logcumsumexp as logcumsumexp,
    multiply_reduceat as multiply_reduceat,
    nancumprod as nancumprod,
    nancumsum as nancumsum,
)
from .selection import (
    clip as clip,
    equal as equal,
    fmax as fmax,
    fmin as fmin,
    greater as greater,
    greater_equal as greater_equal,
    heaviside as heaviside,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    isneginf as isneginf,
    isposinf as isposinf,
    less as less,
    less_equal as less_equal,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    logical_xor as logical_xor,
    maximum as maximum,
    minimum as minimum,
    nan_to_num as nan_to_num,
    not_equal as not_equal,
    where as where,
)
from .shape import (
    atleast_1d as atleast_1d,
    atleast_2d as atleast_2d,
    atleast_3d as atleast_3d,
    broadcast_arrays as broadcast_arrays,
    broadcast_to as broadcast_to,
    expand_dims as expand_dims,
    matrix_transpose as matrix_transpose,
    moveaxis as moveaxis,
    ravel as ravel,
    reshape as reshape,
    rollaxis as rollaxis,
    squeeze as squeeze,
    swapaxes as swapaxes,
    transpose as transpose,
)
from .signals import (
    convolve as convolve,
    correlate as correlate,
)
from .sinc_and_i0 import (
    i0 as i0,
    i0_derivative as i0_derivative,
    sinc as sinc,
    sinc_derivative as sinc_derivative,
)
from .softmax import (
    cross_entropy as cross_entropy,
    log_softmax as log_softmax,
    softmax as softmax,
)
from .sorting import (
    argpartition as argpartition,
    argsort as argsort,
    partition as partition,
    searchsorted as searchsorted,
    sort as sort,
    unique as unique,
)
from .splitting import (
    array_split as array_split,
    delete as delete,
    dsplit as dsplit,
    hsplit as hsplit,
    split as split,
    trim_zeros as trim_zeros,
    unstack as unstack,
    vsplit as vsplit,
)
from .standardization import (
    standardize as standardize,
    standardize_affine as standardize_affine,
)
from .taking import (
    bincount as bincount,
    choose as choose,
    compress as compress,
    extract as extract,
    piecewise as piecewise,
    select as select,
    take as take,
    take_along_axis as take_along_axis,
)
from .transcendental import (
    angle as angle,
    arccos as arccos,
    arccosh as arccosh,
    arcsin as arcsin,
    arcsinh as arcsinh,
    arctan as arctan,
    arctan2 as arctan2,
    arctanh as arctanh,
    cos as cos,
    cosh as cosh,
    deg2rad as deg2rad,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    hypot as hypot,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    logaddexp2 as logaddexp2,
    rad2deg as rad2deg,
    sin as sin,
    sinh as sinh,
    tan as tan,
    tanh as tanh,
)
from .vector_products import (
    cross as cross,
    inner as inner,
    kron as kron,
    matvec as matvec,
    vdot as vdot,
    vecdot as vecdot,
    vecmat as vecmat,
)
from .windows import sliding_window_view as sliding_window_view

abs = absolute
conj = conjugate
degrees = rad2deg
mod = remainder
radians = deg2rad

if not TYPE_CHECKING:
    from numpy import zeros  # a rule's constants are raw arrays in both modes

    # for readers of the source the imports say the same
    __all__ = [name for name, value in globals().items() if hasattr(value, "op")]
