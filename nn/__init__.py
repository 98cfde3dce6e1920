"""Neural networks: layers, losses, optimizers, data and training, by PyTorch's names.

The public names, grouped, and nothing else.

PYTEST_DONT_REWRITE: pytest loads the plugin that comes along, and need not watch the assertions here.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

# --- modules ----------------------------------------------------------------------------------------------------------
from .module import Module, Parameter
from .sequential import Sequential  # isort: split

# --- layers -----------------------------------------------------------------------------------------------------------
from .activation import LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .conv import Conv1d, Conv2d, Conv3d
from .dropout import Dropout
from .linear import Flatten, Identity, Linear
from .mlp import MLP
from .pool import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d  # isort: split

# --- losses -----------------------------------------------------------------------------------------------------------
from .losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss  # isort: split

# --- seeing -----------------------------------------------------------------------------------------------------------
from .summary import summary  # isort: split

# --- submodules -------------------------------------------------------------------------------------------------------
from . import data, functional, init, losses, metrics, optim

if _TYPE_CHECKING:
    from . import datasets, models, monitor, plots, train

# imported when they are first asked for, because they bring other packages along
_LAZY = ("datasets", "models", "monitor", "plots", "train")

__all__ = [
    # modules
    "Module",
    "Parameter",
    "Sequential",
    # layers
    "AvgPool1d",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "Dropout",
    "Flatten",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MLP",
    "MaxPool1d",
    "MaxPool2d",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    # losses
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "MSELoss",
    "NLLLoss",
    # seeing
    "summary",
    # submodules
    "data",
    "datasets",
    "functional",
    "init",
    "losses",
    "metrics",
    "models",
    "monitor",
    "optim",
    "plots",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
