"""A Kalman filter: the log-likelihood of a series that follows a hidden linear motion, as a function of the noises.

Kalman, Journal of Basic Engineering 82 (1960); the prediction-error decomposition is Schweppe's (1965).
"""

import numpy as np


def local_trend(log_noises):
    """A level and a slope that drift: transition, observation, and the covariances of both noises."""
    level, slope, observed = np.exp(log_noises)
    return (
        np.array([[1.0, 1.0], [0.0, 1.0]]),
        np.array([[1.0, 0.0]]),
        np.diag(np.stack([level, slope])),
        np.reshape(observed, (1, 1)),
    )


def log_likelihood(series, transition, observation, motion_noise, observation_noise, mean, covariance):
    """Sum over time of the log-densities of what was observed, given everything before.

    Shapes: series (time, outputs), transition (n, n), observation (outputs, n), mean (n,), covariance (n, n) -> ().
    """
    total = 0.0
    for seen in series:
        surprise = seen - observation @ mean
        spread = observation @ covariance @ observation.T + observation_noise
        _, log_determinant = np.linalg.slogdet(2 * np.pi * spread)
        total -= 0.5 * (surprise @ np.linalg.solve(spread, surprise) + log_determinant)
        gain = np.linalg.solve(spread, observation @ covariance).T
        mean = transition @ (mean + gain @ surprise)
        covariance = transition @ (covariance - gain @ observation @ covariance) @ transition.T + motion_noise
    return total


def objective(log_noises, series):
    return -log_likelihood(series, *local_trend(log_noises), np.zeros(2), np.eye(2))


def example():
    rng = np.random.default_rng(0)
    slope = np.cumsum(0.1 * rng.normal(size=25))
    level = np.cumsum(slope + 0.3 * rng.normal(size=25))
    return np.zeros(3), ((level + 0.5 * rng.normal(size=25))[:, None],)
