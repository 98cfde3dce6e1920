"""Convolutions and their transposes."""

import numpy as np

from . import Sample, family, sample


def convolution(rng: np.random.Generator, axes: int) -> Sample:
    """Settings of a convolution over some axes, with images that are no smaller than the kernel reaches."""
    groups = int(rng.choice([1, 1, 2]))
    kernel = tuple(int(k) for k in rng.integers(1, 4, axes))
    dilation = int(rng.integers(1, 3))
    same = bool(rng.integers(4) == 0)
    stride = 1 if same else tuple(int(s) for s in rng.integers(1, 3, axes))
    padding = ("same" if rng.integers(3) else "valid") if same else int(rng.integers(0, 3))
    shape = [2, 2 * groups, *(int(n) for n in rng.integers(5, 7, axes))]
    return sample(
        2 * groups,
        4,
        kernel if rng.integers(2) else kernel[0],
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bool(rng.integers(2)),
        padding_mode=str(rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"])),
        inputs=[tuple(shape[1:] if rng.integers(5) == 0 else shape)],
    )


@family
def Conv1d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 1)


@family
def Conv2d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 2)


@family
def Conv3d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 3)


def brief(sizes: list[int]) -> object:
    """One number where all axes have the same."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def transposed(rng: np.random.Generator, axes: int) -> Sample:
    """Settings of a transposed convolution; the size of the output is asked for at times."""
    groups = int(rng.choice([1, 1, 2]))
    kernel = [int(k) for k in rng.integers(1, 4, axes)]
    stride = [int(s) for s in rng.integers(1, 4, axes)]
    dilation = [int(d) for d in rng.integers(1, 4 if axes < 3 else 3, axes)]
    longer = [int(rng.integers(max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    shape = [2, 2 * groups, *(int(n) for n in rng.integers(2, 5 if axes < 3 else 4, axes))]
    least = [(n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(shape[2:], kernel, stride, dilation, strict=True)]
    # what is taken away from both sides leaves something
    padding = [int(rng.integers(0, min(3, (n + 1) // 2))) for n in least]
    asked = rng.integers(4) == 0
    size = [n - 2 * p + int(rng.integers(s)) for n, p, s in zip(least, padding, stride, strict=True)]
    return sample(
        2 * groups,
        4,
        *map(brief, (kernel, stride, padding, [0] if asked else longer)),
        groups,
        bool(rng.integers(2)),
        brief(dilation),
        inputs=[tuple(shape[1:] if rng.integers(5) == 0 else shape), *([size] if asked else [])],
    )


@family
def ConvTranspose1d(rng: np.random.Generator) -> Sample:
    return transposed(rng, 1)


@family
def ConvTranspose2d(rng: np.random.Generator) -> Sample:
    return transposed(rng, 2)


@family
def ConvTranspose3d(rng: np.random.Generator) -> Sample:
    return transposed(rng, 3)


def patches(rng: np.random.Generator) -> dict[str, object]:
    """Kernels and where they are put, on images of 6 x 7."""
    return {
        "kernel_size": (2, 3) if rng.integers(2) else int(rng.integers(1, 4)),
        "dilation": int(rng.integers(1, 3)),
        "padding": int(rng.integers(0, 2)),
        "stride": (2, 1) if rng.integers(2) else int(rng.integers(1, 3)),
    }


@family
def Unfold(rng: np.random.Generator) -> Sample:
    return sample(**patches(rng), inputs=[(2, 6, 7) if rng.integers(5) == 0 else (2, 2, 6, 7)])


@family
def Fold(rng: np.random.Generator) -> Sample:
    options = patches(rng)
    kernel, stride = (np.broadcast_to(options[name], 2).tolist() for name in ("kernel_size", "stride"))
    dilation, padding = (int(options[name]) for name in ("dilation", "padding"))
    places = [
        (n + 2 * padding - dilation * (k - 1) - 1) // s + 1 for n, k, s in zip((6, 7), kernel, stride, strict=True)
    ]
    columns = (2 * kernel[0] * kernel[1], places[0] * places[1])
    return sample((6, 7), **options, inputs=[columns if rng.integers(5) == 0 else (2, *columns)])
