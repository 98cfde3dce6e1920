"""Iteration to a fixed point, here by small steps to a square root.

After the example `fixed_points` of HIPS autograd.
"""

import numpy as np


def step(x, a):
    """One step towards the square roots of `a`."""
    return x - 0.1 * (x**2 - a)


def fixed_point(function, start, *args, tolerance=1e-13):
    """Where ``x = function(x, *args)``, by iteration; the number of steps depends on the numbers."""
    old, new = start, function(start, *args)
    while np.max(np.abs(new - old)) > tolerance:
        old, new = new, function(new, *args)
    return new


def square_root(a):
    return fixed_point(step, np.ones(np.shape(a)), a)


def objective(a):
    """Least where all roots are 1.2."""
    return np.sum((square_root(a) - 1.2) ** 2)


def example():
    return np.array([2.0, 3.0, 1.5]), ()
