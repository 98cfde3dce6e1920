"""Shapes to try: of one array, of arrays that broadcast, of products by signature, and of convolutions.

Each strategy gives tuples of integers. Sides shrink to 1; a side of 0 counts as less simple, because an array without
elements shows little.
"""

from dataclasses import dataclass
from typing import Any

from ..errors import OptionError
from .hypothesis import InvalidArgument, SearchStrategy, hnp, st

__all__ = [
    "ConvolutionShapes",
    "broadcastable_shapes",
    "convolution_shapes",
    "gufunc_shapes",
    "matmul_shapes",
    "shapes",
]

Shape = tuple[int, ...]


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> SearchStrategy[Shape]:
    """Shapes of one array, also without axes or without elements; these are left out by `min_dims` and `min_side`.

    Raises: OptionError if the bounds do not fit.

    >>> from autograd_core.testing.strategies import shapes
    >>> of_matrices = shapes(min_dims=2, max_dims=2)
    """
    _check_bounds("shapes", min_dims, max_dims, min_side, max_side)
    return st.lists(_side(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


def _side(low: int, high: int) -> SearchStrategy[int]:
    return st.sampled_from([*range(max(low, 1), high + 1), *range(low, 1)])


def _check_bounds(who: str, min_dims: int, max_dims: int, min_side: int, max_side: int) -> None:
    if not 0 <= min_dims <= max_dims <= 32:
        raise OptionError(f"{who}: needs 0 <= min_dims <= max_dims <= 32, got min_dims={min_dims}, max_dims={max_dims}")
    if not 0 <= min_side <= max_side:
        raise OptionError(f"{who}: needs 0 <= min_side <= max_side, got min_side={min_side}, max_side={max_side}")


def broadcastable_shapes(
    n: int, *, min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> SearchStrategy[tuple[Shape, ...]]:
    """Shapes for n arrays that broadcast with each other, n of them in a tuple.

    Raises: OptionError if n is not positive or the bounds do not fit.

    >>> from autograd_core.testing.strategies import broadcastable_shapes
    >>> for_a_sum_of_three = broadcastable_shapes(3)
    """
    if n < 1:
        raise OptionError(f"broadcastable_shapes: n is the number of arrays, at least 1; got {n}")
    _check_bounds("broadcastable_shapes", min_dims, max_dims, min_side, max_side)
    found = hnp.mutually_broadcastable_shapes(
        num_shapes=n, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return _checked("broadcastable_shapes", found)


def gufunc_shapes(
    signature: str, *, min_dims: int = 0, max_dims: int = 2, min_side: int = 1, max_side: int = 3
) -> SearchStrategy[tuple[Shape, ...]]:
    """Shapes for the arguments of a function with a signature as NumPy writes them, with axes to broadcast in front.

    Letters that are the same are the same number; ``m?`` may be missing. `min_dims` and `max_dims` count the axes in
    front. `min_side=0` allows arrays without elements.

    Raises: OptionError if the signature cannot be read or the bounds do not fit.

    >>> from autograd_core.testing.strategies import gufunc_shapes
    >>> for_a_linear_system = gufunc_shapes("(n,n),(n,m)->(n,m)")
    """
    _check_bounds("gufunc_shapes", min_dims, max_dims, min_side, max_side)
    try:
        found = hnp.mutually_broadcastable_shapes(
            signature=signature, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
        )
    except InvalidArgument as error:
        raise _refused("gufunc_shapes", error) from error
    return _checked("gufunc_shapes", found)


def _checked(who: str, found: SearchStrategy[Any]) -> SearchStrategy[tuple[Shape, ...]]:
    """The input shapes alone; Hypothesis would refuse what it cannot do only when it draws."""
    try:
        found.validate()
    except InvalidArgument as error:
        raise _refused(who, error) from error
    return found.map(lambda drawn: tuple(drawn.input_shapes))


def _refused(who: str, error: InvalidArgument) -> OptionError:
    return OptionError(f"{who}: {error}; a signature is written as in '(m,n),(n,p)->(m,p)'")


def matmul_shapes(*, max_dims: int = 2, min_side: int = 1, max_side: int = 3) -> SearchStrategy[tuple[Shape, Shape]]:
    """Two shapes that `x @ y` takes: vectors, matrices, and stacks of matrices that broadcast.

    `max_dims` counts the axes of the stacks; `min_side=0` allows arrays without elements.

    >>> from autograd_core.testing.strategies import inputs, matmul_shapes
    >>> factors = inputs(matmul_shapes())
    """
    signature = "(m?,n),(n,p?)->(m?,p?)"
    return gufunc_shapes(signature, max_dims=max_dims, min_side=min_side, max_side=max_side)  # type: ignore[return-value]


@dataclass(frozen=True)
class ConvolutionShapes:
    """What a convolution takes: x (batch, channels, *n), weight (out_channels, channels / groups, *k), and options.

    `options` are stride, padding, dilation (one number per axis of space) and groups. The kernel fits into the padded
    x, so that there is at least one output.

    >>> from autograd_core.testing.shapes import ConvolutionShapes
    >>> s = ConvolutionShapes((1, 1, 3), (1, 1, 2), (1,), (0,), (1,), 1)
    >>> ag.conv1d(np.ones(s.x), np.ones(s.weight), **s.options).shape == s.out
    True
    """

    x: Shape
    weight: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def out(self) -> Shape:
        """The shape of the result: (batch, out_channels, *m)."""
        rows = zip(self.x[2:], self.weight[2:], self.stride, self.padding, self.dilation, strict=True)
        return (self.x[0], self.weight[0], *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows))


def convolution_shapes(
    spatial: int = 2, *, max_batch: int = 2, max_channels: int = 2, max_groups: int = 2, max_kernel: int = 3
) -> SearchStrategy[ConvolutionShapes]:
    """Shapes and options of a convolution over `spatial` axes that fit together.

    `max_channels` counts the channels of one group. Shrinks to a kernel and an x of one element.

    Raises: OptionError for a number that is not positive.

    >>> from autograd_core.testing.strategies import convolution_shapes
    >>> of_images = convolution_shapes(2, max_groups=1).map(lambda s: s.x)
    """
    for name, value in {
        "spatial": spatial,
        "max_batch": max_batch,
        "max_channels": max_channels,
        "max_groups": max_groups,
        "max_kernel": max_kernel,
    }.items():
        if value < 1:
            raise OptionError(f"convolution_shapes: {name} must be at least 1, got {value}")
    return _convolution_shapes(spatial, max_batch, max_channels, max_groups, max_kernel)


@st.composite
def _convolution_shapes(
    draw: Any, spatial: int, max_batch: int, max_channels: int, max_groups: int, max_kernel: int
) -> ConvolutionShapes:
    def each(low: int, high: int) -> Shape:
        return tuple(draw(st.integers(low, high)) for _ in range(spatial))

    groups, batch = draw(st.integers(1, max_groups)), draw(st.integers(1, max_batch))
    channels, features = draw(st.integers(1, max_channels)), draw(st.integers(1, max_channels))
    kernel, stride, dilation, padding = each(1, max_kernel), each(1, 3), each(1, 2), each(0, 2)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    least = [max(1, r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    beyond = each(0, 3)
    return ConvolutionShapes(
        x=(batch, channels * groups, *(n + more for n, more in zip(least, beyond, strict=True))),
        weight=(features * groups, channels, *kernel),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
