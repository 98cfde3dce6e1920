"""MNIST as the book cuts it: 50,000 images for training, 10,000 for validation, 10,000 for testing.

Each part is a pair of arrays: images (N, 784), float32 from 0 (paper) to 1 (ink), and labels (N,).
"""

from pathlib import Path

import numpy as np

from nn import datasets

THOUSAND = Path(__file__).parent / "mnist_thousand.npz"


def load_data():
    """Training, validation and test data; of `nn.datasets.mnist`, which looks for the files and may download them."""
    data = datasets.mnist(flatten=True)
    (images, labels), test = data.train[:], data.test[:]
    parts = (images[:50_000], labels[:50_000]), (images[50_000:], labels[50_000:]), test
    return tuple((np.asarray(x), np.asarray(y)) for x, y in parts)


def load_thousand():
    """The first 1,000 training images, which the book overfits, and all test images; they lie beside this file.

    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits; licence: see LICENSE-mnist.txt.

    >>> (images, labels), (test_images, test_labels) = load_thousand()
    >>> images.shape, labels[:3], test_images.shape
    ((1000, 784), array([5, 0, 4]), (10000, 784))
    """
    with np.load(THOUSAND) as file:
        return tuple(
            (file[f"{part}_images"].reshape(-1, 784).astype(np.float32) / 255, file[f"{part}_labels"].astype(np.int64))
            for part in ("training", "test")
        )
