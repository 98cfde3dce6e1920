"""Adam, and AdamW with its weight decay apart from the gradient."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy import add, multiply, subtract

import autograd_core as ag

from .optimizer import Optimizer, Slot, check_number

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam: each parameter moves by its mean gradient over the root of its mean squared gradient.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, in step t: m moves towards g by
    ``1 - betas[0]`` of the way, v towards g**2 by ``1 - betas[1]``, and w by ``-lr * m' / (sqrt(v') + eps)``, where
    ``m' = m / (1 - betas[0]**t)`` and ``v' = v / (1 - betas[1]**t)``.
    Errors: OptionError for negative options, and for betas outside [0, 1).
    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), algorithm 1; torch.optim.Adam.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    state_names = ("exp_avg", "exp_avg_sq")
    decoupled = False  # whether weight decay stands apart from the gradient

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        )

    def check(self, options: Mapping[str, Any]) -> None:
        who = type(self).__name__
        for name in ("lr", "eps", "weight_decay"):
            check_number(who, name, options[name])
        if not isinstance(options["betas"], tuple | list) or len(options["betas"]) != 2:
            raise ag.OptionError(f"{who}: betas must be two numbers, got {options['betas']!r}")
        for i, beta in enumerate(options["betas"]):
            check_number(who, f"betas[{i}]", beta, below=1)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        with ag.no_grad():
            for group, slots in zip(self.param_groups, self._slots, strict=True):
                self._move(slots, **group)

    def _move(
        self,
        slots: list[Slot],
        *,
        params: Any,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        maximize: bool,
    ) -> None:
        beta1, beta2 = betas
        last = None
        for step, w, g, (m, v, s, t) in self.live(slots, self.state_names):
            if last != (step, w.dtype):
                last = step, w.dtype
                # w -= lr m' / (sqrt(v') + eps) with the bias of v carried over to what does not need a pass
                bias1, bias2 = 1 - beta1**step, math.sqrt(1 - beta2**step)
                numbers = (1 - beta1, beta1, 1 - beta2, beta2, eps * bias2, lr * bias2 / bias1)
                # a Python number would be converted again in every pass
                take_g, keep_m, take_g2, keep_v, epsilon, rate = (np.array(x, w.dtype) for x in numbers)
            if maximize:
                g = np.negative(g, s)
            if weight_decay and self.decoupled:
                multiply(w, 1 - lr * weight_decay, w)
            elif weight_decay:
                multiply(w, weight_decay, t)
                g = add(g, t, s)
            multiply(g, take_g, t)
            multiply(m, keep_m, m)
            add(m, t, m)
            multiply(g, g, t)
            multiply(t, take_g2, t)
            multiply(v, keep_v, v)
            add(v, t, v)
            np.sqrt(v, t)
            add(t, epsilon, t)
            np.divide(m, t, t)
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

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)
