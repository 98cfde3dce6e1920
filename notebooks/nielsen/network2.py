"""The book's second program: two costs, L2 regularization, two ways to draw first weights, four curves to watch.

Class and methods are called as in the book, data are pairs of arrays as in `network`. Both costs are the sum over the
outputs, and the mean over the samples. They are computed from the weighted inputs z of the last layer, and not from its
activations: where a sigmoid is 0 or 1 to the last bit, log(1 - a) is infinite, but softplus(z) - y z is not.
Source: network2.py, chapter 3.
"""

import numpy as np

import autograd_core as ag
import nn


class QuadraticCost:
    """Half the squared distance from the activations sigmoid(z) to y."""

    @staticmethod
    def fn(z, y):
        return nn.functional.quadratic_loss(ag.sigmoid(z), y)


class CrossEntropyCost:
    """-(y log a + (1 - y) log(1 - a)) with a = sigmoid(z), summed over the outputs."""

    @staticmethod
    def fn(z, y):
        return nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z)


class Network(nn.Module):
    """Layers of `sizes` sigmoid units, the first of them the inputs, drawn by `default_weight_initializer`.

    >>> net = Network([784, 30, 30, 10], rng=0)
    >>> net.large_weight_initializer()
    >>> round(float(net.weights[0].data.std()), 1)
    1.0
    """

    def __init__(self, sizes, cost=CrossEntropyCost, rng=None):
        super().__init__()
        self.num_layers, self.sizes, self.cost = len(sizes), sizes, cost
        self.rng = np.random.default_rng(rng)
        self.default_weight_initializer()

    def default_weight_initializer(self):
        """Biases from N(0, 1), weights from N(0, 1 / n) for units with n inputs."""
        self._initialize([x**-0.5 for x in self.sizes[:-1]])

    def large_weight_initializer(self):
        """Biases and weights from N(0, 1), as in `network`."""
        self._initialize([1.0] * (self.num_layers - 1))

    def _initialize(self, deviations):
        drawn = self.rng.standard_normal
        shapes = zip(self.sizes[1:], self.sizes[:-1], deviations, strict=True)
        self.biases = nn.ParameterList([drawn(y, np.float32) for y in self.sizes[1:]])
        self.weights = nn.ParameterList([drawn((y, x), np.float32) * np.float32(s) for y, x, s in shapes])

    def feedforward(self, a):
        """The outputs (N, 10) for the inputs `a` (N, 784)."""
        return ag.sigmoid(self.weighted_input(a))

    forward = feedforward

    def weighted_input(self, a):
        """What enters the sigmoids of the last layer."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for w, b in hidden:
            a = ag.sigmoid(a @ w.T + b)
        return a @ last[0].T + last[1]

    def SGD(
        self,
        training_data,
        epochs,
        mini_batch_size,
        eta,
        lmbda=0.0,
        evaluation_data=None,
        monitor_evaluation_cost=False,
        monitor_evaluation_accuracy=False,
        monitor_training_cost=False,
        monitor_training_accuracy=False,
    ):
        """Train; give back four lists: cost and accuracy on the evaluation data, then on the training data.

        Each has a number for each epoch if its flag is set, and is empty otherwise; accuracies are counts.
        """
        images, labels = training_data
        targets = one_hot(labels)
        optimizer = nn.optim.SGD(
            [{"params": self.weights, "weight_decay": lmbda / len(images)}, {"params": self.biases}], lr=eta
        )
        step = ag.compile(lambda x, y: self.update_mini_batch(x, y, optimizer))
        monitored = (
            (monitor_evaluation_cost, lambda: self.total_cost(evaluation_data, lmbda)),
            (monitor_evaluation_accuracy, lambda: self.accuracy(evaluation_data)),
            (monitor_training_cost, lambda: self.total_cost(training_data, lmbda)),
            (monitor_training_accuracy, lambda: self.accuracy(training_data)),
        )
        curves = [], [], [], []
        for _ in range(epochs):
            order = self.rng.permutation(len(images))
            x, y = images[order], targets[order]
            for k in range(0, len(x), mini_batch_size):
                step(x[k : k + mini_batch_size], y[k : k + mini_batch_size])
            for curve, (wanted, measure) in zip(curves, monitored, strict=True):
                if wanted:
                    curve.append(measure())
        return curves

    def update_mini_batch(self, x, y, optimizer):
        """One step down the gradient of the cost on a mini-batch; the optimizer adds that of the penalty on weights."""
        optimizer.zero_grad()
        self.cost.fn(self.weighted_input(x), y).backward()
        optimizer.step()

    def accuracy(self, data):
        """How many images are right: those whose largest output is that of their label."""
        images, labels = data
        with ag.no_grad():
            outputs = self.weighted_input(images).numpy()  # the sigmoid changes no order
        return int((outputs.argmax(axis=1) == labels).sum())

    def total_cost(self, data, lmbda):
        """The cost on `data` with the penalty lmbda / (2 n) * sum(w**2) of as many samples."""
        images, labels = data
        with ag.no_grad():
            cost = self.cost.fn(self.weighted_input(images), one_hot(labels))
            return (cost + nn.regularization.l2_penalty(self.weights, lmbda, len(images))).item()

    def save(self, filename):
        """Write sizes, cost, weights and biases to a file, from which `load` makes the network again."""
        about = {"sizes": list(self.sizes), "cost": self.cost.__name__}
        nn.saving.save_tree({"network": about, "state": self.state_dict()}, filename)


def load(filename):
    """The network that `Network.save` wrote."""
    tree = nn.saving.load_tree(filename)
    about = tree["network"]
    net = Network(about["sizes"], {cost.__name__: cost for cost in (QuadraticCost, CrossEntropyCost)}[about["cost"]])
    net.load_state_dict(tree["state"])
    return net


def one_hot(labels):
    """Ten outputs for each label: 1 for the digit, 0 for the others."""
    return nn.functional.one_hot(labels, 10, np.float32)
