"""Two ways downhill that know only a function and its gradient: steepest descent, and Newton's method.

Steps are halved until the function falls as its slope promises (Armijo, 1966).
"""

import numpy as np


def halved(value, function, point, direction, slope):
    """The largest of the steps 1, 1/2, 1/4, ... in a direction of given slope that makes the function fall enough."""
    step = 1.0
    while step > 1e-12:
        if function(point + step * direction) <= value + 1e-4 * step * slope:
            return step
        step /= 2
    return 0.0


def steepest(function, value_and_gradient, point, iterations=20):
    """Shapes: point (n,) -> (n,)."""
    for _ in range(iterations):
        value, gradient = value_and_gradient(point)
        direction = -gradient / max(1.0, np.linalg.norm(gradient))
        point = point + halved(value, function, point, direction, gradient @ direction) * direction
    return point


def newton(function, value_and_gradient, hessian, point, iterations=20, tolerance=1e-10):
    """The point, and how many iterations it took until the gradient was small."""
    for iteration in range(iterations):
        value, gradient = value_and_gradient(point)
        if np.linalg.norm(gradient) < tolerance:
            return point, iteration
        direction = -np.linalg.solve(hessian(point), gradient)
        point = point + halved(value, function, point, direction, gradient @ direction) * direction
    return point, iterations
