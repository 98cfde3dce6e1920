"""Gradient descent, with momentum."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy import add, multiply, subtract

import autograd_core as ag

from .optimizer import Optimizer, Slot, check_number

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, ``w -= lr * g``, with momentum and weight decay if asked for.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, and a momentum: b is g in the first step
    and ``momentum * b + (1 - dampening) * g`` later; w moves by ``-lr * b``, or ``-lr * (g + momentum * b)`` for
    `nesterov`.
    Errors: OptionError for negative options, and for nesterov without momentum or with dampening.
    Source: torch.optim.SGD; Sutskever et al., On the importance of initialization and momentum (2013).

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Tensor([0.8], requires_grad=True)
    """

    state_names = ("momentum_buffer",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def check(self, options: Mapping[str, Any]) -> None:
        for name in ("lr", "momentum", "dampening", "weight_decay"):
            check_number("SGD", name, options[name])
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ag.OptionError(
                "SGD: nesterov needs a momentum above 0 and no dampening; "
                f"got momentum={options['momentum']}, dampening={options['dampening']}"
            )

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        with ag.no_grad():
            for group, slots in zip(self.param_groups, self._slots, strict=True):
                if group["momentum"] or group["weight_decay"] or group["maximize"]:
                    self._full(slots, **group)
                else:
                    self._plain(slots, group["lr"])

    def _plain(self, slots: list[Slot], lr: float) -> None:
        rate = np.array(lr, np.float32)  # a Python number would be converted again in every pass
        for _, w, g, (s, _) in self.live(slots):
            if w.dtype is not rate.dtype:
                rate = np.array(lr, w.dtype)
            multiply(g, rate, s)
            subtract(w, s, w)

    def _full(
        self,
        slots: list[Slot],
        *,
        params: Any,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        maximize: bool,
    ) -> None:
        dtype = None
        for step, w, g, arrays in self.live(slots, self.state_names if momentum else ()):
            s, t = arrays[-2:]
            if w.dtype is not dtype:
                dtype = w.dtype
                rate, keep, take, decay = (np.array(x, dtype) for x in (lr, momentum, 1 - dampening, weight_decay))
            if maximize:
                g = np.negative(g, s)
            if weight_decay:
                multiply(w, decay, t)
                g = add(g, t, s)
            if momentum:
                b = arrays[0]
                if step == 1:
                    np.copyto(b, g)
                else:
                    multiply(b, keep, b)
                    add(b, multiply(g, take, t) if dampening else g, b)
                g = add(g, multiply(b, keep, t), t) if nesterov else b
            multiply(g, rate, t)
            subtract(w, t, w)
