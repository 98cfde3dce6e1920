"""NumPy's protocols: what happens when NumPy's own functions meet a Tensor. They stay in the graph, or raise."""

from typing import Any

import numpy as np

from . import numpy_functions, numpy_ufuncs
from .arrays import Array
from .errors import GraphError
from .operators import Operators


class Protocols(Operators):
    """A Variable that NumPy's functions and ufuncs hand over to the operations of the same names."""

    __slots__ = ()

    data: Any  # the array, for others to hold; see Tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise GraphError(
                "asarray: this tensor requires a gradient, and what is done to an ndarray is not recorded; "
                "use .detach(), or a function of autograd_core"
            )
        if copy is False and dtype is not None and np.dtype(dtype) != self._data.dtype:
            raise ValueError(f"asarray: {self._data.dtype} cannot become {np.dtype(dtype)} without a copy")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return numpy_ufuncs.call(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions.answer_to(function)(*args, **kwargs)
