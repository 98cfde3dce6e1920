"""Gradient descent, with momentum."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy import add, multiply, positive, subtract

import autograd_core as ag

from .blocks import Array, direction, move, typed
from .optimizer import Group, Optimizer
from .options import check_numbers, refuse_switches

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

    arrays = ("momentum_buffer",)
    fusible = True

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
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_switches("SGD", foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "nesterov": nesterov, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("SGD", options, "lr", "momentum", "dampening", "weight_decay")
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ag.OptionError(
                "SGD: nesterov needs a momentum above 0 and no dampening; "
                f"got momentum={options['momentum']}, dampening={options['dampening']}"
            )

    def kept(self, group: Group) -> tuple[str, ...]:
        return self.arrays if group["momentum"] else ()

    def update(self, group: Group) -> None:
        momentum, weight_decay, maximize = group["momentum"], group["weight_decay"], group["maximize"]
        if not (momentum or weight_decay or maximize):
            self._plainly(group)
            return
        lr, dampening, nesterov, dtype = group["lr"], group["dampening"], group["nesterov"], None
        switches = bool(momentum), bool(dampening), nesterov, bool(weight_decay), maximize
        for slot, blocks in self.live(group):
            if slot.dtype is not dtype:
                dtype = slot.dtype
                numbers = typed(dtype, lr, momentum, 1 - dampening, weight_decay)
            move(blocks, _moved, numbers, slot.fresh, *switches)

    def _plainly(self, group: Group) -> None:
        lr, dtype = group["lr"], None
        for slot, blocks in self.live(group, ()):
            if slot.dtype is not dtype:
                dtype = slot.dtype
                numbers = typed(dtype, lr)
            move(blocks, _descended, numbers)


def _descended(w: Array, g: Array, _: Sequence[Array], numbers: Sequence[Array]) -> None:
    subtract(w, multiply(g, numbers[0]), w)


def _moved(w: Array, g: Array, arrays: Sequence[Array], numbers: Sequence[Array], fresh: bool, *switches: bool) -> None:
    momentum, dampening, nesterov, decaying, maximize = switches
    rate, keep, take, decay = numbers
    b, s, t = arrays or (g, None, None)
    g = direction(g, w, s, t, maximize, decay if decaying else None)
    if momentum:
        if fresh:
            positive(g, b)
        else:
            multiply(b, keep, b)
            add(b, multiply(g, take, t) if dampening else g, b)
        g = add(g, multiply(b, keep, t), t) if nesterov else b
    subtract(w, multiply(g, rate, t), w)
