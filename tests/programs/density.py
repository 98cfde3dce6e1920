"""Kernel density estimation whose bandwidths maximise the likelihood of each point under all the others.

Habbema, Hermans and van den Broek (1974); Duin (1976).
"""

import numpy as np


def log_kernels(log_bandwidths, points, centres):
    """Logarithms of normal kernels around the centres, at the points.

    Shapes: points (m, d), centres (n, d), log_bandwidths (d,) -> (m, n).
    """
    scaled = (points[:, None, :] - centres[None, :, :]) / np.exp(log_bandwidths)
    return -0.5 * np.sum(scaled**2, axis=-1) - np.sum(log_bandwidths) - 0.5 * points.shape[1] * np.log(2 * np.pi)


def objective(log_bandwidths, points):
    """Negative mean log-density of each point, estimated from the others."""
    n = len(points)
    logs = log_kernels(log_bandwidths, points, points)
    logs = np.where(np.eye(n, dtype=bool), -np.inf, logs)
    largest = np.max(logs, axis=1)
    densities = np.sum(np.exp(logs - largest[:, None]), axis=1) / (n - 1)
    return -np.mean(largest + np.log(densities))


def example():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(15, 2)) * [1.0, 0.2], rng.normal(size=(15, 2)) * [0.3, 0.5] + 3.0])
    return np.array([0.5, 0.5]), (points,)
