"""Data sets, each loaded or made by one function: images into an `ImageData`, points into a `TensorDataset`."""

from . import transforms
from .cifar import cifar10
from .digits import digits
from .images import ImageData
from .mnist import fashion_mnist, mnist
from .plane import circles, intervals, moons, rings, spirals, xor
from .splits import CIFAR10, MNIST, FashionMNIST

__all__ = [
    # images
    "ImageData",
    "digits",
    "mnist",
    "fashion_mnist",
    "cifar10",
    # the same for scripts written for torchvision
    "MNIST",
    "FashionMNIST",
    "CIFAR10",
    "transforms",
    # points in the plane and on the line
    "moons",
    "circles",
    "spirals",
    "xor",
    "rings",
    "intervals",
]
