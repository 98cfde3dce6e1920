"""Inspection: what there is, for code that asks before it computes."""

import numpy as np

from . import data_types
from .delegation import check_device

__all__ = ["__array_namespace_info__"]

# those of the standard, but for complex64 and complex128
_NAMES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


class Info:
    """What the namespace can do. There are no complex numbers, and one device."""

    def capabilities(self):
        """Whether shapes may depend on values, and how many axes there may be."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        """Where arrays are made."""
        return "cpu"

    def default_dtypes(self, *, device=None):
        """The types of numbers that no type was given for."""
        check_device(device, "default_dtypes")
        return {
            "real floating": data_types.float64,
            "integral": np.dtype(int),
            "indexing": np.dtype(np.intp),
        }

    def devices(self):
        """Where arrays can be."""
        return ["cpu"]

    def dtypes(self, *, device=None, kind=None):
        """The types there are, by name, of one kind, of several, or all."""
        check_device(device, "dtypes")
        every = {name: getattr(data_types, name) for name in _NAMES}
        return every if kind is None else {n: dtype for n, dtype in every.items() if data_types.isdtype(dtype, kind)}


def __array_namespace_info__():
    """What the namespace can do, as an object with methods to ask."""
    return Info()
