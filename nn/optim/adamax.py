"""Adam with the largest gradient in the place of the mean squared one."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import absolute, add, divide, maximum, multiply, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_betas, check_numbers, refuse_switches

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adamax: each parameter moves by its mean gradient over the largest one lately.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, in step t: m moves towards g by
    ``1 - betas[0]`` of the way, u becomes the larger of ``betas[1] * u`` and ``abs(g) + eps``, and w moves by
    ``-lr * m / ((1 - betas[0]**t) * u)``.
    Errors: OptionError for negative options, and for betas outside [0, 1).
    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), algorithm 2; torch.optim.Adamax.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    numbers = ("step",)
    arrays = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_switches("Adamax", foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("Adamax", options, "lr", "eps", "weight_decay")
        check_betas("Adamax", options["betas"])

    def update(self, group: Group) -> None:
        lr, (beta1, beta2), eps, weight_decay = (group[name] for name in ("lr", "betas", "eps", "weight_decay"))
        maximize = group["maximize"]
        for slot, blocks in self.live(group):
            step = slot.state["step"] = slot.state["step"] + 1
            take_g, keep_m, keep_u, epsilon, rate, decay = typed(
                slot.dtype, 1 - beta1, beta1, beta2, eps, lr / (1 - beta1**step), weight_decay
            )
            for w, g, (m, u, s, t) in blocks:
                g = direction(g, w, s, t, maximize, decay if weight_decay else None)
                multiply(g, take_g, t)
                multiply(m, keep_m, m)
                add(m, t, m)
                absolute(g, t)
                add(t, epsilon, t)
                multiply(u, keep_u, u)
                maximum(u, t, out=u)
                divide(m, u, t)
                multiply(t, rate, t)
                subtract(w, t, w)
