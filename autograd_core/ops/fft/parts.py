"""The discrete Fourier transform along one axis, in real numbers.

A spectrum z, or any complex array, is carried as its parts: a real array with a first axis of length 2 that holds the
real and the imaginary part. Axes are counted without this one. Where parts are taken, a pair (re, im) will do.

Note [Transposes of Fourier transforms]
The DFT is a symmetric matrix C - iS. On parts it is [[C, S], [-S, C]], whose transpose is the inverse DFT, not scaled.
The transform of a real signal keeps the bins 0 to n // 2; of the others, which are their conjugates, nothing is lost.
Its inverse adds up each kept bin as often as it stands in the whole spectrum: twice, but for the bin 0, and for n / 2
where n is even. So the two are each other's transpose up to this weight, in one direction multiplied, in the other
divided by. Scaling by norm= goes to the other direction; padding with zeros and cutting off are transposes too.
"""

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Example, Interval, Raises
from ...op import linear
from ..joining import stack
from ..operands import operand, share_record

_WIDE = Interval(-2, 2)
NORMS = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scaling of the transposed transform for each norm."""


# --- parts ------------------------------------------------------------------------------------------------------------


def together(parts, who):
    """A pair of real and imaginary part as one array; refuses what is neither that nor such an array."""
    if isinstance(parts, tuple | list) and len(parts) == 2:
        parts = stack([operand(part, who) for part in parts])
    parts = operand(parts, who)
    if not parts.ndim or parts.shape[0] != 2:
        raise ShapeError(
            f"{who}: parts must be an array whose first axis holds the real and the imaginary part, or a pair of them; "
            f"got shape {parts.shape}"
        )
    return parts


def complex_of(parts):
    """The complex array that an array of parts stands for, in single precision or better."""
    parts = np.asarray(parts)
    z = np.empty(parts.shape[1:], np.result_type(parts.dtype, np.complex64))
    z.real, z.imag = parts
    return z


def parts_of(z, dtype):
    """The parts of a complex array in a type."""
    out = np.empty((2, *z.shape), dtype if dtype.kind == "f" else np.float64)
    out[0], out[1] = z.real, z.imag
    return out


# --- along an axis ----------------------------------------------------------------------------------------------------


def place(who, shape, axis, norm):
    """The axis of a signal of this shape, counted from the end."""
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{who}: axis {axis} is out of bounds for a signal with {len(shape)} axes")
    if norm not in NORMS:
        raise OptionError(f"{who}: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return axis % len(shape) - len(shape)


def fitted(xp, x, length, axis):
    """Cut off, or padded with zeros, to a length along an axis < 0."""
    n = x.shape[axis]
    if n == length:
        return x
    if n > length:
        return x[(Ellipsis, slice(0, length), *(slice(None),) * (-1 - axis))]
    return xp.pad(x, [(0, 0)] * (x.ndim + axis) + [(0, length - n)] + [(0, 0)] * (-1 - axis))


def _weight(bins, n, axis, dtype):
    """How often each kept bin stands in the whole spectrum of n bins, to be multiplied along an axis < 0."""
    weight = np.full(bins, 2, dtype)
    weight[0] = 1
    if n % 2 == 0:
        weight[n // 2 :] = 1
    return weight.reshape(-1, *(1,) * (-1 - axis))


def _signal_axis(parts_aval, axis):
    ndim = len(parts_aval.shape) - 1
    return axis % ndim - ndim


def _real_length(parts_aval, n, axis):
    """The length of the real signal."""
    return 2 * (parts_aval.shape[axis] - 1) if n is None else n


# --- of real signals --------------------------------------------------------------------------------------------------


def _rfft_transpose(xp, g, x_aval, n, axis, norm):
    axis = axis % len(x_aval.shape) - len(x_aval.shape)
    length = x_aval.shape[axis] if n is None else n
    weight = _weight(g.shape[axis], length, axis, g.dtype)
    return fitted(xp, _irfft_parts(g / weight, length, axis, NORMS[norm]), x_aval.shape[axis], axis)


def _rfft_reference(x, n=None, axis=-1, norm=None):
    z = np.fft.rfft(x, n, axis, norm)
    return np.stack([z.real, z.imag])


@linear(
    name="fft.rfft_parts",
    transpose=_rfft_transpose,  # Note [Transposes of Fourier transforms]
    domain=_WIDE,
    examples=[
        Example(x=(4,)),
        Example(x=(5,)),
        Example(x=(1,)),
        Example(x=(3, 4), axis=0),
        Example(x=(3, 5), n=4, axis=1),
        Example(x=(5,), n=8, norm="ortho"),
        Example(x=(4, 2), n=3, axis=-2, norm="forward"),
        Example(x=(6,), n=5, norm="backward"),
        Example(x=(0, 3)),
    ],
    reference=_rfft_reference,
    errors=[
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), axis=1),
        Raises(ShapeError, "out of bounds for a signal with 0 axes", x=()),
        Raises(ShapeError, r"number of FFT data points \(0\)", x=(3,), n=0),
        Raises(OptionError, "norm must be", x=(3,), norm="unitary"),
    ],
)
def rfft_parts(xp, x, /, n=None, axis=-1, norm=None):
    """Fourier transform of a real signal along an axis, at its frequencies >= 0: real and imaginary part.

    As `np.fft.rfft`, whose complex result it gives as real array: z[0] is the real part, z[1] the imaginary part. So
    ``re, im = ag.fft.rfft_parts(x)``, and the power spectrum is ``ag.sum(z * z, axis=0)``. Before, the signal is cut
    off or padded with zeros to the length n.

    Shapes: x (..., m, ...) -> (2, ..., n // 2 + 1, ...); n is m unless given.

    >>> re, im = ag.fft.rfft_parts(np.array([0.0, 1.0, 0.0, 0.0]))
    >>> re, im
    (array([ 1.,  0., -1.]), array([ 0., -1.,  0.]))
    """
    x = xp.asarray(x)
    axis = place("fft.rfft_parts", x.shape, axis, norm)
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    return parts_of(xp.fft.rfft(wide, n, axis, norm), x.dtype)


def irfft_parts(parts, /, n=None, axis=-1, norm=None):
    """Real signal of length n along an axis from its spectrum at the frequencies >= 0; undoes `rfft_parts`.

    As `np.fft.irfft` of the complex spectrum. The signal has an even length, 2 (bins - 1), unless n is given. The
    imaginary parts of the bin 0, and of the bin n / 2 of an even n, have no effect.

    Shapes: parts (2, ..., bins, ...), or a pair of (..., bins, ...) -> (..., n, ...).

    >>> ag.fft.irfft_parts(([1.0, 0.0, -1.0], [0.0, -1.0, 0.0]))
    array([0., 1., 0., 0.])
    """
    return _irfft_parts(together(parts, "fft.irfft_parts"), n, axis, norm)


def _irfft_transpose(xp, g, parts_aval, n, axis, norm):
    axis = _signal_axis(parts_aval, axis)
    z = rfft_parts(g, None, axis, NORMS[norm])
    bins, kept = parts_aval.shape[axis], z.shape[axis]
    return fitted(xp, z * _weight(kept, g.shape[axis], axis, g.dtype), bins, axis)


@linear(
    name="fft.irfft_parts",
    transpose=_irfft_transpose,
    domain=_WIDE,
    examples=[
        Example(parts=(2, 3)),
        Example(parts=(2, 3), n=5),
        Example(parts=(2, 2), n=1),
        Example(parts=(2, 4, 3), axis=0, norm="forward"),
        Example(parts=(2, 3, 4), n=4, axis=1),
        Example(parts=(2, 2), n=7, norm="ortho"),
        Example(parts=(2, 3, 2), n=5, axis=-2, norm="backward"),
        Example(parts=(2, 0, 3)),
    ],
    reference=lambda parts, n=None, axis=-1, norm=None: np.fft.irfft(parts[0] + 1j * parts[1], n, axis, norm),
    errors=[
        Raises(ShapeError, "first axis holds the real and the imaginary part", parts=(3, 2)),
        Raises(ShapeError, "axis 1 is out of bounds", parts=(2, 3), axis=1),
        Raises(ShapeError, r"number of FFT data points \(0\)", parts=(2, 1)),
        Raises(OptionError, "norm must be", parts=(2, 3), norm="unitary"),
    ],
)
def _irfft_parts(xp, parts, /, n=None, axis=-1, norm=None):
    parts = together(parts, "fft.irfft_parts")
    axis = place("fft.irfft_parts", parts.shape[1:], axis, norm)
    out = xp.fft.irfft(complex_of(parts), n, axis, norm)
    return out.astype(parts.dtype) if parts.dtype.kind == "f" else out


share_record(irfft_parts, _irfft_parts)


# --- of complex signals -----------------------------------------------------------------------------------------------


def _inverse_transpose(transform):
    def transpose(xp, g, parts_aval, axis, norm):
        axis = _signal_axis(parts_aval, axis)
        return fitted(xp, transform()(g, None, axis, NORMS[norm]), parts_aval.shape[axis], axis)

    return transpose


def _complex_reference(function):
    def reference(parts, n=None, axis=-1, norm=None):
        z = function(parts[0] + 1j * parts[1], n, axis, norm)
        return np.stack([z.real, z.imag])

    return reference


def _complex_options(function):
    """What is said of both directions."""
    return {
        "domain": _WIDE,
        "examples": [
            Example(parts=(2, 4)),
            Example(parts=(2, 3)),
            Example(parts=(2, 3, 2), axis=0, norm="forward"),
            Example(parts=(2, 2, 4), n=3, axis=1, norm="ortho"),
            Example(parts=(2, 3), n=5, norm="backward"),
            Example(parts=(2, 0, 2)),
        ],
        "reference": _complex_reference(function),
        "errors": [
            Raises(ShapeError, "first axis holds the real and the imaginary part", parts=(3,)),
            Raises(ShapeError, "axis -2 is out of bounds", parts=(2, 3), axis=-2),
            Raises(OptionError, "norm must be", parts=(2, 3), norm="unitary"),
        ],
    }


def fft_parts(parts, /, n=None, axis=-1, norm=None):
    """Fourier transform along an axis of a complex signal, given and returned as real and imaginary part.

    As `np.fft.fft`. Of a real signal, `rfft_parts` is the one to take.

    Shapes: parts (2, ..., m, ...), or a pair of (..., m, ...) -> (2, ..., n, ...); n is m unless given.

    >>> re, im = ag.fft.fft_parts(([0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]))
    >>> re, im
    (array([ 1.,  0., -1.,  0.]), array([ 0., -1.,  0.,  1.]))
    """
    return _fft_parts(together(parts, "fft.fft_parts"), n, axis, norm)


@linear(name="fft.fft_parts", transpose=_inverse_transpose(lambda: _ifft_parts), **_complex_options(np.fft.fft))
def _fft_parts(xp, parts, /, n=None, axis=-1, norm=None):
    parts = together(parts, "fft.fft_parts")
    axis = place("fft.fft_parts", parts.shape[1:], axis, norm)
    return parts_of(xp.fft.fft(complex_of(parts), n, axis, norm), parts.dtype)


share_record(fft_parts, _fft_parts)


def ifft_parts(parts, /, n=None, axis=-1, norm=None):
    """Inverse Fourier transform along an axis, from and to real and imaginary part; undoes `fft_parts`.

    As `np.fft.ifft`.

    Shapes: parts (2, ..., m, ...), or a pair of (..., m, ...) -> (2, ..., n, ...); n is m unless given.

    >>> re, im = ag.fft.ifft_parts(([1.0, 0.0, -1.0, 0.0], [0.0, -1.0, 0.0, 1.0]))
    >>> re, im
    (array([0., 1., 0., 0.]), array([0., 0., 0., 0.]))
    """
    return _ifft_parts(together(parts, "fft.ifft_parts"), n, axis, norm)


@linear(name="fft.ifft_parts", transpose=_inverse_transpose(lambda: _fft_parts), **_complex_options(np.fft.ifft))
def _ifft_parts(xp, parts, /, n=None, axis=-1, norm=None):
    parts = together(parts, "fft.ifft_parts")
    axis = place("fft.ifft_parts", parts.shape[1:], axis, norm)
    return parts_of(xp.fft.ifft(complex_of(parts), n, axis, norm), parts.dtype)


share_record(ifft_parts, _ifft_parts)
