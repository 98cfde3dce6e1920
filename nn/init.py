"""Initial values of parameters, by PyTorch's names: in place on a Tensor, drawn from the generator that is passed.

The layers start as PyTorch's do, from `uniform_fan_in`. `generator` is PyTorch's name for `rng`. A tensor without
elements stays as it is.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .randomness import RandomSource, one_source

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "nielsen_default_",
    "nielsen_large_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "uniform_fan_in",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), 1.0),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
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
    return ag.generator(rng, "init").uniform(-bound, bound, tuple(shape)).astype(dtype)


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
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float | np.number):
            raise ag.OptionError(f"calculate_gain: the negative slope of leaky_relu must be a number, got {param!r}")
        return math.sqrt(2 / (1 + float(slope) ** 2))
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


def eye_(tensor: ag.Tensor) -> ag.Tensor:
    """Set a matrix to ones on its diagonal and zeros elsewhere: a Linear passes on its input; returns the tensor.

    >>> eye_(ag.Tensor(np.empty((2, 3)))).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if tensor.ndim != 2:
        raise ag.ShapeError(f"eye_: a matrix is needed, got shape {tensor.shape}; for a convolution there is dirac_")
    return _put(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: ag.Tensor, groups: int = 1) -> ag.Tensor:
    """Set the kernels of a convolution so that it passes on its input, as many channels as there are; returns it.

    A 1 stands in the middle of the kernel (out i, in i); in each of the `groups` the channels are counted anew.
    Shapes: tensor (out, in / groups, *kernel) with one to three axes of the kernel.

    >>> dirac_(ag.Tensor(np.empty((1, 1, 3)))).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    if tensor.ndim not in (3, 4, 5):
        raise ag.ShapeError(
            f"dirac_: a weight (out, in, *kernel) with one to three axes of the kernel is needed, got shape "
            f"{tensor.shape}; for a matrix there is eye_"
        )
    if groups < 1 or tensor.shape[0] % groups:
        raise ag.OptionError(f"dirac_: groups must divide the {tensor.shape[0]} channels out, got {groups!r}")
    value = np.zeros(tensor.shape)
    each = tensor.shape[0] // groups
    middle: list[Any] = [n // 2 for n in tensor.shape[2:]]
    for channel in range(min(each, tensor.shape[1])):
        value[(slice(channel, None, each), channel, *middle)] = 1
    return _put(tensor, value)


def normal_(
    tensor: ag.Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw from the normal distribution; returns the tensor."""
    _check_std("normal_", std)
    return _put(tensor, one_source(rng, generator, "normal_").normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: ag.Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw from the normal distribution, given that the number lies in [a, b]; returns the tensor.

    `a` and `b` are bounds of the numbers themselves, not counted in standard deviations, as in PyTorch.
    Source: Robert, Simulation of truncated normal variables (1995).

    >>> drawn = trunc_normal_(ag.Tensor(np.empty(1000)), std=2, a=-1, b=1, rng=0).data
    >>> bool(abs(drawn).max() <= 1)
    True
    """
    _check_std("trunc_normal_", std)
    if not a < b or std == 0:
        raise ag.OptionError(f"trunc_normal_: a must be less than b, and std more than 0; got a={a}, b={b}, std={std}")
    draw = one_source(rng, generator, "trunc_normal_")
    low, high = (a - mean) / std, (b - mean) / std
    value = np.empty(math.prod(tensor.shape))
    missing = np.arange(value.size)
    while missing.size:
        found, kept = _propose(draw, low, high, missing.size)
        value[missing[kept]] = found[kept]
        missing = missing[~kept]
    return _put(tensor, np.clip(mean + std * value.reshape(tensor.shape), a, b))


def _propose(draw: "np.random.Generator", low: float, high: float, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Numbers, and which of them may be kept as draws of the standard normal distribution within [low, high]."""
    nearest = min(max(low, 0.0), high)
    if abs(nearest) < 0.5 and high - low > 2:
        found = draw.normal(size=size)
        return found, (low <= found) & (found <= high)
    # from the end nearest to 0 the density is exp(-nearest * way) exp(-way**2 / 2): the first factor, cut to the
    # interval, is drawn (uniformly if nearest is 0), and the second is the share that is kept
    if nearest == 0:
        found = draw.uniform(low, high, size)
        return found, draw.random(size) <= np.exp(-(found**2) / 2)
    way = -np.log1p(draw.random(size) * math.expm1(-abs(nearest) * (high - low))) / abs(nearest)
    return nearest + math.copysign(1, nearest) * way, draw.random(size) <= np.exp(-(way**2) / 2)


def uniform_(
    tensor: ag.Tensor,
    a: float = 0.0,
    b: float = 1.0,
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw uniformly from [a, b); returns the tensor."""
    if not a <= b:
        raise ag.OptionError(f"uniform_: a must not be more than b, got a={a}, b={b}")
    return _put(tensor, one_source(rng, generator, "uniform_").uniform(a, b, tensor.shape))


def xavier_uniform_(
    tensor: ag.Tensor, gain: float = 1.0, generator: RandomSource = None, *, rng: RandomSource = None
) -> ag.Tensor:
    """Draw uniformly within ``gain sqrt(6 / (fan_in + fan_out))``; returns the tensor.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16.
    """
    bound = gain * math.sqrt(6 / max(sum(fans(tensor.shape)), 1))
    return uniform_(tensor, -bound, bound, generator, rng=rng)


def xavier_normal_(
    tensor: ag.Tensor, gain: float = 1.0, generator: RandomSource = None, *, rng: RandomSource = None
) -> ag.Tensor:
    """Draw from the normal distribution of variance ``gain**2 * 2 / (fan_in + fan_out)``; returns the tensor.

    Source: as xavier_uniform_, eq. 12.
    """
    return normal_(tensor, 0, gain * math.sqrt(2 / max(sum(fans(tensor.shape)), 1)), generator, rng=rng)


Mode = Literal["fan_in", "fan_out"]


def kaiming_uniform_(
    tensor: ag.Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw uniformly within ``gain sqrt(3 / fan)``; `a` is the negative slope of leaky_relu; returns the tensor.

    Source: He et al., Delving deep into rectifiers (2015), section 2.2.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator, rng=rng)


def kaiming_normal_(
    tensor: ag.Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw from the normal distribution of variance ``gain**2 / fan``; returns the tensor.

    Source: as kaiming_uniform_.
    """
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator, rng=rng)


def lecun_uniform_(tensor: ag.Tensor, generator: RandomSource = None, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw uniformly within ``sqrt(3 / fan_in)``, so that the variance is 1 / fan_in; returns the tensor.

    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), section 4.6.
    """
    return kaiming_uniform_(tensor, nonlinearity="linear", generator=generator, rng=rng)


def lecun_normal_(tensor: ag.Tensor, generator: RandomSource = None, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw from the normal distribution of variance 1 / fan_in, as self-normalizing SELU networks need; returns it.

    Source: as lecun_uniform_; Klambauer et al., Self-normalizing neural networks (2017).
    """
    return kaiming_normal_(tensor, nonlinearity="linear", generator=generator, rng=rng)


def nielsen_large_(tensor: ag.Tensor, generator: RandomSource = None, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw weights and biases from the standard normal distribution, under which neurons saturate; returns the tensor.

    Source: M. Nielsen, Neural Networks and Deep Learning, ch. 1, and large_weight_initializer in network2.py.
    """
    return normal_(tensor, 0, 1, generator, rng=rng)


def nielsen_default_(tensor: ag.Tensor, generator: RandomSource = None, *, rng: RandomSource = None) -> ag.Tensor:
    """Draw weights with standard deviation ``1 / sqrt(fan_in)``, biases (one axis) with 1; returns the tensor.

    Source: M. Nielsen, Neural Networks and Deep Learning, ch. 3, and default_weight_initializer in network2.py.

    >>> net = nn.MLP([784, 30, 10], nn.Sigmoid, rng=0)
    >>> draw = np.random.default_rng(0)
    >>> for parameter in net.parameters():
    ...     _ = nn.init.nielsen_default_(parameter, rng=draw)
    """
    return (nielsen_large_ if tensor.ndim < 2 else lecun_normal_)(tensor, generator, rng=rng)


def orthogonal_(
    tensor: ag.Tensor, gain: float = 1.0, generator: RandomSource = None, *, rng: RandomSource = None
) -> ag.Tensor:
    """A random matrix with orthonormal rows, or columns if there are fewer of them, times `gain`; returns the tensor.

    Axes after the first count as columns.
    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2013).
    """
    if tensor.ndim < 2:
        raise ag.ShapeError(f"orthogonal_: a weight (out, in, *kernel) is needed, got shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    draw = one_source(rng, generator, "orthogonal_").normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draw)
    q *= np.sign(np.diagonal(r))  # makes every orthogonal matrix as likely as any other
    return _put(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(
    tensor: ag.Tensor,
    sparsity: float,
    std: float = 0.01,
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Draw a matrix from the normal distribution, and set the share `sparsity` of each column, rounded up, to 0.

    Returns the tensor.
    Source: Martens, Deep learning via Hessian-free optimization (2010), section 5.

    >>> (sparse_(ag.Tensor(np.empty((4, 3))), 0.5, rng=0).data == 0).sum(axis=0)
    array([2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ag.ShapeError(f"sparse_: a matrix is needed, got shape {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ag.OptionError(f"sparse_: sparsity is a share from 0 to 1, got {sparsity!r}")
    _check_std("sparse_", std)
    draw = one_source(rng, generator, "sparse_")
    value = draw.normal(0, std, tensor.shape)
    kept = np.arange(tensor.shape[0]) >= math.ceil(sparsity * tensor.shape[0])
    return _put(tensor, value * draw.permuted(np.tile(kept[:, None], tensor.shape[1]), axis=0))


def shown_dtype(parameter: ag.Tensor) -> str:
    """The dtype as a further argument in a repr, where it is not the default."""
    return "" if parameter.dtype == np.float32 else f", dtype={str(parameter.dtype)!r}"


def _kaiming_std(tensor: ag.Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ag.OptionError(f"kaiming: mode must be one of fan_in, fan_out; got {mode!r}")
    fan = max(fans(tensor.shape)[mode == "fan_out"], 1)  # a weight without elements has none
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _check_std(who: str, std: float) -> None:
    if not std >= 0:
        raise ag.OptionError(f"{who}: std must not be negative, got {std!r}")


def _put(tensor: Any, value: NDArray[Any]) -> Any:
    if isinstance(tensor, np.ndarray):  # the `.data` of a parameter, as scripts for PyTorch have it
        tensor[...] = value
        return tensor
    with ag.no_grad():
        tensor.writable()[...] = value
    return tensor
