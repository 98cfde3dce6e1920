"""Gradient descent that also keeps the mean of where it has been."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy import add, copyto, multiply, subtract

from .blocks import direction, typed
from .optimizer import Group, Optimizer
from .options import check_numbers, refuse_switches

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Averaged stochastic gradient descent: w goes on as by SGD, and ``state[w]["ax"]`` is the mean of its values.

    With g the gradient (its negative to `maximize`) plus ``weight_decay * w``, after step t:
    ``eta = lr / (1 + lambd * lr * t)**alpha`` (lr in the first step). A step shrinks w by ``1 - lambd * eta``, and
    moves it by ``-eta * g``. From step `t0` on, ``ax`` is the mean of all w since; before, it is w.
    Errors: OptionError for negative options.
    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992); Bottou, Stochastic
    gradient descent tricks (2012), for the rate; torch.optim.ASGD.

    >>> w = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 6)
    0.79999
    """

    numbers = ("step", "eta", "mu")
    arrays = ("ax",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_switches("ASGD", foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("ASGD", options, "lr", "lambd", "alpha", "t0", "weight_decay")

    def begin(self, name: str, group: Group) -> float:
        return {"eta": group["lr"], "mu": 1.0}.get(name, 0)

    def update(self, group: Group) -> None:
        lr, lambd, alpha, t0, weight_decay = (group[name] for name in ("lr", "lambd", "alpha", "t0", "weight_decay"))
        maximize = group["maximize"]
        for slot, blocks in self.live(group):
            state = slot.state
            step = state["step"] = state["step"] + 1
            averaging = state["mu"] != 1
            rate, mu, shrink, decay = typed(
                slot.dtype, state["eta"], state["mu"], 1 - lambd * state["eta"], weight_decay
            )
            for w, g, (mean, s, t) in blocks:
                g = direction(g, w, s, t, maximize, decay if weight_decay else None)
                multiply(w, shrink, w)
                multiply(g, rate, t)
                subtract(w, t, w)
                if averaging:
                    subtract(w, mean, t)
                    multiply(t, mu, t)
                    add(mean, t, mean)
                else:
                    copyto(mean, w)
            state["eta"] = lr / (1 + lambd * lr * step) ** alpha
            state["mu"] = 1 / max(1, step - t0)
