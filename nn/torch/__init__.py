"""PyTorch's top-level names, with PyTorch's meanings, on the Tensors of this library: `from nn import torch`.

For scripts that were written for PyTorch, which then need little more than changed imports. New code is better off with
`autograd_core`, which has NumPy's names and meanings. What is missing says what to write in its place.
"""

from types import SimpleNamespace
from typing import Any

import autograd_core as ag
import nn

from .. import data, functional, optim
from ..module import Parameter
from . import functions
from .creation import *
from .creation import __all__ as _creation
from .functions import *
from .surroundings import *
from .surroundings import __all__ as _surroundings, dtypes

Tensor = ag.Tensor
Size = tuple
pi, e, inf, nan = 3.141592653589793, 2.718281828459045, float("inf"), float("nan")
linalg, fft = ag.linalg, ag.fft
set_num_threads, get_num_threads = ag.set_num_threads, ag.get_num_threads
utils = SimpleNamespace(data=data)
globals().update(dtypes)

_INSTEAD = {
    "Tensor": "",
    "compile": "say autograd_core.compile(f), for a function, a module, or best a whole training step",
    "jit": "leave it away",
    "amp": "leave it away: numbers stay in the type they have",
    "autocast": "leave it away: numbers stay in the type they have",
    "distributed": "there is one process here",
    "median": "PyTorch's is the lower of the two numbers in the middle; say ag.median for their mean, or ag.quantile",
    "multiprocessing": "there is one process here",
    "onnx": "say nn.onnx.export(model, inputs, path)",
    "set_default_dtype": "give dtype= to what makes numbers; layers take it too",
    "set_printoptions": "say numpy.set_printoptions",
    "view_as_complex": "there are no complex numbers",
}

__all__ = [
    "Parameter",
    "Size",
    "Tensor",
    "data",
    "e",
    "fft",
    "functional",
    "get_num_threads",
    "inf",
    "linalg",
    "nan",
    "nn",
    "optim",
    "pi",
    "set_num_threads",
    "utils",
    *dtypes,
    *_creation,
    *functions.__all__,
    *_surroundings,
]


def __getattr__(name: str) -> Any:
    instead = _INSTEAD.get(name)
    if instead is None:
        instead = f"autograd_core.{name} has NumPy's arguments" if hasattr(ag, name) else "NumPy may have it"
    raise AttributeError(f"nn.torch has no {name!r}: {instead}")
