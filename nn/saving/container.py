"""Named arrays and a few words of metadata in one safetensors file, with a checksum over all of it.

Knows bytes. Does not know what the arrays are of. Reading runs no code from the file, and believes nothing in it.

Note [Checksum]
The format has no checksum, so one is kept in its metadata: the SHA-256 of the whole file with 64 zeros in the place of
the sum itself. Any changed bit is found. A file from elsewhere has none, and is checked as far as its format goes.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["KINDS", "packed", "unpacked"]

# The format's names of number types that NumPy has. bfloat16 is the upper half of a float32, and is read as one.
KINDS = {
    **{"F64": np.float64, "F32": np.float32, "F16": np.float16, "BOOL": np.bool_},
    **{"I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8},
    **{"U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8},
}
_WRITER = "autograd_core"
_ZEROS = "0" * 64


def packed(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """The content of a file that holds these arrays. The same arrays give the same bytes in every run."""
    # order="C": of a transposed array the format would store the memory as it lies
    rows = {name: np.array(value, value.dtype.newbyteorder("="), order="C") for name, value in arrays.items()}
    words = {**(metadata or {}), "format": "pt", "sha256": _ZEROS, "writer": _WRITER}
    blank = _ordered(safetensors.numpy.save(rows, words))
    digest = hashlib.sha256(blank).hexdigest()
    return blank.replace(_ZEROS.encode(), digest.encode(), 1)


def unpacked(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of a file, by name, and its metadata.

    Errors: FileNotFoundError, DataError for a file that is damaged, is something else, or has numbers of a type that
    NumPy does not have.
    """
    content = Path(path).read_bytes()
    metadata = _metadata(content)
    _check(content, metadata, path)
    try:
        found = safetensors.deserialize(content)
    except safetensors.SafetensorError as error:
        raise ag.DataError(f"{path}: {_what(content)} ({type(error).__name__}: {error})") from None
    return {name: _array(entry, f"{path}: {name}") for name, entry in found}, metadata


def _ordered(content: bytes) -> bytes:
    """The same file with its metadata in order, where the checksum comes before everything that could look like it."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    words = header.pop("__metadata__")
    first = {name: words.pop(name) for name in ("format", "sha256", "writer")}
    header = {"__metadata__": {**first, **dict(sorted(words.items()))}, **header}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the arrays behind it stay aligned
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _check(content: bytes, metadata: dict[str, str], path: str | os.PathLike[str]) -> None:
    """Compare the file with its checksum, if it was written here; see Note [Checksum]."""
    digest = metadata.get("sha256")
    if digest is None and metadata.get("writer") != _WRITER:
        return
    if (
        not isinstance(digest, str)
        or not digest.isascii()
        or hashlib.sha256(content.replace(digest.encode(), _ZEROS.encode(), 1)).hexdigest() != digest
    ):
        raise ag.DataError(f"{path}: the checksum is wrong, so the file was damaged after it was written; use a copy")


def _metadata(content: bytes) -> dict[str, str]:
    """What the header says of the whole file: 8 bytes of length, then JSON."""
    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        return metadata if isinstance(metadata, dict) else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}  # not written here, or damaged in a way that the reader finds


def _array(entry: Mapping[str, Any], what: str) -> NDArray[Any]:
    kind, shape, data = entry["dtype"], entry["shape"], entry["data"]
    if kind in ("BF16", "bfloat16"):
        upper = np.frombuffer(data, np.dtype("<u2")).astype(np.uint32)
        return _shaped((upper << 16).view(np.float32), shape, what)
    if kind not in KINDS:
        raise ag.DataError(
            f"{what} holds numbers of type {kind}, which NumPy does not have; convert them before they are saved, to "
            "float32 say"
        )
    dtype = np.dtype(KINDS[kind])
    return _shaped(np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=True), shape, what)


def _shaped(flat: NDArray[Any], shape: list[int], what: str) -> NDArray[Any]:
    try:
        return flat.reshape(shape)
    except ValueError as error:  # more axes than NumPy has, or no numbers along axes of absurd lengths
        raise ag.DataError(f"{what} has a shape that NumPy does not have ({error})") from None


def _what(content: bytes) -> str:
    pickled = content[:1] == b"\x80" and any(content[4:8])  # where safetensors has the zeros of a small number
    if content[:2] == b"PK" or pickled:
        return "a pickle or zip archive, such as torch.save writes, and those can run code; save as safetensors instead"
    return "not a whole safetensors file; it is truncated, damaged, or something else; use a copy"
