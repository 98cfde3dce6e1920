"""Activation functions: what stands between layers.

`inplace` is taken everywhere where PyTorch takes it, and has no effect: results are new arrays. Where a function has a
kink, its slope there is the one that PyTorch takes, which is that of the left side unless something else is said.
"""

import math
from typing import Any, Literal

import numpy as np

import autograd_core as ag

from ..randomness import RandomSource, generator

__all__ = [
    # rectifiers
    "celu",
    "elu",
    "gelu",
    "hardswish",
    "leaky_relu",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "silu",
    "softplus",
    "threshold",
    # between two bounds
    "hardsigmoid",
    "hardtanh",
    "logsigmoid",
    "sigmoid",
    "softsign",
    "step",
    "tanh",
    # nothing near 0
    "hardshrink",
    "softshrink",
    "tanhshrink",
    # with a gate
    "glu",
]

# --- rectifiers: about 0 on the left, about x on the right ------------------------------------------------------------


def relu(input: Any, inplace: bool = False) -> Any:
    """Rectified linear unit ``max(x, 0)``, element by element; its slope at 0 is 0.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return ag.relu(input)


def relu6(input: Any, inplace: bool = False) -> Any:
    """``min(max(x, 0), 6)``, element by element; its slope at 0 and at 6 is 0.

    >>> relu6(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """
    return hardtanh(input, 0.0, 6.0)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x on the right of 0, ``negative_slope * x`` on the left, element by element.

    Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models (2013).

    >>> leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return ag.leaky_relu(input, negative_slope)


def prelu(input: Any, weight: Any) -> Any:
    """x on the right of 0, ``weight * x`` on the left, with one weight for all or one for each channel.

    Shapes: input (...) or (N, channels, ...); weight (), (1,) or (channels,) -> that of the input.
    Errors: ShapeError for another number of weights.
    Source: He et al., Delving deep into rectifiers (2015).

    >>> prelu(np.array([[-1.0, -1.0]]), np.array([0.1, 0.2]))
    array([[-0.1, -0.2]])
    """
    shape, count = np.shape(input), np.size(weight)
    if count != 1 and (len(shape) < 2 or count != shape[1] or np.ndim(weight) != 1):
        raise ag.ShapeError(
            f"prelu: one weight is needed, or one for each channel (axis 1); got weight {np.shape(weight)} "
            f"for x {shape}"
        )
    slopes = ag.reshape(weight, (1, -1, *(1,) * (len(shape) - 2)) if count != 1 else ())
    return ag.where(input > 0, input, slopes * input)


def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    rng: RandomSource = None,
) -> Any:
    """x on the right of 0; on the left x times a slope, drawn for each element from [lower, upper) in `training`.

    Otherwise the slope is the middle of both bounds.
    Errors: OptionError for a lower bound above the upper one.
    Source: Xu et al., Empirical evaluation of rectified activations in convolutional network (2015).

    >>> rrelu(np.array([-1.0, 2.0]), 0.1, 0.3)
    array([-0.2,  2. ])
    """
    if not lower <= upper:
        raise ag.OptionError(f"rrelu: lower must not be above upper, got {lower!r} and {upper!r}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    shape, dtype = np.shape(input), floating(input)

    def drawn() -> Any:
        return generator(rng, "rrelu").uniform(lower, upper, shape).astype(dtype)

    return ag.where(input > 0, input, ag.perform(drawn) * input)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x on the right of 0, ``alpha (e**x - 1)`` on the left, element by element.

    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by ELUs (2015).

    >>> elu(np.array([-1e4, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    return ag.elu(input, alpha)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x on the right of 0, ``alpha (e**(x / alpha) - 1)`` on the left: its slope is continuous for every alpha.

    Errors: OptionError for alpha 0.
    Source: Barron, Continuously differentiable exponential linear units (2017).

    >>> celu(np.array([-1e4, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    if alpha == 0:
        raise ag.OptionError("celu: alpha must not be 0, which x is divided by")
    return ag.where(input > 0, input, alpha * ag.expm1(_left(input) / alpha))


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: Any, inplace: bool = False) -> Any:
    """An `elu`, scaled such that layers of it keep mean 0 and variance 1.

    Source: Klambauer et al., Self-normalizing neural networks (2017), with their two constants.

    >>> selu(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """
    return _SELU_SCALE * elu(input, _SELU_ALPHA)


def gelu(input: Any, approximate: Literal["none", "tanh"] = "none") -> Any:
    """``x P(Z <= x)`` for a standard normal Z, element by element; approximately, with a tanh, where that is asked for.

    Errors: OptionError for another approximation.
    Source: Hendrycks, Gimpel, Gaussian error linear units (2016).

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximate == "none":
        return input * ag.special.ndtr(input)
    if approximate != "tanh":
        raise ag.OptionError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    inner = math.sqrt(2 / math.pi) * input * (1 + 0.044715 * ag.square(input))
    return 0.5 * input * (1 + ag.tanh(inner))


def silu(input: Any, inplace: bool = False) -> Any:
    """``x sigmoid(x)``, element by element, also called swish.

    >>> silu(np.array([0.0, 40.0]))
    array([ 0., 40.])
    """
    return input * ag.sigmoid(input)


def mish(input: Any, inplace: bool = False) -> Any:
    """``x tanh(log(1 + e**x))``, element by element.

    Source: Misra, Mish: a self regularized non-monotonic activation function (2019).

    >>> mish(np.array([0.0, 40.0]))
    array([ 0., 40.])
    """
    return input * ag.tanh(ag.softplus(input))


def hardswish(input: Any, inplace: bool = False) -> Any:
    """``x hardsigmoid(x)``, element by element.

    Source: Howard et al., Searching for MobileNetV3 (2019).

    >>> hardswish(np.array([-4.0, 0.0, 3.0]))
    array([-0.,  0.,  3.])
    """
    return input * hardsigmoid(input)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """``log(1 + e**(beta x)) / beta``, element by element; x itself where ``beta x`` is above the threshold.

    The threshold is PyTorch's, and what it changes is at most e**-threshold: nothing overflows here without it.
    Errors: OptionError for beta 0.

    >>> softplus(np.array([0.0, 1e4])).round(4)
    array([6.931e-01, 1.000e+04])
    """
    if beta == 0:
        raise ag.OptionError("softplus: beta must not be 0, which is divided by")
    if beta == 1:
        return ag.where(input > threshold, input, ag.softplus(input))
    scaled = beta * input
    return ag.where(scaled > threshold, input, ag.softplus(scaled) / beta)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """x where it is above the threshold, and the value elsewhere.

    >>> threshold(np.array([0.5, 2.0]), 1.0, -1.0)
    array([-1.,  2.])
    """
    return ag.where(input <= threshold, value, input)


# --- between two bounds -----------------------------------------------------------------------------------------------


def sigmoid(input: Any) -> Any:
    """``1 / (1 + e**-x)``, element by element, without overflow.

    >>> sigmoid(np.array([0.0, 1e4]))
    array([0.5, 1. ])
    """
    return ag.sigmoid(input)


def logsigmoid(input: Any) -> Any:
    """``log(1 / (1 + e**-x))``, element by element, without overflow.

    >>> logsigmoid(np.array([-1e4, 0.0]))
    array([-1.00000000e+04, -6.93147181e-01])
    """
    return ag.negative(ag.softplus(ag.negative(input)))


def tanh(input: Any) -> Any:
    """Hyperbolic tangent, element by element.

    >>> tanh(np.array([0.0, 1e4]))
    array([0., 1.])
    """
    return ag.tanh(input)


def softsign(input: Any) -> Any:
    """``x / (1 + |x|)``, element by element.

    >>> softsign(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """
    return ag.softsign(input)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """x, and the bound where it is outside of both bounds; its slope at the bounds is 0.

    Errors: OptionError for a min_val above max_val.

    >>> hardtanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    if not min_val <= max_val:
        raise ag.OptionError(f"hardtanh: min_val must not be above max_val, got {min_val!r} and {max_val!r}")
    return ag.hardtanh(input, min_val, max_val)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """``x / 6 + 1/2`` between -3 and 3, 0 on the left and 1 on the right; its slope at -3 and 3 is 0.

    >>> hardsigmoid(np.array([-4.0, 0.0, 4.0]))
    array([0. , 0.5, 1. ])
    """
    return ag.hardtanh(input, -3.0, 3.0) / 6 + 0.5


def step(input: Any) -> Any:
    """1 where x is above 0, else 0: the threshold unit. It is flat, so its gradient is 0 everywhere.

    A network of such units cannot be learned by gradients; `nn.classic.Perceptron` has a rule of its own, and `sigmoid`
    is the smooth function in its place.

    >>> step(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 1.])
    """
    return ag.heaviside(input, 0.0)


# --- nothing near 0 ---------------------------------------------------------------------------------------------------


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """x, and 0 where ``|x| <= lambd``.

    >>> hardshrink(np.array([-0.4, 0.6]))
    array([0. , 0.6])
    """
    return ag.where(ag.absolute(input) <= lambd, 0.0, input)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x moved towards 0 by `lambd`, and 0 where it would go past.

    Errors: OptionError for a negative lambd.

    >>> softshrink(np.array([-1.5, -0.4]))
    array([-1.,  0.])
    """
    if not lambd >= 0:
        raise ag.OptionError(f"softshrink: lambd must not be negative, got {lambd!r}")

    def found(x: Any) -> tuple[Any, Any]:
        values = np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)
        beyond = np.greater(np.absolute(values), lambd).astype(floating(values))
        return np.copysign(beyond.dtype.type(lambd), values), beyond

    shift, beyond = ag.perform(found, input)
    return (input - shift) * beyond  # and not where(): a NaN stays one


