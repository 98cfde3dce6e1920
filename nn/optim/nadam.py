"""Adam with the momentum of Nesterov."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, divide, multiply, sqrt, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_betas, check_numbers, refuse_switches

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """NAdam: Adam that already looks one step of its momentum ahead.

    With g, m and v as in Adam, in step t: ``mu(t) = betas[0] * (1 - 0.96**(t * momentum_decay) / 2)``, M is the product
    of all mu so far, and w moves by ``-lr * (g (1 - mu(t)) / (1 - M) + m mu(t+1) / (1 - M mu(t+1)))`` over
    ``sqrt(v') + eps``. With `decoupled_weight_decay`, w shrinks by the factor ``1 - lr * weight_decay`` before each
    step, and g has no part of it.
    Errors: OptionError for negative options, and for betas outside [0, 1).
    Source: Dozat, Incorporating Nesterov momentum into Adam (2016); torch.optim.NAdam.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 4)
    0.8944
    """

    numbers = ("step", "mu_product")
    arrays = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches("NAdam", foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
        }
        super().__init__(params, {**defaults, "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("NAdam", options, "lr", "eps", "weight_decay", "momentum_decay")
        check_betas("NAdam", options["betas"])

    def begin(self, name: str, group: Group) -> float:
        return 1.0 if name == "mu_product" else 0

    def update(self, group: Group) -> None:
        lr, (beta1, beta2), eps, weight_decay = (group[name] for name in ("lr", "betas", "eps", "weight_decay"))
        maximize, decoupled, slowing = group["maximize"], group["decoupled_weight_decay"], group["momentum_decay"]
        for slot, blocks in self.live(group):
            step = slot.state["step"] = slot.state["step"] + 1
            mu, following = (beta1 * (1 - 0.5 * 0.96 ** (t * slowing)) for t in (step, step + 1))
            product = slot.state["mu_product"] = slot.state["mu_product"] * mu
            bias = math.sqrt(1 - beta2**step)
            take_g, keep_m, take_g2, keep_v, epsilon, g_rate, m_rate, shrink, decay = typed(
                slot.dtype,
                *(1 - beta1, beta1, 1 - beta2, beta2, eps * bias),
                *(bias * lr * (1 - mu) / (1 - product), bias * lr * following / (1 - product * following)),
                *(1 - lr * weight_decay, weight_decay),
            )
            for w, g, (m, v, s, t) in blocks:
                g = direction(g, w, s, t, maximize, decay if weight_decay and not decoupled else None)
                if weight_decay and decoupled:
                    multiply(w, shrink, w)
                multiply(g, take_g, t)
                multiply(m, keep_m, m)
                add(m, t, m)
                multiply(g, g, t)
                multiply(t, take_g2, t)
                multiply(v, keep_v, v)
                add(v, t, v)
                sqrt(v, t)
                add(t, epsilon, t)
                divide(g, t, s)  # g may be s, and is not needed again
                multiply(s, g_rate, s)
                subtract(w, s, w)
                divide(m, t, t)
                multiply(t, m_rate, t)
                subtract(w, t, w)
