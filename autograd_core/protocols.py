"""What others do with a Tensor: NumPy's own functions, code for the array API standard, libraries that exchange memory.

NumPy's functions, and those of the standard's namespace, stay in the graph, or raise. Memory is handed out by
constants only: `__array__` and DLPack both say so.
"""

from importlib import import_module
from typing import Any, Self

import numpy as np

from . import numpy_functions, numpy_ufuncs
from .arrays import Array
from .conversions import Conversions
from .errors import GraphError, OptionError

_STANDARDS = ("2021.12", "2022.12", "2023.12", "2024.12")  # each version has all of the ones before


class Protocols(Conversions):
    """A Variable that NumPy's functions and ufuncs hand over to the operations of the same names."""

    __slots__ = ()

    data: Any  # the array, for others to hold; see Tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise GraphError(
                "asarray: this tensor requires a gradient, and what is done to an ndarray is not recorded; use "
                "np.stack or np.concatenate in the place of np.array, np.dot(a, x) in the place of a.dot(x), and "
                ".detach() for the values alone"
            )
        if copy is False and dtype is not None and np.dtype(dtype) != self._array.dtype:
            raise ValueError(f"asarray: {self._array.dtype} cannot become {np.dtype(dtype)} without a copy")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return numpy_ufuncs.call(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions.answer_to(function)(*args, **kwargs)

    # --- the array API standard ---------------------------------------------------------------------------------------

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        if api_version not in (None, *_STANDARDS):
            raise OptionError(
                f"__array_namespace__: there are versions {', '.join(_STANDARDS)} of the standard; got {api_version!r}"
            )
        return import_module(".array_api", __package__)  # a tool that stands beside, and is imported when asked for

    @property
    def device(self) -> str:
        """Where the array is: always "cpu"."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: None = None) -> Self:
        """The tensor itself, because there is no other device.

        Raises: OptionError for any device but "cpu", and for a stream.
        """
        if device != "cpu" or stream is not None:
            raise OptionError(f"to_device: there is one device, 'cpu', without streams; got {device!r}, {stream=}")
        return self

    # --- DLPack -------------------------------------------------------------------------------------------------------

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self.node is not None:
            raise GraphError(
                "from_dlpack: this tensor requires a gradient, and what another library does to its memory is not "
                "recorded; use .detach()"
            )
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self.data.__dlpack__(**{name: value for name, value in options.items() if value is not None})

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.data.__dlpack_device__()
