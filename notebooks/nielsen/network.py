"""The book's first program: sigmoid units, the quadratic cost, stochastic gradient descent.

Class and methods are called as in the book. Samples are rows here, and a mini-batch goes through the network at once;
the gradient comes from the engine. Data are pairs of arrays, images (N, 784) and labels (N,), from `mnist_loader`.
Source: network.py, chapter 1.
"""

import numpy as np

import autograd_core as ag
import nn


class Network(nn.Module):
    """Layers of `sizes` units, the first of them the inputs; all weights and biases are drawn from N(0, 1).

    >>> net = Network([784, 30, 10], rng=0)
    >>> net.feedforward(np.zeros((5, 784), np.float32)).shape
    (5, 10)
    """

    def __init__(self, sizes, rng=None):
        super().__init__()
        self.num_layers, self.sizes = len(sizes), sizes
        self.rng = np.random.default_rng(rng)
        self.biases = nn.ParameterList([self._drawn(y) for y in sizes[1:]])
        self.weights = nn.ParameterList([self._drawn(y, x) for x, y in zip(sizes, sizes[1:], strict=False)])

    def _drawn(self, *shape):
        return nn.Parameter(self.rng.standard_normal(shape, np.float32))

    def feedforward(self, a):
        """The outputs (N, 10) for the inputs `a` (N, 784)."""
        for w, b in zip(self.weights, self.biases, strict=True):
            a = ag.sigmoid(a @ w.T + b)
        return a

    forward = feedforward

    def cost(self, x, y):
        """Half the squared distance to the one-hot rows `y`, as a mean over the samples."""
        return nn.functional.quadratic_loss(self.feedforward(x), y)

    def SGD(self, training_data, epochs, mini_batch_size, eta, test_data=None):
        """Train; give back how many of the test images were right after each epoch, if there is `test_data`."""
        images, labels = training_data
        targets = nn.functional.one_hot(labels, self.sizes[-1], np.float32)
        optimizer = nn.optim.SGD(self.parameters(), lr=eta)
        step = ag.compile(lambda x, y: self.update_mini_batch(x, y, optimizer))
        right = []
        for _ in range(epochs):
            order = self.rng.permutation(len(images))
            x, y = images[order], targets[order]
            for k in range(0, len(x), mini_batch_size):
                step(x[k : k + mini_batch_size], y[k : k + mini_batch_size])
            if test_data is not None:
                right.append(self.evaluate(test_data))
        return right

    def update_mini_batch(self, x, y, optimizer):
        """One step down the gradient of the cost on a mini-batch."""
        optimizer.zero_grad()
        self.cost(x, y).backward()
        optimizer.step()

    def evaluate(self, test_data):
        """How many images are right: those whose largest output is that of their label."""
        images, labels = test_data
        with ag.no_grad():
            outputs = self.feedforward(images).numpy()
        return int((outputs.argmax(axis=1) == labels).sum())
