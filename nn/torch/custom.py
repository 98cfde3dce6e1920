"""`torch.autograd`: gradients on demand, and functions whose derivative is written by hand, as PyTorch has them."""

from collections.abc import Sequence
from typing import Any

import autograd_core as ag

__all__ = ["Function", "Variable", "grad"]


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of outputs with respect to inputs, as a tuple; the graph is kept in any case.

    >>> from nn import torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> torch.autograd.grad(x * x, x)
    (Tensor(6., dtype=float32),)
    """
    several = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if grad_outputs is not None and isinstance(outputs, list | tuple) != isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs] if isinstance(outputs, list | tuple) else grad_outputs[0]
    return tuple(ag.gradients(outputs, several, grad_outputs, create_graph, allow_unused))


def Variable(data: Any, requires_grad: bool = False) -> Any:
    """The data as a Tensor: what PyTorch's Variable has been since its version 0.4."""
    tensor = ag.asarray(data)
    return tensor.requires_grad_() if requires_grad else tensor


class Remembered:
    """What a function keeps between its forward and its backward: attributes, and arrays by `save_for_backward`."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep arrays, as they are now."""
        self.saved_tensors = tensors


class Function:
    """A function with a derivative of its own.

    Define `forward(ctx, *args)` and `backward(ctx, *grad_outputs)` as static methods, and call `apply`.
    `ag.custom_vjp` is the same in fewer words.

    >>> from nn import torch
    >>> class Exp(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         y = x.exp()
    ...         ctx.save_for_backward(y)
    ...         return y
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (y,) = ctx.saved_tensors
    ...         return g * y
    >>> x = torch.tensor(0.0, requires_grad=True)
    >>> Exp.apply(x).backward(); x.grad
    Tensor(1., dtype=float32)
    """

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """The value, in a graph that will ask `backward` for the cotangents."""
        ctx = Remembered()
        ctx.needs_input_grad = tuple([isinstance(x, ag.Tensor) and x.requires_grad for x in args])
        places = [i for i, x in enumerate(args) if isinstance(x, ag.Tensor)]

        def whole(*tensors: Any) -> Any:
            given = dict(zip(places, tensors, strict=True))
            return cls.forward(ctx, *[given.get(i, x) for i, x in enumerate(args)])

        def forward(*tensors: Any) -> tuple[Any, tuple[Any, ...]]:
            return whole(*tensors), ctx.saved_tensors

        def backward(residuals: Sequence[Any], g: Any) -> tuple[Any, ...]:
            ctx.saved_tensors = tuple([None if r is None else ag.asarray(r) for r in residuals])
            of_each = g if isinstance(g, tuple | list) else (g,)
            found = cls.backward(ctx, *[ag.asarray(one).clone() for one in of_each])
            found = found if isinstance(found, tuple | list) else (found,)
            if len(found) != len(args):
                raise ag.ShapeError(
                    f"{cls.__name__}: backward must return {len(args)} gradients, one for each argument of forward; "
                    f"it returned {len(found)}"
                )
            return tuple([found[i] for i in places])

        function = ag.custom_vjp(whole)
        function.__name__ = cls.__name__
        function.defvjp(forward, backward)
        return function(*[args[i] for i in places])

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """The value; each subclass defines it."""
        raise NotImplementedError("Function: define forward(ctx, *args) as a static method")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for each argument; each subclass defines it."""
        raise NotImplementedError("Function: define backward(ctx, *grad_outputs) as a static method")
