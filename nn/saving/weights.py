"""Weights in files: safetensors with PyTorch's names and layouts, which PyTorch reads, and whose files are read here.

Knows modules through their state_dict. Does not know how a file is laid out.
"""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import autograd_core as ag

from ..files import write_whole
from ..module import Module
from .container import packed, unpacked

__all__ = ["load_weights", "read_weights", "save_weights"]


def save_weights(module: Module, path: str | os.PathLike[str]) -> Path:
    """Write all parameters and buffers of a module, as a whole or not at all; returns the path.

    `safetensors.torch.load_file` reads the file, and `load_state_dict` of the same network in PyTorch takes it.
    """
    return write_whole(path, packed(module.state_dict()))


def load_weights(module: Module, path: str | os.PathLike[str]) -> None:
    """Give a module the parameters and buffers of a file; it is left as it is unless all of them fit.

    Errors: FileNotFoundError, DataError for a file that is damaged, is something else, or belongs to another network.
    """
    arrays = read_weights(path)
    try:
        module.load_state_dict(arrays)
    except ag.DataError as error:
        raise ag.DataError(f"{path}: {error}") from None


def read_weights(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The arrays in a safetensors file, by name. Numbers of type bfloat16, which NumPy does not have, become float32.

    Errors: FileNotFoundError, DataError for a file that is damaged, is something else, or is a checkpoint of a run.
    """
    arrays, metadata = unpacked(path)
    if "tree" in metadata:
        raise ag.DataError(
            f"{path}: this holds a whole run or another tree, not weights alone; "
            "load_tree(path)['parts']['model'] is the state_dict of a run's model"
        )
    return arrays
