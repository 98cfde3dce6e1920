"""Gradient descent with a rate for each number, which follows the size of its gradients."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, divide, maximum, multiply, sqrt, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_numbers, refuse_switches

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """RMSprop: each parameter moves by its gradient over the root of its mean squared gradient.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``: v moves towards g**2 by ``1 - alpha`` of
    the way, and w by ``-lr * d``, where ``d = g / (sqrt(v) + eps)``; with a momentum by ``-lr * b``, where b becomes
    ``momentum * b + d``. With `centered`, the square of the mean gradient is taken off v, which leaves the variance.
    Errors: OptionError for negative options.
    Source: Hinton, Neural networks for machine learning, lecture 6e (2012); Graves, Generating sequences with recurrent
    neural networks (2013), for centered; torch.optim.RMSprop.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    numbers = ("step",)
    arrays = ("square_avg", "momentum_buffer", "grad_avg")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches("RMSprop", foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**defaults, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("RMSprop", options, "lr", "alpha", "eps", "weight_decay", "momentum")

    def kept(self, group: Group) -> tuple[str, ...]:
        return (
            "square_avg",
            *(("momentum_buffer",) if group["momentum"] else ()),
            *(("grad_avg",) if group["centered"] else ()),
        )

    def update(self, group: Group) -> None:
        lr, alpha, eps, weight_decay, momentum = (
            group[name] for name in ("lr", "alpha", "eps", "weight_decay", "momentum")
        )
        maximize, centered, dtype = group["maximize"], group["centered"], None
        for slot, blocks in self.live(group):
            slot.state["step"] += 1
            if slot.dtype is not dtype:
                dtype = slot.dtype
                take, keep, epsilon, rate, keep_b, decay = typed(
                    dtype, 1 - alpha, alpha, eps, lr, momentum, weight_decay
                )
            for w, g, arrays in blocks:
                v, s, t = arrays[0], arrays[-2], arrays[-1]
                g = direction(g, w, s, t, maximize, decay if weight_decay else None)
                multiply(g, g, t)
                multiply(t, take, t)
                multiply(v, keep, v)
                add(v, t, v)
                if centered:
                    mean = arrays[-3]
                    multiply(g, take, t)
                    multiply(mean, keep, mean)
                    add(mean, t, mean)
                    multiply(mean, mean, t)
                    subtract(v, t, t)
                    maximum(t, 0, out=t)  # where all gradients were alike, rounding may go below
                    sqrt(t, t)
                else:
                    sqrt(v, t)
                add(t, epsilon, t)
                divide(g, t, t)
                if momentum:
                    b = arrays[1]
                    multiply(b, keep_b, b)
                    add(b, t, b)
                    multiply(b, rate, t)
                else:
                    multiply(t, rate, t)
                subtract(w, t, w)
