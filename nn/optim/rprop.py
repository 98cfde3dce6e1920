"""Descent by the signs of gradients alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import clip, copyto, multiply, negative, sign, subtract

import autograd_core as ag

from .blocks import typed
from .optimizer import Group, Optimizer
from .options import check_number, check_numbers, refuse_switches

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Resilient backpropagation: each number has a step of its own, and takes it against the sign of its gradient.

    Steps start at `lr`. A step grows by the factor ``etas[1]`` when the gradient kept its sign, shrinks by ``etas[0]``
    when it changed, and stays within `step_sizes`; where it changed, w stays for this step, and the gradient counts as
    0 in the next. For whole data sets: the signs of small batches are noise.
    Errors: OptionError for negative options, and unless 0 < etas[0] < 1 < etas[1].
    Source: Riedmiller and Braun, A direct adaptive method for faster backpropagation learning: the RPROP algorithm
    (1993), in the variant without going back; torch.optim.Rprop.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.9
    """

    numbers = ("step",)
    arrays = ("prev", "step_size")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches("Rprop", foreach=foreach, capturable=capturable, differentiable=differentiable)
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("Rprop", options, "lr")
        for name in ("etas", "step_sizes"):
            pair = options[name]
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ag.OptionError(f"Rprop: {name} must be two numbers, got {pair!r}")
            for i, value in enumerate(pair):
                check_number("Rprop", f"{name}[{i}]", value)
        if not 0 < options["etas"][0] < 1 < options["etas"][1]:
            raise ag.OptionError(f"Rprop: etas must be two factors, below and above 1; got {options['etas']!r}")
        if options["step_sizes"][0] > options["step_sizes"][1]:
            raise ag.OptionError(f"Rprop: step_sizes must be a least and a largest; got {options['step_sizes']!r}")

    def begin(self, name: str, group: Group) -> float:
        return group["lr"] if name == "step_size" else 0

    def update(self, group: Group) -> None:
        maximize, dtype = group["maximize"], None
        for slot, blocks in self.live(group):
            slot.state["step"] += 1
            if slot.dtype is not dtype:
                dtype = slot.dtype
                shrink, grow, least, largest = typed(dtype, *group["etas"], *group["step_sizes"])
            for w, g, (previous, size, s, t) in blocks:
                if maximize:
                    g = negative(g, s)
                sign(previous, t)
                copyto(previous, g)
                sign(g, s)
                multiply(s, t, t)  # of the signs: the product of two small gradients may be 0
                turned = t < 0
                multiply(size, grow, size, where=t > 0)
                multiply(size, shrink, size, where=turned)
                clip(size, least, largest, size)
                copyto(previous, 0, where=turned)
                copyto(s, 0, where=turned)
                multiply(s, size, t)
                subtract(w, t, w)
