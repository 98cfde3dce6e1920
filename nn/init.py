"""Initial values of parameters, by PyTorch's names: in place on a Tensor, drawn from the generator that is passed.

The layers start as PyTorch's do, from `uniform_fan_in`.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .randomness import RandomSource, generator

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "uniform_",
    "uniform_fan_in",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
}


def uniform_fan_in(
    shape: Sequence[int], fan_in: int | None = None, *, rng: RandomSource = None, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """New values, uniform within 1/sqrt(fan_in): what PyTorch's linear and convolutional layers start from.

    `fan_in` is the number of inputs that one output depends on; without it, that of a weight of this shape.
    Shapes: (out, in, *kernel) -> an array of this shape.
    Source: torch.nn.Linear.reset_parameters, which is kaiming_uniform_ with a = sqrt(5).

    >>> bool(abs(uniform_fan_in((50, 4), rng=0)).max() <= 0.5)
    True
    """
    dtype = floating(dtype)
    bound = 1 / math.sqrt(fans(shape)[0] if fan_in is None else fan_in)
    return generator(rng, "init").uniform(-bound, bound, tuple(shape)).astype(dtype)


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """The type of new parameters; DTypeError unless it is one of floating point numbers.

    >>> floating("float32")
    dtype('float32')
    """
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise ag.DTypeError(f"init: parameters need floating point numbers, got dtype {dtype}")
    return dtype


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """The number of inputs of each output, and of outputs of each input, of a weight (out, in, *kernel).

    >>> fans((8, 3, 5, 5))
    (75, 200)
    """
    if len(shape) < 2:
        raise ag.ShapeError(f"init: fans are those of a weight (out, in, *kernel), got shape {tuple(shape)}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that makes up for what an activation takes from the standard deviation of its input.

    `param` is the negative slope of "leaky_relu", 0.01 unless given.
    Source: torch.nn.init.calculate_gain.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ag.OptionError(
            f"calculate_gain: nonlinearity must be one of {', '.join(_GAINS)}, leaky_relu; got {nonlinearity!r}"
        )
    return _GAINS[nonlinearity]


def constant_(tensor: ag.Tensor, val: float) -> ag.Tensor:
    """Set all elements to one number; returns the tensor.

    >>> constant_(ag.Tensor([1.0, 2.0]), 3)
    Tensor([3., 3.])
    """
    return _put(tensor, np.full(tensor.shape, val))


def zeros_(tensor: ag.Tensor) -> ag.Tensor:
    """Set all elements to 0; returns the tensor."""
    return constant_(tensor, 0)


def ones_(tensor: ag.Tensor) -> ag.Tensor:
    """Set all elements to 1; returns the tensor."""
    return constant_(tensor, 1)


def normal_(tensor: ag.Tensor, mean: float = 0.0, std: float = 1.0, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw from the normal distribution; returns the tensor."""
    return _put(tensor, generator(rng, "normal_").normal(mean, std, tensor.shape))


def uniform_(tensor: ag.Tensor, a: float = 0.0, b: float = 1.0, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw uniformly from [a, b); returns the tensor."""
    return _put(tensor, generator(rng, "uniform_").uniform(a, b, tensor.shape))


def xavier_uniform_(tensor: ag.Tensor, gain: float = 1.0, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw uniformly within ``gain sqrt(6 / (fan_in + fan_out))``; returns the tensor.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16.
    """
    bound = gain * math.sqrt(6 / sum(fans(tensor.shape)))
    return uniform_(tensor, -bound, bound, rng=rng)


def xavier_normal_(tensor: ag.Tensor, gain: float = 1.0, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw from the normal distribution of variance ``gain**2 * 2 / (fan_in + fan_out)``; returns the tensor.

    Source: as xavier_uniform_, eq. 12.
    """
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(fans(tensor.shape))), rng=rng)


Mode = Literal["fan_in", "fan_out"]


def kaiming_uniform_(
    tensor: ag.Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw uniformly within ``gain sqrt(3 / fan)``; `a` is the negative slope of leaky_relu; returns the tensor.

    Source: He et al., Delving deep into rectifiers (2015), section 2.2.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, rng=rng)


def kaiming_normal_(
    tensor: ag.Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw from the normal distribution of variance ``gain**2 / fan``; returns the tensor.

    Source: as kaiming_uniform_.
    """
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), rng=rng)


def orthogonal_(tensor: ag.Tensor, gain: float = 1.0, *, rng: RandomSource = None) -> ag.Tensor:
    """A random matrix with orthonormal rows, or columns if there are fewer of them, times `gain`; returns the tensor.

    Axes after the first count as columns.
    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2013).
    """
    if tensor.ndim < 2:
        raise ag.ShapeError(f"orthogonal_: a weight (out, in, *kernel) is needed, got shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    draw = generator(rng, "orthogonal_").normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draw)
    q *= np.sign(np.diagonal(r))  # makes every orthogonal matrix as likely as any other
    return _put(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def shown_dtype(parameter: ag.Tensor) -> str:
    """The dtype as a further argument in a repr, where it is not the default."""
    return "" if parameter.dtype == np.float32 else f", dtype={str(parameter.dtype)!r}"


def _kaiming_std(tensor: ag.Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ag.OptionError(f"kaiming: mode must be one of fan_in, fan_out; got {mode!r}")
    fan = fans(tensor.shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _put(tensor: Any, value: NDArray[Any]) -> Any:
    if isinstance(tensor, np.ndarray):  # the `.data` of a parameter, as scripts for PyTorch have it
        tensor[...] = value
        return tensor
    with ag.no_grad():
        tensor.writable()[...] = value
    return tensor
