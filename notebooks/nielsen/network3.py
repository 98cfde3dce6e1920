"""The book's third program: networks put together from layers, with convolutions, softmax and dropout.

Classes are called as in the book; sizes are checked by the engine where they meet, so no layer is told the size of a
mini-batch. What is particular to it, and kept: a layer pools before it adds the bias and applies its function, a fully
connected layer draws its weights from N(0, 1 / outputs), the softmax layer begins with zeros, dropout leaves the units
that stay as they are and multiplies by 1 - p when it is not training, the penalty is divided by the number of
mini-batches, and mini-batches are the same in each epoch. Theano's convolution turns the filters around, ours does not:
with filters that are drawn at random that changes nothing but how they look.
Source: network3.py, chapter 6.
"""

import numpy as np

import autograd_core as ag
import nn


def linear(z):
    return z


class Network(nn.Module):
    """Layers one behind another, the last of them a `SoftmaxLayer`; `rng` draws their first values and the dropout."""

    def __init__(self, layers, rng=None):
        super().__init__()
        self.rng = np.random.default_rng(rng)
        self.layers = nn.ModuleList(layers)
        for layer in layers:
            layer.initialize(self.rng)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def SGD(self, training_data, epochs, mini_batch_size, eta, validation_data, test_data, lmbda=0.0):
        """Train; give back how many validation images, and how many test images, were right after each epoch."""
        images, labels = training_data
        batches = len(images) // mini_batch_size
        decayed = {"params": [layer.w for layer in self.layers], "weight_decay": lmbda / batches}
        optimizer = nn.optim.SGD([decayed, {"params": [layer.b for layer in self.layers]}], lr=eta)

        @ag.compile
        def step(x, y):
            optimizer.zero_grad()
            nn.functional.cross_entropy(self(x), y).backward()
            optimizer.step()

        right = [], []
        for _ in range(epochs):
            self.train()
            for k in range(0, batches * mini_batch_size, mini_batch_size):
                step(images[k : k + mini_batch_size], labels[k : k + mini_batch_size])
            for counts, data in zip(right, (validation_data, test_data), strict=True):
                counts.append(self.accuracy(data))
        return right

    def predictions(self, images):
        """The digit of each image (N,)."""
        self.eval()
        with ag.no_grad():
            parts = [self(images[k : k + 500]).numpy().argmax(axis=1) for k in range(0, len(images), 500)]
        return np.concatenate(parts)

    def accuracy(self, data):
        """How many images are right."""
        images, labels = data
        return int((self.predictions(images) == labels).sum())


class ConvPoolLayer(nn.Module):
    """Filters (maps, maps before, height, width), then max-pooling, then a bias for each map and the function.

    >>> layer = ConvPoolLayer((20, 1, 5, 5), image_shape=(1, 28, 28))
    >>> layer.initialize(np.random.default_rng(0))
    >>> layer(np.zeros((10, 784), np.float32)).shape
    (10, 20, 12, 12)
    """

    def __init__(self, filter_shape, image_shape, poolsize=(2, 2), activation_fn=ag.sigmoid):
        super().__init__()
        self.filter_shape, self.image_shape, self.poolsize = filter_shape, image_shape, poolsize
        self.activation_fn = activation_fn

    def initialize(self, rng):
        maps, _, *window = self.filter_shape
        n_out = maps * np.prod(window) // np.prod(self.poolsize)
        self.w, self.b = drawn(rng, self.filter_shape, n_out), drawn(rng, (maps,))

    def forward(self, x):
        pooled = nn.functional.max_pool2d(nn.functional.conv2d(x.reshape(-1, *self.image_shape), self.w), self.poolsize)
        return self.activation_fn(pooled + self.b[:, None, None])


class FullyConnectedLayer(nn.Module):
    """`activation_fn(x @ w + b)`, of an input of which each number is dropped with probability `p_dropout`."""

    def __init__(self, n_in, n_out, activation_fn=ag.sigmoid, p_dropout=0.0):
        super().__init__()
        self.n_in, self.n_out, self.activation_fn, self.p_dropout = n_in, n_out, activation_fn, p_dropout
        self.dropout = nn.Dropout(p_dropout)

    def initialize(self, rng):
        self.w, self.b = drawn(rng, (self.n_in, self.n_out), self.n_out), drawn(rng, (self.n_out,))
        self.dropout.rng = rng

    def forward(self, x):
        # nn.Dropout divides what stays by 1 - p; the book multiplies what enters a network in use by it instead
        x = self.dropout(x.reshape(-1, self.n_in))
        return self.activation_fn(x @ ((1 - self.p_dropout) * self.w) + self.b)


class SoftmaxLayer(FullyConnectedLayer):
    """The logits of the digits. Softmax itself is a part of the cost, the log-likelihood, which rounds less so."""

    def __init__(self, n_in, n_out, p_dropout=0.0):
        super().__init__(n_in, n_out, linear, p_dropout)

    def initialize(self, rng):
        super().initialize(rng)
        for parameter in (self.w, self.b):
            nn.init.zeros_(parameter)


def drawn(rng, shape, n_out=1):
    """A parameter from N(0, 1 / n_out)."""
    return nn.Parameter(rng.normal(scale=n_out**-0.5, size=shape).astype(np.float32))
