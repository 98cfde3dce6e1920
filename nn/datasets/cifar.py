"""CIFAR-10: 60,000 small photographs in ten classes, in the binary version, which needs no pickle.

Knows the archive and the format of its members. Does not know how it gets here (`files`).
"""

import os
import tarfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .files import RemoteFile, obtain, search_folders
from .images import ImageData, labelled_images

__all__ = ["cifar10", "cifar10_arrays", "read_cifar10"]

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]

# MD5 sum: https://www.cs.toronto.edu/~kriz/cifar.html. Size and SHA-256 sum: TensorFlow Datasets'
# url_checksums/cifar10.txt.
ARCHIVE = RemoteFile(
    "cifar-10-binary.tar.gz",
    170052171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "c32a1d4ab5d03f1284b67883e8d87530",
)
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/",
    "https://cave.cs.toronto.edu/kriz/",
    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
)
TRAIN, TEST = tuple(f"data_batch_{i}.bin" for i in range(1, 6)), ("test_batch.bin",)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FOLDER = "cifar-10-batches-bin"
_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_MOST = 100_000  # records that a file may have, so that a wrong archive does not fill the memory
_AGAIN = "the file is damaged: delete it and download it again"


def cifar10(
    root: str | os.PathLike[str] | None = None,
    *,
    download: bool = True,
    flatten: bool = False,
    dtype: DTypeLike = np.float32,
) -> ImageData:
    """Colour photographs of 32 x 32 pixels in ten classes: 50,000 for training and 10,000 for testing.

    The archive cifar-10-binary.tar.gz, or its unpacked folder cifar-10-batches-bin, is looked for in `root`, then in
    $AUTOGRAD_CORE_DATA or its folder ``cifar10``, then in the user's cache, and then downloaded (170 MB), unless
    AUTOGRAD_CORE_OFFLINE=1 forbids it. The archive is read as it is and never unpacked to disk.
    Shapes: images (N, 3, 32, 32), channels red, green, blue, or (N, 3072) if flattened; labels (N,).
    Units: intensities from 0 to 1.
    Errors: FileNotFoundError if it is nowhere, DataError for a file that is not what it should be.
    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
    """
    train, test = (
        labelled_images(images.transpose(0, 3, 1, 2), labels, white=255, flatten=flatten, dtype=dtype)
        for images, labels in cifar10_arrays(root, download)
    )
    return ImageData(train, test, CLASSES)


def cifar10_arrays(root: str | os.PathLike[str] | None = None, download: bool = True) -> list[Arrays]:
    """The images (N, 32, 32, 3) of `cifar10` and their labels (N,) as the files have them, channels last."""
    contents = _contents(root, download)
    splits = []
    for names in (TRAIN, TEST):
        parts = [read_cifar10(content, name) for name, content in (contents[name] for name in names)]
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        splits.append((np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels))
    return splits


def read_cifar10(content: bytes, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (N, 3, 32, 32) and labels (N,) of one file of the binary version.

    Layout: records of one byte, the label from 0 to 9, and 3,072 bytes, the red, green and blue planes row by row.
    Errors: DataError, which names the file, for content that is not whole records, or has other labels.

    >>> images, labels = read_cifar10(bytes([7]) + bytes(3072), "data_batch_1.bin")
    >>> images.shape, labels
    ((1, 3, 32, 32), array([7], dtype=uint8))
    """
    count, rest = divmod(len(content), _RECORD)
    if count == 0 or rest:
        raise ag.DataError(f"{name}: has {len(content)} bytes, where a multiple of {_RECORD} is expected; {_AGAIN}")
    records = np.frombuffer(content, np.uint8).reshape(count, _RECORD)
    labels = records[:, 0]
    if labels.max() > 9:
        position = int(np.argmax(labels > 9))
        raise ag.DataError(
            f"{name}: label {labels[position]} at position {position}, where 0 to 9 are expected; is it CIFAR-100, or "
            f"the Python version? {_AGAIN}"
        )
    return records[:, 1:].reshape(count, *_SHAPE), labels


def _contents(root: str | os.PathLike[str] | None, download: bool) -> dict[str, tuple[str, bytes]]:
    """Where each of the six files is, and what is in it."""
    for folder in search_folders("cifar10", root):
        for place in (folder, folder / _FOLDER):
            paths = [place / name for name in (*TRAIN, *TEST)]
            if all(path.is_file() for path in paths):
                return {path.name: (str(path), path.read_bytes()) for path in paths}
        if (folder / ARCHIVE.name).is_file():
            return _members(folder / ARCHIVE.name)
    return _members(obtain("cifar10", [ARCHIVE], MIRRORS, root, download)[ARCHIVE.stem])


def _members(archive: Path) -> dict[str, tuple[str, bytes]]:
    wanted, found = {f"{_FOLDER}/{name}": name for name in (*TRAIN, *TEST)}, {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.name in wanted and member.isfile():
                    if member.size > _MOST * _RECORD:
                        raise ag.DataError(f"{archive}: {member.name} declares {member.size} bytes; {_AGAIN}")
                    file = tar.extractfile(member)
                    if file is not None:
                        found[wanted[member.name]] = (f"{archive}: {member.name}", file.read())
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise ag.DataError(f"{archive}: cannot be unpacked ({error}); {_AGAIN}") from error
    missing = [name for name in wanted.values() if name not in found]
    if missing:
        raise ag.DataError(
            f"{archive}: has no {', '.join(missing)} in {_FOLDER}; it is another archive, or the Python version of it"
        )
    return found
