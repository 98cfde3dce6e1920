"""Fourier transforms: the extension `fft`, as far as it is about real numbers.

A Fourier transform is complex, and there are no complex numbers here, so the transforms themselves refuse; the
frequencies, and their order, are real.
"""

import numpy as np

from ..errors import DTypeError
from .delegation import evaluate, same_as

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]


def _refuse(name):
    raise DTypeError(
        f"fft.{name}: complex numbers are not supported; carry the real and imaginary parts as two real arrays"
    )


def fft(x, /, *, n=None, axis=-1, norm="backward"):
    """Discrete Fourier transform: refused, because it is complex."""
    _refuse("fft")


def ifft(x, /, *, n=None, axis=-1, norm="backward"):
    """Inverse discrete Fourier transform: refused, because it is complex."""
    _refuse("ifft")


def rfft(x, /, *, n=None, axis=-1, norm="backward"):
    """Discrete Fourier transform of real numbers: refused, because it is complex."""
    _refuse("rfft")


def irfft(x, /, *, n=None, axis=-1, norm="backward"):
    """Inverse of `rfft`: refused, because it is complex."""
    _refuse("irfft")


def hfft(x, /, *, n=None, axis=-1, norm="backward"):
    """Discrete Fourier transform of a Hermitian-symmetric signal: refused, because it is complex."""
    _refuse("hfft")


def ihfft(x, /, *, n=None, axis=-1, norm="backward"):
    """Inverse of `hfft`: refused, because it is complex."""
    _refuse("ihfft")


def fftn(x, /, *, s=None, axes=None, norm="backward"):
    """Discrete Fourier transform along axes: refused, because it is complex."""
    _refuse("fftn")


def ifftn(x, /, *, s=None, axes=None, norm="backward"):
    """Inverse of `fftn`: refused, because it is complex."""
    _refuse("ifftn")


def rfftn(x, /, *, s=None, axes=None, norm="backward"):
    """Discrete Fourier transform of real numbers along axes: refused, because it is complex."""
    _refuse("rfftn")


def irfftn(x, /, *, s=None, axes=None, norm="backward"):
    """Inverse of `rfftn`: refused, because it is complex."""
    _refuse("irfftn")


def fftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """The frequencies of a transform of n samples, d apart."""
    return evaluate(np.astype, evaluate(np.fft.fftfreq, n, d, device=device), dtype or float)


def rfftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """The frequencies of a transform of n real samples, d apart."""
    return evaluate(np.astype, evaluate(np.fft.rfftfreq, n, d, device=device), dtype or float)


@same_as(np.fft.fftshift)
def fftshift(x, /, *, axes=None):
    """The frequency 0 moved to the middle."""


@same_as(np.fft.ifftshift)
def ifftshift(x, /, *, axes=None):
    """The frequency 0 moved back to the front."""
