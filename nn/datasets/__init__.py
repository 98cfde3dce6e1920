"""Data sets of images, each loaded by one function into an `ImageData`."""

from .digits import digits
from .images import ImageData
from .mnist import mnist

__all__ = ["ImageData", "digits", "mnist"]
