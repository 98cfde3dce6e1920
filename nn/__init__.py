"""Neural networks: layers, losses, optimizers, data and training, by PyTorch's names.

The public names, grouped, and nothing else.

PYTEST_DONT_REWRITE: pytest loads the plugin that comes along, and need not watch the assertions here.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential  # isort: split

# --- modules ----------------------------------------------------------------------------------------------------------
# --- layers and losses: what their own lists name ---------------------------------------------------------------------
from .layers import *
from .losses import *  # isort: split

from .module import Module
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

# --- seeing -----------------------------------------------------------------------------------------------------------
from .summary import summary  # isort: split

# --- submodules -------------------------------------------------------------------------------------------------------
from . import functional, init, layers as _layers, losses

if _TYPE_CHECKING:
    from . import (
        augment,
        averaging,
        callbacks,
        classic,
        data,
        datasets,
        history,
        metrics,
        models,
        monitor,
        onnx,
        optim,
        plots,
        regularization,
        saving,
        sequences,
        sklearn,
        torch,
        train,
        vectors,
    )

_ELSEWHERE = {
    "utils": "clip_grad_norm_ and clip_grad_value_ are in nn.optim, data sets and DataLoader in nn.data, "
    "parameters_to_vector in nn.vectors, pad_sequence and packed sequences in nn.sequences",
    "quantized": "there is no quantization here",
    "DataParallel": "there is one device here",
}

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
    "UninitializedBuffer",
    "UninitializedParameter",
    # layers and losses
    *_layers.__all__,
    *losses.__all__,
    # seeing
    "summary",
    # submodules
    "augment",
    "averaging",
    "callbacks",
    "classic",
    "data",
    "datasets",
    "functional",
    "history",
    "init",
    "losses",
    "metrics",
    "models",
    "monitor",
    "onnx",
    "optim",
    "plots",
    "regularization",
    "saving",
    "sequences",
    "sklearn",
    "torch",
    "train",
    "vectors",
]


def __getattr__(name: str) -> object:
    if name in __all__:  # imported when first asked for: most programs need few of these, and some bring others along
        return _import_module(f"{__name__}.{name}")
    there = f"; {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{there}")
