"""Discrete Fourier transforms in real numbers, `ag.fft.rfft_parts`, and those of NumPy's that map real to real.

A spectrum is complex, and is carried as its parts: a real array with a first axis of length 2, real part and imaginary
part. It unpacks into the two, ``re, im = ag.fft.rfft_parts(x)``, and its power is the sum of the squares over that
axis.
"""

from .parts import (
    fft_parts as fft_parts,
    ifft_parts as ifft_parts,
    irfft_parts as irfft_parts,
    rfft_parts as rfft_parts,
)
from .real import (
    hfft as hfft,
    irfft as irfft,
    irfft2 as irfft2,
    irfftn as irfftn,
)
from .several import (
    fftn_parts as fftn_parts,
    ifftn_parts as ifftn_parts,
    irfftn_parts as irfftn_parts,
    rfftn_parts as rfftn_parts,
)
from .shift import (
    fftshift as fftshift,
    ifftshift as ifftshift,
)
