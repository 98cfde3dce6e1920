"""A multilayer perceptron that classifies: parameters are a list of (weights, biases).

After the examples `neural_net` and `neural_net_regression` of HIPS autograd.
"""

from itertools import pairwise

import numpy as np


def log_probabilities(layers, inputs):
    """Log-probabilities of the classes, normalised in each row."""
    for weights, biases in layers:
        outputs = np.dot(inputs, weights) + biases
        inputs = np.tanh(outputs)
    shifted = outputs - np.max(outputs, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def objective(layers, inputs, targets, decay=0.01):
    """Negative log-likelihood of one-hot targets, and a penalty on the squares of all parameters."""
    flat = np.concatenate([np.ravel(array) for layer in layers for array in layer])
    return decay * np.dot(flat, flat) - np.mean(np.sum(log_probabilities(layers, inputs) * targets, axis=1))


def accuracy(layers, inputs, targets):
    return np.mean(np.argmax(log_probabilities(layers, inputs), axis=1) == np.argmax(targets, axis=1))


def example():
    """Three arms of a spiral."""
    rng = np.random.default_rng(0)
    arm = np.repeat(np.arange(3), 20)
    radius = np.tile(np.linspace(0.2, 1, 20), 3)
    angle = 2 * np.pi * arm / 3 + 2 * radius + 0.1 * rng.normal(size=60)
    inputs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    sizes = [2, 12, 3]
    layers = [(rng.normal(size=(m, n)) / np.sqrt(m), np.zeros(n)) for m, n in pairwise(sizes)]
    return layers, (inputs, np.eye(3)[arm])
