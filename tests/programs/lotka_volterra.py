"""Hares and lynxes: the rates of a differential equation fitted through its numerical solution.

Lotka (1925), Volterra (1926). The solver is the classical Runge-Kutta method of order 4.
"""

import numpy as np


def growth(state, rates):
    """Shapes: state (2,), rates (4,) -> (2,)."""
    hares, lynxes = state
    birth, hunting, feeding, death = rates
    return np.stack([birth * hares - hunting * hares * lynxes, feeding * hares * lynxes - death * lynxes])


def solve(derivative, state, times, *args):
    """States at all times, the first being the given one. Shapes: state (n,), times (t,) -> (t, n)."""
    states = [state]
    for step in np.diff(times):
        k1 = derivative(state, *args)
        k2 = derivative(state + step / 2 * k1, *args)
        k3 = derivative(state + step / 2 * k2, *args)
        k4 = derivative(state + step * k3, *args)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return np.stack(states)


def objective(log_rates, start, times, observed):
    """Mean squared error of the logarithms."""
    states = solve(growth, start, times, np.exp(log_rates))
    return np.mean((np.log(states) - np.log(observed)) ** 2)


def example():
    start, times = np.array([1.0, 0.5]), np.linspace(0, 4, 17)
    observed = solve(growth, start, times, np.array([1.0, 0.8, 0.6, 1.2]))
    return np.zeros(4), (start, times, observed)
