"""Gaussian-process regression: hyperparameters by the marginal likelihood, predictions in closed form.

After the example `gaussian_process` of HIPS autograd; Rasmussen and Williams, Gaussian Processes for Machine Learning
(2006), algorithm 2.1.
"""

import numpy as np


def squared_exponential(log_scale, log_lengths, a, b):
    """Covariance of the values at two sets of points.

    Shapes: a (m, d), b (n, d), log_lengths (d,) -> (m, n).
    """
    lengths = np.exp(log_lengths)
    differences = np.expand_dims(a / lengths, 1) - np.expand_dims(b / lengths, 0)
    return np.exp(log_scale - 0.5 * np.sum(differences**2, axis=2))


def unpack(params):
    """Mean, variance of the noise, logarithm of the variance, logarithms of the length scales."""
    return params[0], np.exp(params[1]) + 1e-4, params[2], params[3:]


def objective(params, x, y):
    """Negative log marginal likelihood, by a Cholesky decomposition."""
    mean, noise, log_scale, log_lengths = unpack(params)
    factor = np.linalg.cholesky(squared_exponential(log_scale, log_lengths, x, x) + noise * np.eye(len(y)))
    whitened = np.linalg.solve(factor, y - mean)
    log_determinant = 2 * np.sum(np.log(np.diag(factor)))
    return 0.5 * (np.dot(whitened, whitened) + log_determinant + len(y) * np.log(2 * np.pi))


def by_determinant(params, x, y):
    """The same number, without the decomposition."""
    mean, noise, log_scale, log_lengths = unpack(params)
    covariance = squared_exponential(log_scale, log_lengths, x, x) + noise * np.eye(len(y))
    residual = y - mean
    _, log_determinant = np.linalg.slogdet(covariance)
    quadratic = np.dot(residual, np.linalg.solve(covariance, residual))
    return 0.5 * (quadratic + log_determinant + len(y) * np.log(2 * np.pi))


def predict(params, x, y, new):
    """Mean and variance of the function at new points."""
    mean, noise, log_scale, log_lengths = unpack(params)
    inside = squared_exponential(log_scale, log_lengths, x, x) + noise * np.eye(len(y))
    across = squared_exponential(log_scale, log_lengths, x, new)
    gain = np.linalg.solve(inside, across).T
    covariance = squared_exponential(log_scale, log_lengths, new, new) - np.dot(gain, across)
    return mean + np.dot(gain, y - mean), np.diag(covariance)


def example():
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-3, 3, size=(12, 1)), axis=0)
    y = np.cos(2 * x[:, 0]) + 0.1 * rng.normal(size=12)
    return np.array([0.0, -1.0, 0.0, 0.3]), (x, y)
