"""The discrete Fourier transform along several axes: one axis after the other, on real and imaginary parts."""

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Example, Interval, Raises
from ...op import composed
from ..operands import operand
from .parts import fft_parts, ifft_parts, irfft_parts, place, rfft_parts, together

_WIDE = Interval(-2, 2)
_NO_PARTS = Raises(ShapeError, "first axis holds the real and the imaginary part", parts=(3, 2))


def lengths(who, shape, s, axes, norm, *, halved=False):
    """The axes of a signal of this shape, counted from the end, and the length of the transform along each.

    `halved` says that the last of them holds the bins of a real signal's spectrum.
    """
    if axes is None:
        if s is not None:
            raise OptionError(f"{who}: s={s} needs axes=, one for each length, such as axes={tuple(range(len(s)))}")
        axes = range(len(shape))
    axes = [place(who, shape, axis, norm) for axis in axes]
    if not axes:
        raise ShapeError(f"{who}: at least one axis is needed")
    if s is None:
        s = [shape[axis] for axis in axes]
        if halved:
            s[-1] = 2 * (s[-1] - 1)
    if len(s) != len(axes):
        raise OptionError(f"{who}: {len(s)} lengths s={tuple(s)} came for {len(axes)} axes")
    if None in s:
        raise OptionError(f"{who}: s={tuple(s)} leaves a length open; -1 means the whole axis")
    return [(shape[axis] if n == -1 else int(n), axis) for n, axis in zip(s, axes, strict=True)]


def _stacked(function):
    def reference(x, s=None, axes=None, norm=None):
        z = function(x, s, axes, norm)
        return np.stack([z.real, z.imag])

    return reference


@composed(
    name="fft.rfftn_parts",
    domain=_WIDE,
    examples=[
        Example(x=(3, 4)),
        Example(x=(2, 3, 3), axes=(0, 2)),
        Example(x=(2, 3, 4), axes=(-1, 0), norm="ortho"),
        Example(x=(3, 2), s=(2, 5), axes=(0, 1), norm="forward"),
        Example(x=(3, 2), s=(-1, 3), axes=(1, 0)),
        Example(x=(0, 2), axes=(1,)),
    ],
    reference=_stacked(np.fft.rfftn),
    errors=[
        Raises(OptionError, "needs axes=", x=(2, 2), s=(2, 2)),
        Raises(OptionError, "2 lengths .* for 1 axes", x=(2, 2), s=(2, 2), axes=(0,)),
        Raises(OptionError, "leaves a length open", x=(2, 2), s=(2, None), axes=(0, 1)),
        Raises(ShapeError, "at least one axis", x=()),
    ],
)
def rfftn_parts(x, /, s=None, axes=None, norm=None):
    """Fourier transform of a real signal along several axes, at frequencies >= 0 along the last one of them.

    As `np.fft.rfftn`, and as `np.fft.rfft2` with axes=(-2, -1); the result is real, part by part, as of `rfft_parts`.
    Before, axes are cut off or padded to the lengths s (-1 keeps one).

    Shapes: x (..., m, ...) -> (2, ..., n, ...), the last axis of the listed ones having n // 2 + 1 bins.

    >>> ag.fft.rfftn_parts(np.ones((2, 2)))[0]
    array([[4., 0.],
           [0., 0.]])
    """
    x = operand(x, "fft.rfftn_parts")
    *others, (n, axis) = lengths("fft.rfftn_parts", x.shape, s, axes, norm)
    z = rfft_parts(x, n, axis, norm)
    for n, axis in reversed(others):
        z = fft_parts(z, n, axis, norm)
    return z


@composed(
    name="fft.irfftn_parts",
    domain=_WIDE,
    examples=[
        Example(parts=(2, 3, 3)),
        Example(parts=(2, 2, 3, 3), axes=(0, 2)),
        Example(parts=(2, 2, 3, 2), axes=(-1, 0), norm="ortho"),
        Example(parts=(2, 3, 2), s=(2, 5), axes=(0, 1), norm="forward"),
        Example(parts=(2, 3, 2), s=(-1, 3), axes=(1, 0)),
        Example(parts=(2, 0, 2), axes=(1,)),
    ],
    reference=lambda parts, s=None, axes=None, norm=None: np.fft.irfftn(parts[0] + 1j * parts[1], s, axes, norm),
    errors=[_NO_PARTS, Raises(OptionError, "needs axes=", parts=(2, 2, 2), s=(2, 2))],
)
def irfftn_parts(parts, /, s=None, axes=None, norm=None):
    """Real signal from its spectrum along several axes, frequencies >= 0 along the last one; undoes `rfftn_parts`.

    As `np.fft.irfftn` of the complex spectrum.

    Shapes: parts (2, ..., bins, ...), or a pair of (..., bins, ...) -> (..., n, ...); axes are those of the signal.

    >>> ag.fft.irfftn_parts(ag.fft.rfftn_parts(np.ones((2, 2))))
    array([[1., 1.],
           [1., 1.]])
    """
    z = together(parts, "fft.irfftn_parts")
    *others, (n, axis) = lengths("fft.irfftn_parts", z.shape[1:], s, axes, norm, halved=True)
    for length, along in others:
        z = ifft_parts(z, length, along, norm)
    return irfft_parts(z, n, axis, norm)


def _both_directions(function):
    return {
        "domain": _WIDE,
        "examples": [
            Example(parts=(2, 3, 2)),
            Example(parts=(2, 2, 3, 2), axes=(0, -1), norm="ortho"),
            Example(parts=(2, 3, 2), s=(2, 4), axes=(0, 1), norm="forward"),
            Example(parts=(2, 0, 2), axes=(1,)),
        ],
        "reference": lambda parts, s=None, axes=None, norm=None: _stacked(function)(
            parts[0] + 1j * parts[1], s, axes, norm
        ),
        "errors": [_NO_PARTS, Raises(OptionError, "needs axes=", parts=(2, 2, 2), s=(2, 2))],
    }


@composed(name="fft.fftn_parts", **_both_directions(np.fft.fftn))
def fftn_parts(parts, /, s=None, axes=None, norm=None):
    """Fourier transform along several axes of a complex signal, given and returned as real and imaginary part.

    As `np.fft.fftn`, and as `np.fft.fft2` with axes=(-2, -1).

    Shapes: parts (2, ..., m, ...), or a pair of (..., m, ...) -> (2, ..., n, ...); axes are those of the signal.

    >>> ag.fft.fftn_parts((np.ones((2, 2)), np.zeros((2, 2))))[0]
    array([[4., 0.],
           [0., 0.]])
    """
    z = together(parts, "fft.fftn_parts")
    for n, axis in reversed(lengths("fft.fftn_parts", z.shape[1:], s, axes, norm)):
        z = fft_parts(z, n, axis, norm)
    return z


@composed(name="fft.ifftn_parts", **_both_directions(np.fft.ifftn))
def ifftn_parts(parts, /, s=None, axes=None, norm=None):
    """Inverse Fourier transform along several axes, from and to real and imaginary part; undoes `fftn_parts`.

    As `np.fft.ifftn`.

    Shapes: parts (2, ..., m, ...), or a pair of (..., m, ...) -> (2, ..., n, ...); axes are those of the signal.

    >>> ag.fft.ifftn_parts((np.ones((2, 2)), np.zeros((2, 2))))[0]
    array([[1., 0.],
           [0., 0.]])
    """
    z = together(parts, "fft.ifftn_parts")
    for n, axis in reversed(lengths("fft.ifftn_parts", z.shape[1:], s, axes, norm)):
        z = ifft_parts(z, n, axis, norm)
    return z
