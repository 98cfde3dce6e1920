"""Gradient descent whose steps are as long as the steps before."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, divide, multiply, sqrt, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_number, check_numbers, refuse_switches

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Adadelta: each parameter moves by its gradient times the ratio of mean step and mean gradient so far.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``: v moves towards g**2 by ``1 - rho`` of
    the way, the step is ``d = sqrt(u + eps) / sqrt(v + eps) * g``, u moves towards d**2, and w moves by ``-lr * d``.
    Errors: OptionError for negative options, and for rho outside [0, 1].
    Source: Zeiler, ADADELTA: an adaptive learning rate method (2012), algorithm 1; torch.optim.Adadelta.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.996838
    """

    numbers = ("step",)
    arrays = ("square_avg", "acc_delta")
    scratch = 3

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches("Adadelta", foreach=foreach, capturable=capturable, differentiable=differentiable)
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("Adadelta", options, "lr", "eps", "weight_decay")
        if options["rho"] != 1:
            check_number("Adadelta", "rho", options["rho"], below=1)

    def update(self, group: Group) -> None:
        lr, rho, eps, weight_decay = (group[name] for name in ("lr", "rho", "eps", "weight_decay"))
        maximize, dtype = group["maximize"], None
        for slot, blocks in self.live(group):
            slot.state["step"] += 1
            if slot.dtype is not dtype:
                dtype = slot.dtype
                take, keep, epsilon, rate, decay = typed(dtype, 1 - rho, rho, eps, lr, weight_decay)
            for w, g, (v, u, s, t, d) in blocks:
                g = direction(g, w, s, t, maximize, decay if weight_decay else None)
                multiply(g, g, t)
                multiply(t, take, t)
                multiply(v, keep, v)
                add(v, t, v)
                add(v, epsilon, t)
                add(u, epsilon, d)
                divide(d, t, d)
                sqrt(d, d)
                multiply(d, g, d)
                multiply(d, d, t)
                multiply(t, take, t)
                multiply(u, keep, u)
                add(u, t, u)
                multiply(d, rate, d)
                subtract(w, d, w)
