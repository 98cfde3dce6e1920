"""Activations; inputs keep away from the kinks, which lie where the options say."""

from typing import Any

import numpy as np

from . import Sample, family, sample

SHAPES = [(5,), (3, 4), (2, 3, 2), (2, 2, 3, 2)]


def shape(rng: np.random.Generator) -> tuple[int, ...]:
    return SHAPES[int(rng.integers(len(SHAPES)))]


def apart(rng: np.random.Generator, *kinks: float, size: tuple[int, ...] | None = None, scale: float = 2.0) -> Any:
    """Normal numbers, none of them within 0.05 of a kink."""
    x = scale * rng.normal(size=shape(rng) if size is None else size)
    for kink in sorted(kinks):
        near = np.abs(x - kink) < 0.05
        x = np.where(near, kink + np.where(x < kink, -0.05, 0.05), x)
    return x


def smooth(rng: np.random.Generator, **options: Any) -> Sample:
    return sample(**options, inputs=[apart(rng, 0.0)])


def hint(rng: np.random.Generator) -> dict[str, bool]:
    """PyTorch would overwrite a leaf with inplace=True: the hint is shown at its default."""
    return {"inplace": False} if rng.integers(2) else {}


@family
def ReLU(rng: np.random.Generator) -> Sample:
    return smooth(rng, **hint(rng))


@family
def ReLU6(rng: np.random.Generator) -> Sample:
    return sample(**hint(rng), inputs=[apart(rng, 0.0, 6.0, scale=6.0)])


@family
def LeakyReLU(rng: np.random.Generator) -> Sample:
    return smooth(rng, negative_slope=float(rng.choice([0.01, 0.2, 1.5])), **hint(rng))


@family
def PReLU(rng: np.random.Generator) -> Sample:
    x = apart(rng, 0.0)
    count = int(rng.choice([1, x.shape[1]])) if x.ndim > 1 else 1
    return sample(num_parameters=count, init=float(rng.choice([0.25, -0.5])), inputs=[x])


@family
def RReLU(rng: np.random.Generator) -> Sample:
    training = bool(rng.integers(2))
    return sample(
        lower=0.1,
        upper=float(rng.choice([0.1, 0.3])) if training else 0.4,
        inputs=[apart(rng, 0.0)],
        training=training,
        only_here="its slopes are drawn by another generator" if training else "",
        **hint(rng),
    )


@family
def ELU(rng: np.random.Generator) -> Sample:
    return smooth(rng, alpha=float(rng.choice([1.0, 0.5, 2.0])), **hint(rng))


@family
def CELU(rng: np.random.Generator) -> Sample:
    return smooth(rng, alpha=float(rng.choice([1.0, 0.5, 2.0])), **hint(rng))


@family
def SELU(rng: np.random.Generator) -> Sample:
    return smooth(rng, **hint(rng))


@family
def GELU(rng: np.random.Generator) -> Sample:
    return smooth(rng, approximate=str(rng.choice(["none", "tanh"])))


@family
def SiLU(rng: np.random.Generator) -> Sample:
    return smooth(rng, **hint(rng))


@family
def Mish(rng: np.random.Generator) -> Sample:
    return smooth(rng, **hint(rng))


@family
def Hardswish(rng: np.random.Generator) -> Sample:
    return sample(**hint(rng), inputs=[apart(rng, -3.0, 3.0, scale=3.0)])


@family
def Softplus(rng: np.random.Generator) -> Sample:
    beta, threshold = float(rng.choice([1.0, 0.5, 3.0])), float(rng.choice([20.0, 1.0]))
    return sample(beta=beta, threshold=threshold, inputs=[apart(rng, threshold / beta)])


@family
def Threshold(rng: np.random.Generator) -> Sample:
    at = float(rng.choice([0.0, -0.5, 1.0]))
    return sample(at, float(rng.choice([0.0, 3.0])), **hint(rng), inputs=[apart(rng, at)])


@family
def Sigmoid(rng: np.random.Generator) -> Sample:
    return smooth(rng)


@family
def LogSigmoid(rng: np.random.Generator) -> Sample:
    return smooth(rng)


@family
def Tanh(rng: np.random.Generator) -> Sample:
    return smooth(rng)


@family
def Softsign(rng: np.random.Generator) -> Sample:
    return smooth(rng)


@family
def Hardtanh(rng: np.random.Generator) -> Sample:
    low, high = float(rng.choice([-1.0, -2.0])), float(rng.choice([1.0, 0.5]))
    return sample(low, high, **hint(rng), inputs=[apart(rng, low, high)])


@family
def Hardsigmoid(rng: np.random.Generator) -> Sample:
    x = apart(rng, -3.0, 3.0, scale=3.0)
    between = "PyTorch's slope between the bounds is 1/6 rounded to float32, in float64 too"
    flat = bool(rng.integers(2))
    return sample(**hint(rng), inputs=[x + 12 * np.sign(x) if flat else x], only_here="" if flat else between)


@family
def Step(rng: np.random.Generator) -> Sample:
    return sample(inputs=[apart(rng, 0.0)], order=0, only_here="PyTorch has no threshold unit")


@family
def Hardshrink(rng: np.random.Generator) -> Sample:
    lambd = float(rng.choice([0.5, 1.0]))
    return sample(lambd, inputs=[apart(rng, -lambd, lambd)])


@family
def Softshrink(rng: np.random.Generator) -> Sample:
    lambd = float(rng.choice([0.5, 1.0]))
    return sample(lambd=lambd, inputs=[apart(rng, -lambd, lambd)])


@family
def Tanhshrink(rng: np.random.Generator) -> Sample:
    return smooth(rng)


def along(rng: np.random.Generator) -> Sample:
    size = shape(rng)
    return sample(dim=int(rng.integers(-len(size), len(size))), inputs=[size])


@family
def Softmax(rng: np.random.Generator) -> Sample:
    return along(rng)


@family
def LogSoftmax(rng: np.random.Generator) -> Sample:
    return along(rng)


@family
def Softmin(rng: np.random.Generator) -> Sample:
    return along(rng)


@family
def Softmax2d(rng: np.random.Generator) -> Sample:
    return sample(inputs=[(2, 3, 2, 2) if rng.integers(2) else (3, 2, 2)])


@family
def GLU(rng: np.random.Generator) -> Sample:
    size = list(shape(rng))
    dim = int(rng.integers(-len(size), len(size)))
    size[dim] *= 2
    return sample(dim=dim, inputs=[tuple(size)])


@family
def Maxout(rng: np.random.Generator) -> Sample:
    return sample(
        3, 2, int(rng.integers(1, 4)), bias=bool(rng.integers(2)), inputs=[(4, 3)], only_here="PyTorch has no maxout"
    )


@family
def RBF(rng: np.random.Generator) -> Sample:
    return sample(3, 2, float(rng.choice([1.0, 2.0])), inputs=[(4, 3)], only_here="PyTorch has no radial units")
