"""Logistic regression: the probability of a yes or no as a function of features.

After the example `logistic_regression` of HIPS autograd.
"""

import numpy as np


def log_likelihood(weights, features, labels):
    """Log-probability of labels 0 and 1, computed so that no exponential overflows."""
    signs = 2 * labels - 1
    return -np.sum(np.logaddexp(0, -signs * np.dot(features, weights)))


def objective(weights, features, labels):
    """Negative log-posterior under a normal prior with variance 1."""
    return 0.5 * np.dot(weights, weights) - log_likelihood(weights, features, labels)


def example():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(40), rng.normal(size=(40, 3))])
    labels = (features @ np.array([0.5, 2.0, -1.0, 0.0]) + rng.normal(size=40) > 0).astype(int)
    return np.zeros(4), (features, labels)
