"""NumPy's Fourier transforms that end in real numbers, of real arguments: a spectrum whose imaginary part is 0."""

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Example, Interval, Raises
from ...op import composed
from ..creation import zeros_like
from ..joining import stack
from ..operands import operand
from .parts import NORMS, irfft_parts
from .several import irfftn_parts

_WIDE = Interval(-2, 2)
_EXAMPLES = [
    Example(a=(3,)),
    Example(a=(3,), n=5),
    Example(a=(4, 3), axis=0, norm="forward"),
    Example(a=(3, 4), n=4, axis=1, norm="ortho"),
    Example(a=(2,), n=7, norm="backward"),
    Example(a=(0, 3)),
]
_ERRORS = [
    Raises(ShapeError, "axis 1 is out of bounds", a=(3,), axis=1),
    Raises(ShapeError, r"number of FFT data points \(0\)", a=(1,)),
    Raises(OptionError, "norm must be", a=(3,), norm="unitary"),
]


def _with_zeros(a, who):
    """The parts of a real spectrum."""
    a = operand(a, who)
    return stack([a, zeros_like(a)])


@composed(name="fft.irfft", domain=_WIDE, examples=_EXAMPLES, reference=np.fft.irfft, errors=_ERRORS)
def irfft(a, /, n=None, axis=-1, norm=None):
    """Real signal of length n along an axis from its spectrum at the frequencies >= 0, the spectrum being real.

    A spectrum with an imaginary part goes through `irfft_parts`.

    Shapes: a (..., bins, ...) -> (..., n, ...); n is 2 (bins - 1) unless given.

    >>> ag.fft.irfft(np.array([1.0, 1.0, 1.0]))
    array([1., 0., 0., 0.])
    """
    return irfft_parts(_with_zeros(a, "fft.irfft"), n, axis, norm)


@composed(name="fft.hfft", domain=_WIDE, examples=_EXAMPLES, reference=np.fft.hfft, errors=_ERRORS)
def hfft(a, /, n=None, axis=-1, norm=None):
    """Spectrum, n real numbers along an axis, of a signal that is symmetric in time, given for times >= 0 and real.

    Shapes: a (..., m, ...) -> (..., n, ...); n is 2 (m - 1) unless given.

    >>> ag.fft.hfft(np.array([1.0, 0.0, 0.0]))
    array([1., 1., 1., 1.])
    """
    a = _with_zeros(a, "fft.hfft")
    if norm not in NORMS:
        raise OptionError(f"fft.hfft: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return irfft_parts(a, n, axis, NORMS[norm])


@composed(
    name="fft.irfftn",
    domain=_WIDE,
    examples=[
        Example(a=(3, 3)),
        Example(a=(2, 3, 2), axes=(0, 1)),
        Example(a=(3, 2), s=(2, 5), axes=(0, 1), norm="ortho"),
        Example(a=(3, 2), s=(4, -1), axes=(1, 0), norm="forward"),
        Example(a=(0, 2), axes=(1,)),
    ],
    reference=np.fft.irfftn,
    errors=[Raises(OptionError, "needs axes=", a=(2, 2), s=(2, 2)), Raises(ShapeError, "at least one axis", a=())],
)
def irfftn(a, /, s=None, axes=None, norm=None):
    """Real signal from its spectrum along several axes, frequencies >= 0 along the last one, the spectrum being real.

    A spectrum with an imaginary part goes through `irfftn_parts`.

    Shapes: a (..., bins, ...) -> (..., n, ...).

    >>> ag.fft.irfftn(np.ones((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    return irfftn_parts(_with_zeros(a, "fft.irfftn"), s, axes, norm)


@composed(
    name="fft.irfft2",
    domain=_WIDE,
    examples=[
        Example(a=(3, 3)),
        Example(a=(2, 3, 2)),
        Example(a=(2, 3, 2), axes=(0, 1), norm="ortho"),
        Example(a=(3, 2), s=(2, 5), norm="forward"),
        Example(a=(0, 2, 2)),
    ],
    reference=np.fft.irfft2,
    errors=[Raises(ShapeError, "axis -2 is out of bounds", a=(2,))],
)
def irfft2(a, /, s=None, axes=(-2, -1), norm=None):
    """Real image from its spectrum along two axes, at frequencies >= 0 along the last one, the spectrum being real.

    A spectrum with an imaginary part goes through `irfftn_parts` with axes=(-2, -1).

    Shapes: a (..., n0, bins) -> (..., n0, n1).

    >>> ag.fft.irfft2(np.ones((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    return irfftn_parts(_with_zeros(a, "fft.irfft2"), s, axes, norm)
