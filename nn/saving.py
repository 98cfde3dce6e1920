"""Weights in files: safetensors with PyTorch's names and layouts, which PyTorch reads, and whose files are read here.

Knows modules through their state_dict. Loading runs no code from the file, and believes nothing in it.

Note [Checksum]
The format has no checksum, so one is kept in its metadata: the SHA-256 of the whole file with 64 zeros in the place of
the sum itself. Any changed bit is found. A file from elsewhere has none, and is checked as far as its format goes.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

import autograd_core as ag

from .files import write_whole
from .module import Module

__all__ = ["load_weights", "read_weights", "save_weights"]

_WRITER = "autograd_core"
_ZEROS = "0" * 64


def save_weights(module: Module, path: str | os.PathLike[str]) -> Path:
    """Write all parameters and buffers of a module, as a whole or not at all; returns the path.

    `safetensors.torch.load_file` reads the file, and `load_state_dict` of the same network in PyTorch takes it.
    """
    # order="C": of a transposed array the format would store the memory as it lies
    arrays = {name: np.array(value, order="C") for name, value in module.state_dict().items()}
    blank = _ordered(safetensors.numpy.save(arrays, {"format": "pt", "writer": _WRITER, "sha256": _ZEROS}))
    digest = hashlib.sha256(blank).hexdigest()
    return write_whole(path, blank.replace(_ZEROS.encode(), digest.encode(), 1))


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
    """The arrays in a safetensors file, by name.

    Errors: FileNotFoundError, DataError for a file that is damaged or is something else.
    """
    content = Path(path).read_bytes()
    _check(content, path)
    try:
        return safetensors.numpy.load(content)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:  # KeyError: a type that NumPy does not have
        raise ag.DataError(f"{path}: {_what(content)} ({type(error).__name__}: {error})") from None


def _ordered(content: bytes) -> bytes:
    """The same file with its metadata in order, so that the same weights give the same bytes in every run."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the arrays behind it stay aligned
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _check(content: bytes, path: str | os.PathLike[str]) -> None:
    """Compare the file with its checksum, if it was written here; see Note [Checksum]."""
    metadata = _metadata(content)
    digest = metadata.get("sha256")
    if digest is None and metadata.get("writer") != _WRITER:
        return
    if (
        not isinstance(digest, str)
        or hashlib.sha256(content.replace(digest.encode(), _ZEROS.encode(), 1)).hexdigest() != digest
    ):
        raise ag.DataError(f"{path}: the checksum is wrong, so the file was damaged after it was written; use a copy")


def _metadata(content: bytes) -> dict[str, Any]:
    """What the header says of the whole file: 8 bytes of length, then JSON."""
    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        return metadata if isinstance(metadata, dict) else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}  # not written here, or damaged in a way that the reader finds


def _what(content: bytes) -> str:
    pickled = content[:1] == b"\x80" and any(content[4:8])  # where safetensors has the zeros of a small number
    if content[:2] == b"PK" or pickled:
        return "a pickle or zip archive, such as torch.save writes, and those can run code; save as safetensors instead"
    return "not a whole safetensors file; it is truncated, damaged, or something else"
