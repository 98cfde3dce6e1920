"""A mixture of normal distributions in the plane, fitted by gradients.

After the example `gmm` of HIPS autograd.
"""

import numpy as np


def log_normal(points, mean, root):
    """Log-density of a normal distribution with covariance ``root.T @ root``.

    Shapes: points (n, d), mean (d,), root (d, d) -> (n,).
    """
    covariance = np.dot(root.T, root)
    distances = points - mean
    solved = np.linalg.solve(covariance, distances.T).T
    _, log_determinant = np.linalg.slogdet(covariance)
    return -0.5 * (np.sum(distances * solved, axis=1) + log_determinant + len(mean) * np.log(2 * np.pi))


def logsumexp(x, axis):
    largest = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(largest + np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)), axis=axis)


def objective(params, points):
    """Negative log-likelihood; the weights of the components may be any numbers."""
    log_weights = params["log weights"] - logsumexp(params["log weights"], axis=0)
    components = [
        log_weight + log_normal(points, mean, root)
        for log_weight, mean, root in zip(log_weights, params["means"], params["roots"], strict=True)
    ]
    return -np.sum(logsumexp(np.vstack(components), axis=0))


def example():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(15, 2)) * [1.0, 0.2] + centre for centre in ([2, 0], [0, 2], [-2, -1])])
    params = {"log weights": np.zeros(3), "means": rng.normal(size=(3, 2)), "roots": np.tile(np.eye(2), (3, 1, 1))}
    return params, (points,)
