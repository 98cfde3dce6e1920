"""MNIST, the 70,000 handwritten digits on which the field has compared itself since 1998, and Fashion-MNIST, its twin.

Knows the four files of each, and what must be in them. Does not know how they get here (`files`).
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .files import RemoteFile, obtain
from .idx import read_idx
from .images import ImageData, labelled_images

__all__ = ["fashion_mnist", "fashion_mnist_arrays", "mnist", "mnist_arrays"]

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]

# MD5 sums: torchvision's datasets/mnist.py. Sizes and SHA-256 sums: TensorFlow Datasets' url_checksums/mnist.txt.
FILES = (
    RemoteFile(
        "train-images-idx3-ubyte.gz",
        9912422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    ),
    RemoteFile(
        "train-labels-idx1-ubyte.gz",
        28881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "d53e105ee54ea40749a09fcbcd1e9432",
    ),
    RemoteFile(
        "t10k-images-idx3-ubyte.gz",
        1648877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "9fb629c4189551a2d022fa330f9573f3",
    ),
    RemoteFile(
        "t10k-labels-idx1-ubyte.gz",
        4542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

# MD5 sums: the README of zalandoresearch/fashion-mnist. Sizes and SHA-256 sums: TensorFlow Datasets'
# url_checksums/fashion_mnist.txt.
FASHION_FILES = (
    RemoteFile(
        "train-images-idx3-ubyte.gz",
        26421880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    RemoteFile(
        "train-labels-idx1-ubyte.gz",
        29515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "25c81989df183df01b3e8a0aad5dffbe",
    ),
    RemoteFile(
        "t10k-images-idx3-ubyte.gz",
        4422102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "bef4ecab320f06d8554ea6380940ec79",
    ),
    RemoteFile(
        "t10k-labels-idx1-ubyte.gz",
        5148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

# The files of both have the same names and sizes: the first labels for training tell one from the other.
LABELS = (5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9)
FASHION_LABELS = (9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4)


def mnist(
    root: str | os.PathLike[str] | None = None,
    *,
    download: bool = True,
    flatten: bool = False,
    dtype: DTypeLike = np.float32,
) -> ImageData:
    """Handwritten digits 0 to 9 in 28 x 28 pixels: 60,000 images for training and 10,000 for testing.

    The four IDX files, plain or gzipped, are looked for in `root`, then in $AUTOGRAD_CORE_DATA or its folder ``mnist``,
    then in the user's cache, each time also where torchvision keeps them (``MNIST/raw``), and then downloaded (11 MB)
    to ``MNIST/raw`` in `root`, or to the cache, unless AUTOGRAD_CORE_OFFLINE=1 forbids it.
    Shapes: images (N, 1, 28, 28), or (N, 784) if flattened; labels (N,).
    Units: grey levels from 0 (paper) to 1 (ink).
    Errors: FileNotFoundError if the files are nowhere, DataError for a file that is not what it should be.
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    return _scaled(mnist_arrays(root, download), tuple("0123456789"), flatten, dtype)


def fashion_mnist(
    root: str | os.PathLike[str] | None = None,
    *,
    download: bool = True,
    flatten: bool = False,
    dtype: DTypeLike = np.float32,
) -> ImageData:
    """Pictures of clothes and shoes in ten classes, in the form of MNIST, and harder.

    The four IDX files, plain or gzipped, are looked for in `root`, then in $AUTOGRAD_CORE_DATA or its folder
    ``fashion_mnist``, then in the user's cache, each time also where torchvision keeps them (``FashionMNIST/raw``), and
    then downloaded (31 MB) to ``FashionMNIST/raw`` in `root`, or to the cache, unless AUTOGRAD_CORE_OFFLINE=1 forbids
    it. Files of MNIST, which have the same names, are passed over.
    Shapes: images (N, 1, 28, 28), or (N, 784) if flattened; labels (N,).
    Units: grey levels from 0 (background) to 1.
    Errors: FileNotFoundError if the files are nowhere, DataError for a file that is not what it should be.
    Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, 2017.
    """
    return _scaled(fashion_mnist_arrays(root, download), FASHION_CLASSES, flatten, dtype)


def mnist_arrays(root: str | os.PathLike[str] | None = None, download: bool = True) -> list[Arrays]:
    """The images (N, 28, 28) of `mnist` and their labels (N,) as the files have them, for training and for testing."""
    return _read(obtain("mnist", FILES, MIRRORS, root, download, within="MNIST/raw", accept=_is_no(FASHION_LABELS)))


def fashion_mnist_arrays(root: str | os.PathLike[str] | None = None, download: bool = True) -> list[Arrays]:
    """The images (N, 28, 28) of `fashion_mnist` and their labels (N,) as the files have them."""
    within, accept = "FashionMNIST/raw", _is_no(LABELS)
    return _read(obtain("fashion_mnist", FASHION_FILES, FASHION_MIRRORS, root, download, within=within, accept=accept))


def _scaled(arrays: list[Arrays], classes: tuple[str, ...], flatten: bool, dtype: DTypeLike) -> ImageData:
    train, test = (
        labelled_images(images, labels, white=255, flatten=flatten, dtype=dtype) for images, labels in arrays
    )
    return ImageData(train, test, classes)


def _is_no(labels: tuple[int, ...]) -> Callable[[Mapping[str, Path]], bool]:
    """Whether files are not those whose first labels these are."""

    def accept(paths: Mapping[str, Path]) -> bool:
        try:
            found = read_idx(paths["train-labels-idx1-ubyte"], ndim=1)
        except ag.DataError:  # which is said when they are read
            return True
        return tuple(found[: len(labels)].tolist()) != labels

    return accept


def _read(paths: dict[str, Path]) -> list[Arrays]:
    return [
        _labelled(paths[f"{part}-images-idx3-ubyte"], paths[f"{part}-labels-idx1-ubyte"]) for part in ("train", "t10k")
    ]


def _labelled(images_path: Path, labels_path: Path) -> Arrays:
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
    return images, labels
