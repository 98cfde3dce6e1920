"""Data types and functions of them: which there are, what becomes of two that meet, and conversion.

There are no complex numbers here, so `complex64` and `complex128` are missing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..tensor import Tensor
from .delegation import check_device, copied, evaluate

bool = np.dtype(np.bool_)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)

__all__ = [
    "astype",
    "bool",
    "can_cast",
    "finfo",
    "float32",
    "float64",
    "iinfo",
    "int16",
    "int32",
    "int64",
    "int8",
    "isdtype",
    "result_type",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
]


@dataclass(frozen=True)
class FloatInfo:
    """The limits of a type of floating-point numbers, as numbers of Python's."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class IntegerInfo:
    """The limits of a type of integers, as numbers of Python's."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def _dtype_of(x):
    return x.dtype if isinstance(x, Tensor) else x


def astype(x, dtype, /, *, copy=True, device=None):
    """The same numbers in another type; with copy=False the array itself, where it has that type.

    Integers and booleans made of numbers that require a gradient are constants.
    """
    check_device(device, "astype")
    if dtype == x.dtype:
        return copied(x) if copy else x
    return evaluate(np.astype, x, dtype)


def can_cast(from_, to, /):
    """Whether numbers of one type can become those of another by the rules of type promotion."""
    return np.can_cast(_dtype_of(from_), to)


def finfo(type, /):
    """The limits of a type of floating-point numbers."""
    dtype = np.dtype(_dtype_of(type))
    if dtype.kind == "c":
        raise DTypeError(f"finfo: complex numbers ({dtype}) are not supported")
    info = np.finfo(dtype)
    return FloatInfo(
        info.bits, float(info.eps), float(info.max), float(info.min), float(info.smallest_normal), info.dtype
    )


def iinfo(type, /):
    """The limits of a type of integers."""
    info = np.iinfo(_dtype_of(type))
    return IntegerInfo(info.bits, info.max, info.min, info.dtype)


def isdtype(dtype, kind):
    """Whether a type is of a kind ("real floating", "integral", ...), is another type, or is one of several."""
    return np.isdtype(dtype, kind)


def result_type(*arrays_and_dtypes):
    """The type that results where arrays, types and numbers of Python's meet."""
    dtype = np.result_type(*map(_dtype_of, arrays_and_dtypes))
    if dtype.kind == "c":
        raise DTypeError(f"result_type: complex numbers ({dtype}) are not supported")
    return dtype
