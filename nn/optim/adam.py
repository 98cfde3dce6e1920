"""Adam, and AdamW with its weight decay apart from the gradient."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy import add, divide, maximum, multiply, sqrt, subtract

import autograd_core as ag

from .blocks import Array, direction, move, typed
from .optimizer import Group, Optimizer
from .options import check_betas, check_numbers, refuse_switches

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam: each parameter moves by its mean gradient over the root of its mean squared gradient.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, in step t: m moves towards g by
    ``1 - betas[0]`` of the way, v towards g**2 by ``1 - betas[1]``, and w by ``-lr * m' / (sqrt(v') + eps)``, where
    ``m' = m / (1 - betas[0]**t)`` and ``v' = v / (1 - betas[1]**t)``. With `amsgrad`, v' comes from the largest v so
    far. With `decoupled_weight_decay`, w shrinks by the factor ``1 - lr * weight_decay`` before each step instead.
    Errors: OptionError for negative options, and for betas outside [0, 1).
    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), algorithm 1; Reddi et al., On the
    convergence of Adam and beyond (2018), for amsgrad; torch.optim.Adam.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    numbers = ("step",)
    arrays = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    fusible = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        who = type(self).__name__
        refuse_switches(who, foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, {**defaults, "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers(type(self).__name__, options, "lr", "eps", "weight_decay")
        check_betas(type(self).__name__, options["betas"])

    def kept(self, group: Group) -> tuple[str, ...]:
        return self.arrays if group["amsgrad"] else self.arrays[:2]

    def update(self, group: Group) -> None:
        lr, (beta1, beta2), eps, weight_decay = group["lr"], group["betas"], group["eps"], group["weight_decay"]
        amsgrad, maximize, decoupled = group["amsgrad"], group["maximize"], group["decoupled_weight_decay"]
        switches, last = (amsgrad, maximize, bool(weight_decay), decoupled), None
        for slot, blocks in self.live(group):
            step = slot.state["step"] = slot.state["step"] + 1
            if last != (step, slot.dtype):
                last = step, slot.dtype
                # w -= lr m' / (sqrt(v') + eps) with the bias of v carried over to what does not need a pass
                bias1, bias2 = 1 - beta1**step, math.sqrt(1 - beta2**step)
                decays = (1 - lr * weight_decay, weight_decay) if weight_decay else ()
                numbers = typed(
                    slot.dtype, 1 - beta1, beta1, 1 - beta2, beta2, eps * bias2, lr * bias2 / bias1, *decays
                )
            move(blocks, _moved, numbers, *switches)


def _moved(w: Array, g: Array, arrays: Sequence[Array], numbers: Sequence[Array], *switches: bool) -> None:
    amsgrad, maximize, decaying, decoupled = switches
    m, v, *largest, s, t = arrays
    take_g, keep_m, take_g2, keep_v, epsilon, rate, *decays = numbers
    if decaying and decoupled:
        multiply(w, decays[0], w)
    g = direction(g, w, s, t, maximize, decays[1] if decaying and not decoupled else None)
    multiply(g, take_g, t)
    multiply(m, keep_m, m)
    add(m, t, m)
    multiply(g, g, t)
    multiply(t, take_g2, t)
    multiply(v, keep_v, v)
    add(v, t, v)
    if amsgrad:
        v = maximum(largest[0], v, out=largest[0])
    sqrt(v, t)
    add(t, epsilon, t)
    divide(m, t, t)
    multiply(t, rate, t)
    subtract(w, t, w)


class AdamW(Adam):
    """Adam with decoupled weight decay: w shrinks by the factor ``1 - lr * weight_decay`` before each step.

    Errors: as for Adam.
    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019), algorithm 2; torch.optim.AdamW.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.85
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            *(lr, betas, eps, weight_decay, amsgrad),
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def check(self, options: Mapping[str, Any]) -> None:
        super().check(options)
        if not options["decoupled_weight_decay"]:
            raise ag.OptionError("AdamW: its weight decay is decoupled from the gradient; for the other one use Adam")
