"""Layers that find out the number of their input features when they are first called."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from ..functional.sizes import Padding, Size
from ..module import Module
from ..parameter import Parameter, UninitializedParameter
from ..randomness import RandomSource, generator
from ..state import put
from .conv import Conv1d, Conv2d, Conv3d
from .linear import Linear

__all__ = ["LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyLinear"]


class Lazy(Module):
    """What lazy layers have in common: the first call makes the parameters, and the class becomes the usual one.

    The parameters are the same objects before and after. Until then their values cannot be had, so neither an optimizer
    nor a state_dict can be made; a state_dict can be loaded.
    """

    becomes: ClassVar[type[Module]]
    found: ClassVar[str]  # the argument of that class that is found out
    axis: ClassVar[int]  # of the input, whose length it is

    def _prepare(self, out: str, options: dict[str, Any]) -> None:
        """Keep the arguments under their names, and check them as the usual class does."""
        Module.__init__(self)
        options = {name: value for name, value in options.items() if name not in ("self", "__class__")}
        options["rng"] = generator(options["rng"], type(self).__name__)
        trial = {**options, self.found: options[out] * options.get("groups", 1) if out in options else 1, "rng": 0}
        self.becomes(**{**trial, out: options[out]})
        vars(self).update({name: value for name, value in options.items() if name not in ("bias", "dtype")})
        vars(self)[self.found] = 0
        self._dtype = np.dtype(options["dtype"])
        self.weight = UninitializedParameter(dtype=self._dtype)
        self.bias = UninitializedParameter(dtype=self._dtype) if options["bias"] else None
        self._names = [name for name in options if name not in ("bias", "dtype")]
