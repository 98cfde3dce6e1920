"""A small convolutional network: convolution as a sum over shifts, pooling as a maximum over reshaped axes.

After the example `convnet` of HIPS autograd, and LeCun et al., Proceedings of the IEEE 86 (1998).
"""

import numpy as np


def convolve(images, kernels):
    """Correlation without padding.

    Shapes: images (n, channels, height, width), kernels (channels, filters, h, w)
    -> (n, filters, height - h + 1, width - w + 1).
    """
    h, w = kernels.shape[2:]
    rows, columns = images.shape[2] - h + 1, images.shape[3] - w + 1
    total = 0.0
    for i in range(h):
        for j in range(w):
            window = images[:, :, i : i + rows, j : j + columns]
            total = total + np.einsum("ncyx,cf->nfyx", window, kernels[:, :, i, j])
    return total


def pool(images, size):
    """The largest number of each block of size x size."""
    n, filters, height, width = images.shape
    blocks = images.reshape(n, filters, height // size, size, width // size, size)
    return np.max(blocks, axis=(3, 5))


def scores(params, images):
    hidden = np.tanh(pool(convolve(images, params["kernels"]) + params["offsets"][:, None, None], 2))
    return np.dot(hidden.reshape((len(images), -1)), params["weights"]) + params["biases"]


def objective(params, images, labels):
    """Mean cross-entropy."""
    logits = scores(params, images)
    largest = np.max(logits, axis=1)
    normalizers = largest + np.log(np.sum(np.exp(logits - largest[:, None]), axis=1))
    return np.mean(normalizers - logits[np.arange(len(labels)), labels])


def example():
    """Horizontal and vertical bars in noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, size=12)
    images = 0.3 * rng.normal(size=(12, 1, 6, 6))
    for image, label, place in zip(images, labels, rng.integers(0, 6, size=12), strict=True):
        image[(0, place) if label else (0, slice(None), place)] += 1.0
    params = {
        "kernels": 0.5 * rng.normal(size=(1, 3, 3, 3)),
        "offsets": np.zeros(3),
        "weights": 0.3 * rng.normal(size=(12, 2)),
        "biases": np.zeros(2),
    }
    return params, (images, labels)
