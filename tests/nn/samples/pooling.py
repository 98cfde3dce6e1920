"""Pooling: the maximum, the mean or a power mean of windows."""

import numpy as np

import nn

from . import Sample, family, sample


def apart(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers of which no two are alike or near each other, so that no window has two maxima."""
    size = int(np.prod(shape))
    return (rng.permutation(size) - size / 2 + 0.3).reshape(shape) * 0.1


def images(rng: np.random.Generator, axes: int, least: int = 4, most: int = 8) -> tuple[int, ...]:
    """The shape of a batch, a small one if images have many numbers, or of an example alone."""
    shape = (2, int(rng.integers(1, 3)), *(int(n) for n in rng.integers(least, most if axes < 3 else least + 2, axes)))
    return shape[1:] if rng.integers(5) == 0 else shape


def windows(rng: np.random.Generator, axes: int, most: int = 4) -> dict[str, object]:
    """Kernels, strides and paddings, given as numbers or one for each axis."""
    kernel = [int(k) for k in rng.integers(1, most, axes)]
    several = bool(rng.integers(2))
    options: dict[str, object] = {"kernel_size": tuple(kernel) if several else kernel[0]}
    if rng.integers(3):
        options["stride"] = tuple(int(s) for s in rng.integers(1, 4, axes)) if several else int(rng.integers(1, 4))
    padding = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    options["padding"] = tuple(padding) if several else padding[0]
    return options


def maximum(rng: np.random.Generator, axes: int) -> Sample:
    """All options; a dilation reaches no further than the smallest image."""
    return sample(
        **windows(rng, axes, 3 if axes == 3 else 4),
        dilation=int(rng.integers(1, 3)) if axes < 3 else 1,
        ceil_mode=bool(rng.integers(2)),
        return_indices=bool(rng.integers(2)),
        inputs=[apart(rng, *images(rng, axes, 5))],
    )


@family
def MaxPool1d(rng: np.random.Generator) -> Sample:
    return maximum(rng, 1)


@family
def MaxPool2d(rng: np.random.Generator) -> Sample:
    return maximum(rng, 2)


@family
def MaxPool3d(rng: np.random.Generator) -> Sample:
    return maximum(rng, 3)


def undone(rng: np.random.Generator, axes: int) -> Sample:
    """What a pooling without overlaps gives, and at times the size that it had come from."""
    kernel = int(rng.integers(1, 4))
    stride = kernel if rng.integers(2) else kernel + int(rng.integers(0, 2))
    x = apart(rng, *images(rng, axes, 4))
    pool = getattr(nn, f"MaxPool{axes}d")(kernel, stride, return_indices=True)
    out, indices = pool(x)
    least = [(m - 1) * stride + kernel for m in out.shape[-axes:]]
    whole = list(x.shape[-axes:])
    return sample(kernel, stride, inputs=[out, indices, *([whole] if whole != least or rng.integers(2) else [])])


@family
def MaxUnpool1d(rng: np.random.Generator) -> Sample:
    return undone(rng, 1)


@family
def MaxUnpool2d(rng: np.random.Generator) -> Sample:
    return undone(rng, 2)


@family
def MaxUnpool3d(rng: np.random.Generator) -> Sample:
    return undone(rng, 3)


def average(rng: np.random.Generator, axes: int) -> Sample:
    """All options."""
    options = windows(rng, axes)
    if axes > 1 and rng.integers(2):
        options["divisor_override"] = int(rng.integers(1, 5))
    return sample(
        **options,
        ceil_mode=bool(rng.integers(2)),
        count_include_pad=bool(rng.integers(2)),
        inputs=[images(rng, axes)],
    )


@family
def AvgPool1d(rng: np.random.Generator) -> Sample:
    return average(rng, 1)


@family
def AvgPool2d(rng: np.random.Generator) -> Sample:
    return average(rng, 2)


@family
def AvgPool3d(rng: np.random.Generator) -> Sample:
    return average(rng, 3)


def power(rng: np.random.Generator, axes: int) -> Sample:
    """Powers of positive numbers, and even ones of any."""
    norm = (1, 2, 3, 4, 1.5, 2.5)[int(rng.integers(6))]
    options = windows(rng, axes, 3 if axes == 3 else 4)
    options.pop("padding")
    if axes == 1:  # PyTorch takes no tuple here
        options["kernel_size"] = int(np.ravel(options["kernel_size"])[0])
    x = rng.uniform(0.2, 2, size=images(rng, axes))
    if norm in (2, 4):
        x *= rng.choice([-1, 1], size=x.shape)
    return sample(norm, **options, ceil_mode=bool(rng.integers(2)), inputs=[x])


@family
def LPPool1d(rng: np.random.Generator) -> Sample:
    return power(rng, 1)


@family
def LPPool2d(rng: np.random.Generator) -> Sample:
    return power(rng, 2)


@family
def LPPool3d(rng: np.random.Generator) -> Sample:
    return power(rng, 3)


def adaptive(rng: np.random.Generator, axes: int) -> object:
    """One number of windows, or one for each axis, None among them; more windows than numbers happen too."""
    several = [None if rng.integers(5) == 0 else int(rng.integers(1, 6 if axes < 3 else 4)) for _ in range(axes)]
    return tuple(several) if axes > 1 and rng.integers(2) else several[0] or 2


@family
def AdaptiveAvgPool1d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 1), inputs=[images(rng, 1, 3)])


@family
def AdaptiveAvgPool2d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 2), inputs=[images(rng, 2, 3)])


@family
def AdaptiveAvgPool3d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 3), inputs=[images(rng, 3, 2)])


@family
def AdaptiveMaxPool1d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 1), bool(rng.integers(2)), inputs=[apart(rng, *images(rng, 1, 3))])


@family
def AdaptiveMaxPool2d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 2), bool(rng.integers(2)), inputs=[apart(rng, *images(rng, 2, 3))])


@family
def AdaptiveMaxPool3d(rng: np.random.Generator) -> Sample:
    return sample(adaptive(rng, 3), bool(rng.integers(2)), inputs=[apart(rng, *images(rng, 3, 2))])
