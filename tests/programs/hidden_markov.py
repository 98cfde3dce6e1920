"""A hidden Markov model whose E step is a gradient: expected counts are derivatives of the log-partition function.

After the example `hmm_em` of HIPS autograd; Eisner, Inside-outside and forward-backward algorithms are just backprop
(2016).
"""

import numpy as np


def logsumexp(x, axis=None):
    largest = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(largest + np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)), axis=axis)


def log_partition(log_params, symbols):
    """Logarithm of the sum over all paths of hidden states, of the product of the factors along the path.

    Shapes: log_params (states), (states, states), (states, outputs); symbols (time,) -> ().
    """
    log_start, log_step, log_emit = log_params
    forward = log_start + log_emit[:, symbols[0]]
    for symbol in symbols[1:]:
        forward = logsumexp(forward[:, None] + log_step, axis=0) + log_emit[:, symbol]
    return logsumexp(forward)


def objective(log_params, *sequences):
    """Negative log-likelihood with parameters normalised first, so that any numbers are valid."""
    normal = [p - np.expand_dims(logsumexp(p, axis=-1), -1) for p in log_params]
    return -sum(log_partition(normal, symbols) for symbols in sequences)


def maximize(counts):
    """The M step: counts to probabilities."""
    return [np.log(c / np.sum(c, axis=-1, keepdims=True)) for c in counts]


def example():
    rng = np.random.default_rng(0)
    params = [np.log(rng.dirichlet(np.ones(n) * 3, size=shape)) for n, shape in ((2, None), (2, 2), (3, 2))]
    symbols = np.array([0, 0, 1, 0, 2, 2, 1, 2, 2, 0, 0, 0])
    return params, (symbols, symbols[::-1], symbols[3:9])
