"""Data sets, each loaded or made by one function: images into an `ImageData`, points into a `TensorDataset`."""

from .cifar import cifar10
from .digits import digits
from .images import ImageData
from .mnist import fashion_mnist, mnist
from .plane import circles, intervals, moons, rings, spirals, xor

__all__ = [
    # images
    "ImageData",
    "digits",
    "mnist",
    "fashion_mnist",
    "cifar10",
    # points in the plane and on the line
    "moons",
    "circles",
    "spirals",
    "xor",
    "rings",
    "intervals",
]
