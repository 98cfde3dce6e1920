"""Adam that waits until its variance is known."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, divide, multiply, sqrt, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_betas, check_numbers, refuse_switches

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Rectified Adam: plain momentum in the first steps, then Adam with a rate that grows with what v is based on.

    With g, m and v as in Adam, in step t: ``rho = rho0 - 2 t b / (1 - b)`` with ``b = betas[1]**t`` and
    ``rho0 = 2 / (1 - betas[1]) - 1``, the number of gradients that v is a mean of. Up to rho = 5, w moves by
    ``-lr * m'``; then by ``-lr * r * m' * sqrt(1 - b) / (sqrt(v) + eps)``, where
    ``r**2 = (rho - 4)(rho - 2) rho0 / ((rho0 - 4)(rho0 - 2) rho)``.
    With `decoupled_weight_decay`, w shrinks by the factor ``1 - lr * weight_decay`` before each step instead.
    Errors: OptionError for negative options, and for betas outside [0, 1).
    Source: Liu et al., On the variance of the adaptive learning rate and beyond (2020), algorithm 2; torch.optim.RAdam.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.8
    """

    numbers = ("step",)
    arrays = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches("RAdam", foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, {**defaults, "decoupled_weight_decay": decoupled_weight_decay})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("RAdam", options, "lr", "eps", "weight_decay")
        check_betas("RAdam", options["betas"])

    def update(self, group: Group) -> None:
        lr, (beta1, beta2), eps, weight_decay = (group[name] for name in ("lr", "betas", "eps", "weight_decay"))
        maximize, decoupled = group["maximize"], group["decoupled_weight_decay"]
        for slot, blocks in self.live(group):
            step = slot.state["step"] = slot.state["step"] + 1
            rectified, size = _rectification(beta2, step)
            rate = lr * size / (1 - beta1**step)
            take_g, keep_m, take_g2, keep_v, epsilon, rate_, shrink, decay = typed(
                slot.dtype,
                *(1 - beta1, beta1, 1 - beta2, beta2, eps, rate, 1 - lr * weight_decay, weight_decay),
            )
            for w, g, (m, v, s, t) in blocks:
                if weight_decay and decoupled:
                    multiply(w, shrink, w)
                g = direction(g, w, s, t, maximize, decay if weight_decay and not decoupled else None)
                multiply(g, take_g, t)
                multiply(m, keep_m, m)
                add(m, t, m)
                multiply(g, g, t)
                multiply(t, take_g2, t)
                multiply(v, keep_v, v)
                add(v, t, v)
                if rectified:
                    sqrt(v, t)
                    add(t, epsilon, t)
                    divide(m, t, t)
                    multiply(t, rate_, t)
                else:
                    multiply(m, rate_, t)
                subtract(w, t, w)


def _rectification(beta2: float, step: int) -> tuple[bool, float]:
    """Whether the variance is known well enough, and the factor that rectifies the rate.

    >>> _rectification(0.999, 5)
    (False, 1.0)
    """
    bias = 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / bias
    if length <= 5:
        return False, 1.0
    ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return True, math.sqrt(ratio * bias)
