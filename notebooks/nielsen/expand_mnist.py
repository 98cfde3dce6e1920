"""Five images of one: as it is, and moved by one pixel up, down, left and right, with empty paper where it came from.

Source: expand_mnist.py, chapter 6, which makes 250,000 training images of 50,000.
"""

import numpy as np


def expand(data, rng=None):
    """The data (images (N, 784), labels (N,)) and its four shifts, in random order.

    >>> images, labels = expand((np.eye(784, dtype=np.float32)[:2], np.array([3, 8])), rng=0)
    >>> images.shape, sorted(labels)
    ((10, 784), [3, 3, 3, 3, 3, 8, 8, 8, 8, 8])
    """
    images, labels = data
    bordered = np.pad(images.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)))
    order = np.random.default_rng(rng).permutation(5 * len(images))
    shifts = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    expanded = np.concatenate([bordered[:, down : down + 28, right : right + 28] for down, right in shifts])
    return expanded.reshape(-1, 784)[order], np.tile(labels, 5)[order]
