"""Statistics of several variables: covariances and correlations, composed of means and a matrix product."""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises
from ..op import composed
from .arithmetic import sqrt
from .creation import astype
from .joining import concatenate
from .operands import operand, share_record, value_of
from .products import matmul
from .reduction import sum
from .shape import reshape, squeeze, swapaxes

_WIDE = Interval(-3, 3)


def _variables(x, rowvar, who, name):
    """One variable a row, one observation a column."""
    if x.ndim > 2:
        raise ShapeError(f"{who}: {name} must have at most 2 axes, variables and observations; got shape {x.shape}")
    if x.ndim < 2:
        return reshape(x, (1, x.size))
    return x if rowvar else swapaxes(x, 0, 1)


def _weights(w, who, name, n, dtype):
    """Weights of the observations, in the type of the data."""
    w = operand(w, who)
    if w.shape != (n,):
        raise ShapeError(f"{who}: {name} must have one weight for each of the {n} observations; got shape {w.shape}")
    values = value_of(w)
    if np.any(values < 0):
        raise OptionError(f"{who}: {name} must not be negative")
    if name == "fweights" and np.any(values != np.around(values)):
        raise OptionError(f"{who}: fweights are numbers of repetitions and must be whole")
    return astype(w, dtype)


def cov(m, /, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """Covariance matrix of variables, the mean product of their deviations; of one variable, its variance.

    Variables are the rows of m (with rowvar=False the columns), and of y, which is joined on. The mean is taken over
    n - ddof observations, ddof being 1 unless given (0 with bias). `fweights` says how often each observation counts,
    `aweights` how much; these have derivatives too. The result has the type of m and y, where NumPy's is float64.

    Shapes: m (variables, observations) or (observations,), y alike -> (variables, variables), or () for one variable.

    >>> ag.cov(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    return _cov("cov", m, y, rowvar, bias, ddof, fweights, aweights, dtype)


def _cov(who, m, y, rowvar, bias, ddof, fweights, aweights, dtype):
    m, y = operand(m, who), None if y is None else operand(y, who)
    if ddof is not None and ddof != int(ddof):
        raise OptionError(f"{who}: ddof must be a whole number, got {ddof}")
    ddof = ddof if ddof is not None else 0 if bias else 1
    own = m.dtype if y is None else np.result_type(m.dtype, y.dtype)
    dtype = np.dtype(dtype) if dtype is not None else own if own.kind == "f" else np.dtype(np.float64)
    if dtype.kind != "f":
        raise OptionError(f"{who}: dtype={dtype}: a floating point type is needed")
    x = _variables(astype(m, dtype), rowvar, who, "m")
    if y is not None:
        y = astype(y, dtype)
        x = concatenate([x, _variables(y, rowvar or y.shape[0] == 1, who, "y")])
    n = x.shape[1]
    f = None if fweights is None else _weights(fweights, who, "fweights", n, dtype)
    a = None if aweights is None else _weights(aweights, who, "aweights", n, dtype)
    w = f if a is None else a if f is None else f * a
    total = n if w is None else sum(w)
    free = total - ddof if a is None or not ddof else total - ddof * sum(w * a) / total
    if np.any(value_of(free) <= 0):
        raise OptionError(
            f"{who}: {n} observations{'' if w is None else ' with these weights'} leave no degree of freedom with "
            f"ddof={ddof}; give more observations, or lower ddof"
        )
    mean = sum(x if w is None else x * w, axis=1, keepdims=True) / total
    deviations = x - mean
    products = matmul(deviations, swapaxes(deviations if w is None else deviations * w, 0, 1))
    return squeeze(products / free)


_WHOLE_WEIGHTS = np.array([1, 3, 0, 2])
_SHARES = np.array([0.5, 1.0, 2.0, 0.25], np.float16)  # exact in the narrowest type


@composed(
    name="cov",
    domain={"m": _WIDE, "y": _WIDE, "aweights": Interval(0.5, 2)},
    examples=[
        Example(m=(3, 4)),
        Example(m=(4,)),
        Example(m=(4, 2), rowvar=False),
        Example(m=(2, 4), bias=True),
        Example(m=(2, 4), ddof=2),
        Example(m=(2, 4), ddof=0, dtype=np.float64),
        Example(m=(4,), y=(4,)),
        Example(m=(2, 4), y=(4,)),
        Example(m=(4, 2), y=(4, 3), rowvar=False),
        Example(m=(2, 4), fweights=_WHOLE_WEIGHTS),
        Example(m=(2, 4), fweights=_WHOLE_WEIGHTS, bias=True),
        Example(m=(2, 4), y=(2, 4), aweights=(4,)),
        Example(m=(3, 4), y=None, aweights=(4,), fweights=_WHOLE_WEIGHTS, ddof=2),
        Example(m=(4,), y=None, aweights=(4,), bias=True),
        Example(m=(0, 4)),
    ],
    reference=lambda m, y=None, aweights=None, **options: np.cov(m, y, aweights=aweights, **options),
    errors=[
        Raises(OptionError, "no degree of freedom", m=(2, 1)),
        Raises(ShapeError, "at most 2 axes", m=(2, 2, 2)),
        Raises(ShapeError, "must match exactly", m=(2, 3), y=(2, 4)),
        Raises(ShapeError, "one weight for each of the 4 observations", m=(2, 4), fweights=np.ones(3)),
        Raises(OptionError, "must be whole", m=(2, 2), fweights=np.array([0.5, 1.0])),
        Raises(OptionError, "must not be negative", m=(2, 2), aweights=np.array([-1.0, 2.0]), y=None),
        Raises(OptionError, "ddof must be a whole number", m=(2, 2), ddof=0.5),
        Raises(OptionError, "a floating point type", m=(2, 2), dtype=np.int64),
    ],
)
def _weighted_cov(m, y=None, aweights=None, /, rowvar=True, bias=False, ddof=None, fweights=None, *, dtype=None):
    return cov(m, y, rowvar, bias, ddof, fweights, aweights, dtype=dtype)


share_record(cov, _weighted_cov)


def corrcoef(x, /, y=None, rowvar=True, *, dtype=None):
    """Correlation coefficients of variables: their covariances in units of both standard deviations.

    Variables are the rows of x (with rowvar=False the columns), and of y, which is joined on. A variable that does not
    vary has no correlation: NaN.

    Shapes: x (variables, observations) or (observations,), y alike -> (variables, variables), or () for one variable.

    >>> ag.corrcoef(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    c = _cov("corrcoef", x, y, rowvar, False, None, None, None, dtype)
    if not c.ndim:
        return c / c
    each = np.arange(len(c))
    deviation = sqrt(c[each, each])
    r = c / reshape(deviation, (-1, 1)) / deviation
    # Rounding may lead beyond 1. The way back is a constant: a clipped element would lose its derivative.
    return r - (value_of(r) - np.clip(value_of(r), -1, 1))


@composed(
    name="corrcoef",
    domain=Distinct(),
    examples=[
        Example(x=(3, 4)),
        Example(x=(4,)),
        Example(x=(5, 2), rowvar=False),
        Example(x=(4,), y=(4,)),
        Example(x=(4, 1), y=(4, 2), rowvar=False),
        Example(x=(2, 4), dtype=np.float64),
        Example(x=(0, 4)),
    ],
    reference=np.corrcoef,
    errors=[
        Raises(OptionError, "no degree of freedom", x=(2, 1)),
        Raises(ShapeError, "at most 2 axes", x=(2, 2, 2)),
    ],
)
def _corrcoef(x, y=None, /, rowvar=True, *, dtype=None):
    return corrcoef(x, y, rowvar, dtype=dtype)


share_record(corrcoef, _corrcoef)
