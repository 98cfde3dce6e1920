"""New Tensors under PyTorch's names: of data, of one number, of a range, and of random numbers.

Floating point numbers are float32 unless a dtype is given or an array brings its own, as in PyTorch. What is random
follows from `generator` or `rng`, a seed or a numpy.random.Generator; without one, from `manual_seed`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..randomness import RandomSource, generator as stream_of

__all__ = [
    "Generator",
    "arange",
    "as_tensor",
    "bernoulli",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "initial_seed",
    "linspace",
    "logspace",
    "manual_seed",
    "meshgrid",
    "multinomial",
    "normal",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "tensor",
    "zeros",
    "zeros_like",
]

FLOAT = np.dtype(np.float32)


def made(array: Any, dtype: Any, device: Any, requires_grad: bool, who: str) -> ag.Tensor:
    """A Tensor around a new array; float64 becomes float32 unless a dtype was asked for."""
    check_device(device, who)
    array = np.asarray(array)
    if dtype is None:
        dtype = FLOAT if array.dtype == np.float64 else array.dtype
    return ag.asarray(array.astype(dtype, copy=False)).requires_grad_(requires_grad)


def check_device(device: Any, who: str) -> None:
    """Refuse every device but "cpu" and None."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ag.OptionError(f"{who}: there is one device, 'cpu'; got {str(device)!r}")


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    """Lengths that came one by one, or as one tuple or list."""
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else size


# --- of data ----------------------------------------------------------------------------------------------------------


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> ag.Tensor:
    """A Tensor with a copy of the data: arrays keep their type, Python's floats become float32, its integers int64.

    >>> from nn import torch
    >>> torch.tensor([1.0, 2.0]).dtype, torch.tensor(np.ones(2)).dtype, torch.tensor([1, 2]).dtype
    (dtype('float32'), dtype('float64'), dtype('int64'))
    """
    if hasattr(data, "dtype"):
        check_device(device, "tensor")
        plain = data.detach() if isinstance(data, ag.Tensor) else data
        return ag.Tensor(plain, dtype).requires_grad_(requires_grad)
    if isinstance(data, list | tuple):
        data = _plain(data)
    return made(np.array(data), dtype, device, requires_grad, "tensor")


def _plain(data: Any) -> Any:
    """Nested lists with numbers in the place of Tensors of one number."""
    if isinstance(data, list | tuple):
        return [_plain(entry) for entry in data]
    return data.detach().numpy() if isinstance(data, ag.Tensor) else data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> ag.Tensor:
    """A Tensor that shares the memory of an array where its type allows that; as `tensor` for lists and numbers."""
    check_device(device, "as_tensor")
    return ag.asarray(data, dtype) if hasattr(data, "dtype") else tensor(data, dtype=dtype)


def from_numpy(ndarray: NDArray[Any]) -> ag.Tensor:
    """A Tensor that shares the memory of an ndarray."""
    return ag.asarray(ndarray)


# --- of one number, and of ranges -------------------------------------------------------------------------------------


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> ag.Tensor:
    """Zeros; the lengths one by one, or as one tuple.

    >>> from nn import torch
    >>> torch.zeros(2, 3)
    Tensor([[0., 0., 0.],
            [0., 0., 0.]], dtype=float32)
    """
    return made(np.zeros(_shape(size), dtype or FLOAT), dtype, device, requires_grad, "zeros")


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> ag.Tensor:
    """Ones; the lengths one by one, or as one tuple."""
    return made(np.ones(_shape(size), dtype or FLOAT), dtype, device, requires_grad, "ones")


empty = zeros  # memory that nobody has written to would differ from run to run


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> ag.Tensor:
    """One number everywhere."""
    return made(np.full(size, fill_value), dtype, device, requires_grad, "full")


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> ag.Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    return made(np.eye(n, m), dtype, device, requires_grad, "eye")


