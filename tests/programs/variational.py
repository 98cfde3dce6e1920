"""Black-box variational inference: a normal distribution is fitted to a density known up to a factor.

After the examples `black_box_svi`, `natural_gradient_black_box_svi` and `mixture_variational_inference` of HIPS
autograd; Ranganath et al., arXiv:1401.0118; Kingma et al., arXiv:1506.02557.
"""

import numpy as np


def log_normal(x, mean, std):
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)


def log_funnel(x):
    """Neal's funnel: the second coordinate is the logarithm of the scale of the first.

    Shapes: x (n, 2) -> (n,).
    """
    position, log_scale = x[:, 0], x[:, 1]
    return log_normal(log_scale, 0.0, 1.35) + log_normal(position, 0.0, np.exp(log_scale))


def log_two_funnels(x):
    """A mixture of two funnels side by side."""
    shift = np.array([0.5, 0.0])
    return np.logaddexp(log_funnel(x - shift), log_funnel(x + shift)) - np.log(2)


def unpack(params):
    """Means and logarithms of standard deviations."""
    half = np.size(params) // 2
    return params[:half], params[half:]


def objective(params, noise):
    """Negative lower bound on the logarithm of the factor, from samples that are the noise scaled and shifted."""
    mean, log_std = unpack(params)
    samples = noise * np.exp(log_std) + mean
    entropy = 0.5 * len(mean) * (1.0 + np.log(2 * np.pi)) + np.sum(log_std)
    return -entropy - np.mean(log_two_funnels(samples))


def fisher_diagonal(params):
    """The diagonal of the Fisher information of the normal distribution, for steps along natural gradients."""
    _, log_std = unpack(params)
    return np.concatenate([np.exp(-2.0 * log_std), 2.0 * np.ones(len(log_std))])


def example():
    noise = np.random.default_rng(0).normal(size=(64, 2))
    return np.array([-1.0, -1.0, -2.0, -2.0]), (noise,)
