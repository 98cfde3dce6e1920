"""MNIST, the 70,000 handwritten digits on which the field has compared itself since 1998."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..data import TensorDataset
from .files import obtain
from .idx import read_idx
from .images import ImageData, labelled_images

FILES = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",)


def mnist(
    root: str | os.PathLike[str] | None = None,
    *,
    download: bool = True,
    flatten: bool = False,
    dtype: DTypeLike = np.float32,
) -> ImageData:
    """Handwritten digits 0 to 9 in 28 x 28 pixels: 60,000 images for training and 10,000 for testing.

    The four IDX files, plain or gzipped, are looked for in `root`, then in $AUTOGRAD_CORE_DATA or its folder ``mnist``,
    then in the user's cache, and then downloaded (11 MB), unless AUTOGRAD_CORE_OFFLINE=1 forbids it.
    Shapes: images (N, 1, 28, 28), or (N, 784) if flattened; labels (N,).
    Units: grey levels from 0 (paper) to 1 (ink).
    Errors: FileNotFoundError if the files are nowhere, DataError for a file that is not what it should be.
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    paths = obtain("mnist", FILES, MIRRORS, root, download)
    train, test = (
        _labelled(paths[f"{part}-images-idx3-ubyte"], paths[f"{part}-labels-idx1-ubyte"], flatten, dtype)
        for part in ("train", "t10k")
    )
    return ImageData(train, test, tuple("0123456789"))


def _labelled(images_path: Path, labels_path: Path, flatten: bool, dtype: DTypeLike) -> TensorDataset:
    labels: NDArray[Any] = read_idx(labels_path, ndim=1, dtype=np.uint8)
    images: NDArray[Any] = read_idx(images_path, ndim=3, dtype=np.uint8)
    if images.shape[1:] != (28, 28) or len(images) == 0:
        raise ag.DataError(
            f"{images_path}: holds images {images.shape}, where (N, 28, 28) with N > 0 is expected; "
            "it is a file of another data set"
        )
    if len(images) != len(labels):
        raise ag.DataError(
            f"{labels_path}: holds {len(labels)} labels, where {len(images)} are expected, one for each image of "
            f"{images_path}; check that training and test files are not swapped"
        )
    if labels.max() > 9:
        position = int(np.argmax(labels > 9))
        raise ag.DataError(
            f"{labels_path}: label {labels[position]} at position {position}, where 0 to 9 are expected; "
            "the file is damaged, or of another data set: delete it and download it again"
        )
    return labelled_images(images, labels, white=255, flatten=flatten, dtype=dtype)