def arange(*bounds: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> ag.Tensor:
    """Numbers from start (0) to before end in steps of step (1); integers if all of these are."""
    return made(np.arange(*bounds), dtype, device, requires_grad, "arange")


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> ag.Tensor:
    """So many evenly spaced numbers, from start to end."""
    return made(np.linspace(start, end, steps), dtype, device, requires_grad, "linspace")


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> ag.Tensor:
    """Powers of a base whose exponents are evenly spaced, from start to end."""
    return made(np.logspace(start, end, steps, base=base), dtype, device, requires_grad, "logspace")


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[ag.Tensor, ...]:
    """The coordinates of a grid, one array for each axis; the first one runs along the first axis ("ij")."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], Sequence) else tensors
    return tuple(ag.meshgrid(*[ag.asarray(one) for one in given], indexing=indexing))


def _like(fill: Any, what: str) -> Any:
    def like(
        input: Any, fill_value: Any = fill, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> ag.Tensor:
        check_device(device, "like")
        new = np.full(np.shape(input), fill_value, dtype or input.dtype)
        return ag.asarray(new).requires_grad_(requires_grad)

    like.__doc__ = f"{what}, in the shape and type of the input, unless another type is given."
    return like


zeros_like = empty_like = _like(0, "Zeros")
ones_like = _like(1, "Ones")
full_like = _like(None, "One number everywhere")


# --- of random numbers ------------------------------------------------------------------------------------------------


def manual_seed(seed: RandomSource) -> None:
    """From here on, what is random without a generator of its own follows from this seed.

    That is: the functions of this module, layers' initial values, dropout, shuffling. The numbers are not PyTorch's.

    >>> from nn import torch
    >>> torch.manual_seed(0)
    >>> first = torch.randn(3), nn.Linear(2, 1).weight
    >>> torch.manual_seed(0)
    >>> [bool((a == b).all()) for a, b in zip(first, (torch.randn(3), nn.Linear(2, 1).weight))]
    [True, True]
    >>> torch.manual_seed(None)
    """
    ag.manual_seed(seed)


def seed() -> None:
    """Random numbers that are new in every run, from here on; see `manual_seed`."""
    ag.manual_seed(None)


def initial_seed() -> None:
    """Refused: there may be none."""
    raise ag.OptionError("initial_seed: there is none unless manual_seed was called; keep what it was called with")


class Generator:
    """`Generator().manual_seed(7)` is `numpy.random.default_rng(7)`, which every `generator=` and `rng=` takes."""

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device, "Generator")

    def manual_seed(self, seed: int) -> np.random.Generator:
        """A generator that starts from this seed."""
        return stream_of(seed, "Generator.manual_seed")


def _stream(generator: RandomSource, rng: RandomSource, who: str) -> np.random.Generator:
    return stream_of(rng if generator is None else generator, who)


def rand(
    *size: Any,
    generator: RandomSource = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Numbers from 0 to below 1, all equally likely."""
    drawn = _stream(generator, rng, "rand").random(_shape(size), np.float32 if dtype is None else np.float64)
    return made(drawn, dtype, device, requires_grad, "rand")


def randn(
    *size: Any,
    generator: RandomSource = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Normal numbers of mean 0 and variance 1."""
    drawn = _stream(generator, rng, "randn").standard_normal(_shape(size))
    return made(drawn, dtype, device, requires_grad, "randn")


def rand_like(input: Any, *, dtype: Any = None, rng: RandomSource = None, **options: Any) -> ag.Tensor:
    """Numbers from 0 to below 1, as many as in the input and of its type."""
    return rand(np.shape(input), dtype=dtype or input.dtype, rng=rng, **options)


def randn_like(input: Any, *, dtype: Any = None, rng: RandomSource = None, **options: Any) -> ag.Tensor:
    """Normal numbers, as many as in the input and of its type."""
    return randn(np.shape(input), dtype=dtype or input.dtype, rng=rng, **options)


def randint(
    *bounds_and_size: Any,
    generator: RandomSource = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    rng: RandomSource = None,
    **named: Any,
) -> ag.Tensor:
    """Whole numbers from low (0) to below high: `randint(high, size)` or `randint(low, high, size)`."""
    given = list(bounds_and_size)
    size = named.pop("size") if "size" in named else given.pop()
    high = named.pop("high") if "high" in named else given.pop()
    low = named.pop("low") if "low" in named else (given.pop() if given else 0)
    if given or named:
        raise ag.OptionError(f"randint: (low,) high and size are needed, got {bounds_and_size} and {list(named)} too")
    drawn = _stream(generator, rng, "randint").integers(low, high, tuple(size))
    return made(drawn, dtype, device, requires_grad, "randint")


def randperm(
    n: int, *, generator: RandomSource = None, dtype: Any = None, device: Any = None, rng: RandomSource = None
) -> ag.Tensor:
    """The numbers below n in a random order."""
    return made(_stream(generator, rng, "randperm").permutation(n), dtype, device, False, "randperm")


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: RandomSource = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    rng: RandomSource = None,
) -> ag.Tensor:
    """Normal numbers of this mean and standard deviation, each of which may be an array."""
    mean, std = (ag.asarray(value).detach().numpy() for value in (mean, std))
    shape = np.broadcast_shapes(mean.shape, std.shape) if size is None else tuple(size)
    drawn = mean + std * _stream(generator, rng, "normal").standard_normal(shape)
    return made(drawn, dtype, device, requires_grad, "normal")


def bernoulli(input: Any, *, generator: RandomSource = None, rng: RandomSource = None) -> ag.Tensor:
    """1 with the probability that stands in the input, element by element, otherwise 0."""
    chances = ag.asarray(input).detach().numpy()
    drawn = _stream(generator, rng, "bernoulli").random(chances.shape) < chances
    return ag.asarray(drawn.astype(chances.dtype))


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: RandomSource = None,
    rng: RandomSource = None,
) -> ag.Tensor:
    """For each row of weights, which need not sum to 1, so many positions drawn with these weights.

    Errors: OptionError for weights that are negative, not finite, or all 0; and, without replacement, for more samples
    than there are weights above 0.
    """
    weights = ag.asarray(input).detach().numpy().astype(np.float64)
    rows = np.atleast_2d(weights)
    least = 1 if replacement else num_samples
    if not np.isfinite(rows).all() or (rows < 0).any() or ((rows > 0).sum(1) < least).any():
        raise ag.OptionError(
            f"multinomial: the weights must be finite and at least 0, and {least} of each row above 0; "
            f"got shape {weights.shape} from {rows.min()} to {rows.max()}"
        )
    draw = _stream(generator, rng, "multinomial")
    drawn = [draw.choice(len(row), num_samples, replacement, row / row.sum()) for row in rows]
    return ag.asarray(np.array(drawn, np.int64).reshape(*weights.shape[:-1], num_samples))
