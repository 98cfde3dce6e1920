"""A matrix with missing entries as a product of two thin ones.

Srebro and Jaakkola, Weighted low-rank approximations (2003).
"""

import numpy as np


def objective(factors, ratings, penalty=0.1):
    """Squared error on the entries that are there (not NaN), and a penalty on the squares of the factors."""
    users, items = factors
    known = ~np.isnan(ratings)
    errors = np.where(known, ratings - users @ items.T, 0.0)
    return np.sum(errors**2) + penalty * (np.sum(users**2) + np.sum(items**2))


def example():
    rng = np.random.default_rng(0)
    ratings = rng.normal(size=(8, 2)) @ rng.normal(size=(2, 6))
    ratings[rng.uniform(size=(8, 6)) < 0.4] = np.nan
    return (0.3 * rng.normal(size=(8, 2)), 0.3 * rng.normal(size=(6, 2))), (ratings,)
