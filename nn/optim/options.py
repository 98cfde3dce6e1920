"""What options of optimizers may be, and what is said of those that may not."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import brief

__all__ = ["check_betas", "check_number", "check_numbers", "refuse_switches"]

INFINITE = float("inf")
_MEANING = {
    "foreach": "steps here go through all parameters in place already",
    "fused": "steps here go through blocks that stay in the cache already",
    "capturable": "there is no graph capture of steps",
    "differentiable": "steps are not recorded; for a gradient through a step write w = w - lr * g yourself",
}


def check_number(who: str, name: str, value: Any, below: float = INFINITE) -> None:
    """Refuse an option that is not a number from 0 to below a bound.

    >>> check_number("SGD", "lr", -1.0)
    Traceback (most recent call last):
    autograd_core.errors.OptionError: SGD: lr must be a finite number, at least 0; got -1.0
    """
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 <= value < below:
        bound = "a finite number, at least 0" if below == INFINITE else f"a number from 0 to below {below:g}"
        hint = "; pass lr=lr.item()" if isinstance(value, ag.Tensor) and name == "lr" and value.size == 1 else ""
        raise ag.OptionError(f"{who}: {name} must be {bound}; got {value!r}{hint}")


def check_numbers(who: str, options: Mapping[str, Any], *names: str) -> None:
    """Refuse options of these names unless they are finite numbers, at least 0."""
    for name in names:
        check_number(who, name, options[name])


def check_betas(who: str, betas: Any) -> None:
    """Refuse what is not two numbers from 0 to below 1."""
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ag.OptionError(f"{who}: betas must be two numbers, got {brief(betas)}")
    for i, beta in enumerate(betas):
        check_number(who, f"betas[{i}]", beta, below=1)


def refuse_switches(who: str, **switches: bool | None) -> None:
    """Refuse what PyTorch can be told about how to compute a step, unless it is switched off.

    >>> refuse_switches("Adam", fused=None, foreach=False)
    >>> refuse_switches("Adam", fused=True)
    Traceback (most recent call last):
    autograd_core.errors.OptionError: Adam: leave fused out: steps here go through blocks that stay in the cache already
    """
    for name, value in switches.items():
        if value not in (None, False):
            raise ag.OptionError(f"{who}: leave {name} out: {_MEANING[name]}")
