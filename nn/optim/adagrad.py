"""Gradient descent with a rate for each number, which falls with what has been seen."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, divide, multiply, sqrt, subtract

import autograd_core as ag

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_numbers, refuse_switches

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Adagrad: each parameter moves by its gradient over the root of the sum of all its squared gradients.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, in step t: G, which starts at
    `initial_accumulator_value`, grows by g**2, and w moves by ``-lr / (1 + (t - 1) * lr_decay) * g / (sqrt(G) + eps)``.
    Errors: OptionError for negative options.
    Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011); torch.optim.Adagrad.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    numbers = ("step",)
    arrays = ("sum",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_switches("Adagrad", foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        super().__init__(
            params, {**defaults, "initial_accumulator_value": initial_accumulator_value, "maximize": maximize}
        )

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("Adagrad", options, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        with ag.no_grad():
            for parameter in group["params"]:  # PyTorch expects it to be there from the beginning
                self._start(self.state[parameter], parameter.writable(), group, self.arrays)

    def begin(self, name: str, group: Group) -> float:
        return group["initial_accumulator_value"] if name == "sum" else 0

    def update(self, group: Group) -> None:
        lr, lr_decay, eps, weight_decay = (group[name] for name in ("lr", "lr_decay", "eps", "weight_decay"))
        maximize = group["maximize"]
        for slot, blocks in self.live(group):
            step = slot.state["step"] = slot.state["step"] + 1
            epsilon, rate, decay = typed(slot.dtype, eps, lr / (1 + (step - 1) * lr_decay), weight_decay)
            for w, g, (total, s, t) in blocks:
                g = direction(g, w, s, t, maximize, decay if weight_decay else None)
                multiply(g, g, t)
                add(total, t, total)
                sqrt(total, t)
                add(t, epsilon, t)
                divide(g, t, t)
                multiply(t, rate, t)
                subtract(w, t, w)
