"""The IDX format, in which MNIST and its relatives are kept: a header of big-endian numbers, then the array.

Knows one file at a time, plain or gzipped. Trusts nothing in it: what it returns is exactly what the file declares.
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 1 << 20
_AGAIN = "the file is damaged: delete it and download it again"


def read_idx(path: str | os.PathLike[str], *, ndim: int | None = None, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """The array in an IDX file; gzip is recognised by content, whatever the file is called.

    `ndim` and `dtype` say what is expected, where the caller knows.
    Layout: two zero bytes, a type code, the number of axes; their lengths as big-endian uint32; the values, last axis
    fastest, big-endian.
    Errors: DataError for a file that is not IDX, is truncated, too long or corrupt, or holds another kind of array.
    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    path = Path(path)
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not zipped:
            return _read(file, path, ndim, dtype)
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read(unzipped, path, ndim, dtype)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ag.DataError(f"{path}: cannot be unzipped ({error}); {_AGAIN}") from error


def _read(file: IO[bytes] | gzip.GzipFile, path: Path, ndim: int | None, dtype: DTypeLike | None) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise ag.DataError(
            f"{path}: not an IDX file: it starts with {magic.hex(' ') or 'nothing'}, where 00 00, a type code "
            f"({', '.join(f'{code:02x}' for code in _TYPES)}) and the number of axes are expected; "
            "give the path of an .idx or -ubyte file, plain or gzipped"
        )
    stored = np.dtype(_TYPES[magic[2]])
    native = stored.newbyteorder("=")
    if dtype is not None and native != np.dtype(dtype):
        raise ag.DataError(
            f"{path}: holds {native} (type code {magic[2]:02x}), where {np.dtype(dtype)} is expected; "
            "it is a file of another data set"
        )
    if ndim is not None and magic[3] != ndim:
        raise ag.DataError(
            f"{path}: holds {_kind(magic[3])}, where {_kind(ndim)} is expected; "
            "check that the files of images and labels are not swapped"
        )
    lengths = file.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise ag.DataError(f"{path}: ends within its header, after {4 + len(lengths)} bytes; {_AGAIN}")
    shape = tuple(np.frombuffer(lengths, ">u4").tolist())
    size = math.prod(shape) * stored.itemsize
    values = _read_at_most(file, size + 1)  # one byte more, which shows excess and lets gzip compare its checksum
    if len(values) != size:
        found = f"only {len(values)}" if len(values) < size else "more"
        raise ag.DataError(f"{path}: declares an array {shape} of {size} bytes, but {found} follow; {_AGAIN}")
    return np.frombuffer(values, stored).reshape(shape).astype(native)


def _read_at_most(file: IO[bytes] | gzip.GzipFile, count: int) -> bytes:
    # in pieces, because a damaged header can declare more bytes than there is memory
    pieces = []
    while count and (piece := file.read(min(count, _CHUNK))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _kind(ndim: int) -> str:
    usual = {1: "labels (1 axis)", 3: "images (3 axes)"}
    return usual.get(ndim, f"an array of {ndim} axes")
