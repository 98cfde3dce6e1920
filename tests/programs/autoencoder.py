"""A variational autoencoder with batch normalisation, for pictures of black and white pixels (-1 and 1).

After the example `variational_autoencoder` of HIPS autograd, and Kingma and Welling, arXiv:1312.6114.
"""

from itertools import pairwise

import numpy as np


def network(layers, inputs):
    """Affine maps, normalised over the batch and cut off at 0 but for the last."""
    for weights, biases in layers[:-1]:
        outputs = np.dot(inputs, weights) + biases
        centred = outputs - np.mean(outputs, axis=0, keepdims=True)
        inputs = np.maximum(0, centred / (np.std(outputs, axis=0, keepdims=True) + 1))
    weights, biases = layers[-1]
    return np.dot(inputs, weights) + biases


def log_normal(x, mean, log_std):
    """Log-density of independent normal variables, summed over the last axis."""
    return np.sum(-0.5 * np.log(2 * np.pi) - log_std - 0.5 * ((x - mean) / np.exp(log_std)) ** 2, axis=-1)


def objective(params, pictures, noise):
    """Negative lower bound on the log-likelihood per picture, from one latent sample each."""
    decoder, encoder = params
    mean, log_std = np.split(network(encoder, pictures), 2, axis=1)
    latent = mean + np.exp(log_std) * noise
    likelihood = np.sum(-np.logaddexp(0, -pictures * network(decoder, latent)), axis=-1)
    return -np.mean(likelihood + log_normal(latent, 0.0, np.zeros_like(latent)) - log_normal(latent, mean, log_std))


def example():
    rng = np.random.default_rng(0)

    def layers(*sizes):
        return [(rng.normal(size=(m, n)) / np.sqrt(m), 0.1 * rng.normal(size=n)) for m, n in pairwise(sizes)]

    stripes = np.sign(np.sin(np.arange(9) * rng.uniform(0.5, 1.5, size=(10, 1)) + 0.1))
    return (layers(2, 6, 9), layers(9, 6, 4)), (stripes, rng.normal(size=(10, 2)))
