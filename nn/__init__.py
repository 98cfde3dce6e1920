"""Neural networks: layers, losses, optimizers, data and training, by PyTorch's names.

The public names, grouped, and nothing else.

PYTEST_DONT_REWRITE: pytest loads the plugin that comes along, and need not watch the assertions here.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

# --- modules ----------------------------------------------------------------------------------------------------------
from .module import Module
from .parameter import Buffer, Parameter, UninitializedParameter
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential  # isort: split

# --- layers and losses: what their own lists name ---------------------------------------------------------------------
from .layers import *
from .losses import *  # isort: split

# --- seeing -----------------------------------------------------------------------------------------------------------
from .summary import summary  # isort: split

# --- submodules -------------------------------------------------------------------------------------------------------
from . import data, functional, init, layers as _layers, losses, metrics, optim

if _TYPE_CHECKING:
    from . import classic, datasets, models, monitor, onnx, plots, sklearn, train

# imported when they are first asked for, because they bring other packages along
_LAZY = ("classic", "datasets", "models", "monitor", "onnx", "plots", "sklearn", "train")

__all__ = [
    # modules
    "Buffer",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "Sequential",
    "UninitializedParameter",
    # layers and losses
    *_layers.__all__,
    *losses.__all__,
    # seeing
    "summary",
    # submodules
    "classic",
    "data",
    "datasets",
    "functional",
    "init",
    "losses",
    "metrics",
    "models",
    "monitor",
    "onnx",
    "optim",
    "plots",
    "sklearn",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
