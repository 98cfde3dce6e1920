"""Right in first order, wrong in second: what a rule computes with is cut off from the graph, or has a wrong rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import positive, real


def _written(name: str, f: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one Tensor with the backward rule `backward(x, g)`."""

    def function(x: Any) -> Any:
        return f(x)

    function.__name__ = function.__qualname__ = name
    made = ag.custom_vjp(function)
    made.defvjp(lambda x: (f(x), x), lambda x, g: (backward(x, g),))
    return made


def nested(name: str, f: Callable[..., Any], slope: Callable[..., Any], bend: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose derivative is `slope`, a function with a derivative of its own: `bend`."""
    derivative = _written(f"{name}_derivative", slope, lambda x, g: g * bend(x))
    return _written(name, f, lambda x, g: g * derivative(x))


def _case(name: str, function: Any, inputs: Any, f: Any, slope: Any, bend: Any) -> Bug:
    return Bug(name, function, inputs, ("second order",), order=2, nested=(f, slope, bend))


def _planted(name: str, inputs: Any, f: Any, slope: Any, bend: Any) -> Bug:
    return _case(name, nested("function", f, slope, bend), inputs, f, slope, bend)


SECOND_ORDER = [
    _case(
        "square, input cut from the graph",
        _written("square", lambda x: x * x, lambda x, g: 2 * g * ag.stop_gradient(x)),
        [positive(4)],
        lambda x: x * x,
        lambda x: 2 * x,
        np.zeros_like,
    ),
    _case(
        "x exp(x), one factor read as .data",
        _written("x_exp_x", lambda x: x * np.exp(x), lambda x, g: g * (1 + x) * ag.stop_gradient(np.exp(x))),
        [positive(4)],
        lambda x: x * np.exp(x),
        lambda x: (1 + x) * np.exp(x),
        np.exp,
    ),
    _planted("sine, sign of the second derivative", [positive(4)], np.sin, np.cos, np.sin),
    _planted(
        "tanh, second derivative without its 2",
        [positive(4)],
        np.tanh,
        lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -np.tanh(x) * (1 - np.tanh(x) ** 2),
    ),
    _planted(
        "cube, second derivative off by 1e-3",
        [real(5, away=(0,), margin=0.3)],
        lambda x: x**3,
        lambda x: 3 * x * x,
        lambda x: 6.006 * x,
    ),
]