def tanhshrink(input: Any) -> Any:
    """``x - tanh(x)``, element by element.

    >>> tanhshrink(np.array([0.0, 40.0]))
    array([ 0., 39.])
    """
    return input - ag.tanh(input)


# --- with a gate ------------------------------------------------------------------------------------------------------


def glu(input: Any, dim: int = -1) -> Any:
    """Gated linear unit: the first half of `dim`, times the sigmoid of the second.

    Shapes: input (..., 2n, ...) -> (..., n, ...).
    Errors: ShapeError for an odd number along `dim`.
    Source: Dauphin et al., Language modeling with gated convolutional networks (2016).

    >>> glu(np.array([1.0, 2.0, 0.0, 1e4]))
    array([0.5, 2. ])
    """
    shape = np.shape(input)
    if not -len(shape) <= dim < len(shape) or shape[dim] % 2:
        raise ag.ShapeError(f"glu: axis {dim} of x is cut into two halves, got shape {shape}")
    values, gates = ag.split(input, 2, axis=dim)
    return values * ag.sigmoid(gates)


# --- what they need ---------------------------------------------------------------------------------------------------


def _left(x: Any) -> Any:
    """x on the left of 0, and 0 on the right, where its exponential would overflow; the slope at 0 is 1."""
    return ag.where(x > 0, 0.0, x)


def floating(x: Any) -> Any:
    """The type of what is drawn for x."""
    dtype = getattr(x, "dtype", None)
    return dtype if dtype is not None and dtype.kind == "f" else np.dtype(float)
