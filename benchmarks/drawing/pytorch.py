"""The seven programs of docs/make_pictures.py in PyTorch, drawn by torchviz and by torchview.

Each program gives the output, the named tensors that torchviz is told, and, where there is one, the module with an
input, which is what torchview takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Program = tuple[Any, dict[str, Any], Any, Any]


def xor() -> Program:
    x = torch.tensor([1.0, 0.0])
    W = torch.tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True)
    c = torch.tensor([0.0, -1.0], requires_grad=True)
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    return w @ torch.relu(W @ x + c), {"W": W, "c": c, "w": w}, None, None


def micrograd() -> Program:
    a, b = torch.tensor(-4.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c - a)
    d = d + (d * 2 + torch.relu(b + a))
    d = d + (3 * d + torch.relu(b - a))
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f, {"a": a, "b": b}, None, None


def _of_module(model: torch.nn.Module, x: torch.Tensor, loss: Callable[[Any], Any]) -> Program:
    value = loss(model(x))
    value.backward(retain_graph=True)
    return value, dict(model.named_parameters()), model, x


def nielsen() -> Program:
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 30), torch.nn.Sigmoid(), torch.nn.Linear(30, 10), torch.nn.Sigmoid()
    )
    target = torch.nn.functional.one_hot(torch.arange(10), 10).float()
    return _of_module(model, torch.rand(10, 1, 28, 28), lambda y: ((y - target) ** 2).sum() / 20)


def lenet() -> Program:
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 5),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(6, 16, 5),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 120),
        torch.nn.ReLU(),
        torch.nn.Linear(120, 84),
        torch.nn.ReLU(),
        torch.nn.Linear(84, 10),
    )
    labels = torch.arange(8)
    return _of_module(model, torch.rand(8, 1, 28, 28), lambda y: torch.nn.functional.cross_entropy(y, labels))


def vanishing() -> Program:
    layers = [module for _ in range(20) for module in (torch.nn.Linear(16, 16), torch.nn.Sigmoid())]
    return _of_module(torch.nn.Sequential(*layers), torch.randn(32, 16), lambda y: (y**2).mean())


class Residual(torch.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(width, width), torch.nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(torch.relu(self.first(x)))


def residual() -> Program:
    blocks = [Residual(32) for _ in range(12)]
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), *blocks, torch.nn.Linear(32, 1))
    return _of_module(model, torch.randn(16, 8), lambda y: (y**2).mean())


def second_derivative() -> Program:
    x = torch.tensor(2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(x * torch.sin(x), x, create_graph=True)
    return slope, {"x": x}, None, None


PROGRAMS = {f.__name__: f for f in (xor, micrograd, nielsen, lenet, vanishing, residual, second_derivative)}


def chain(operations: int) -> torch.Tensor:
    """A long chain of the three operations that a recurrent network repeats."""
    x, w = torch.ones(4, requires_grad=True), torch.full((4,), 0.5, requires_grad=True)
    y = x
    for _ in range(operations // 3):
        y = torch.tanh(y * w + x)
    return y.sum()


def with_torchviz(output: Any, params: dict[str, Any]) -> str:
    """torchviz' DOT text, with all that it can be asked to show."""
    import torchviz

    return torchviz.make_dot(output, params=params, show_attrs=True, show_saved=True).source


def with_torchview(model: Any, x: Any) -> str:
    """torchview's DOT text, nested modules and repetitions folded as far as it can."""
    import torchview

    return torchview.draw_graph(model, input_data=x, expand_nested=True, roll=True, depth=3).visual_graph.source
