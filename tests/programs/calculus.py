"""Three functions of calculus: tanh from exponentials, a sine from its power series, and Rosenbrock's valley.

After the examples `tanh`, `sinusoid` and `rosenbrock` of HIPS autograd.
"""

import numpy as np


def tanh(x):
    """Hyperbolic tangent, element by element, as a quotient of exponentials."""
    return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x))


def sine(x, tolerance=1e-12):
    """Sine of one number: its series, until the terms are small. How many they are depends on the number."""
    term = total = x
    k = 1
    while np.abs(term) > tolerance:
        term = -term * x**2 / ((k + 1) * (k + 2))
        total = total + term
        k += 2
    return total


def rosenbrock(x):
    """A curved valley with its lowest point, 0, at (1, ..., 1). Rosenbrock, Computer Journal 3 (1960)."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def objective(x):
    return rosenbrock(x)


def example():
    return np.array([-1.2, 1.0, 0.5]), ()
