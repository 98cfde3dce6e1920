"""What losses as modules have in common: a reduction, weights that are saved but not learned, and options to show."""

from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import shown_options
from ..functional.losses.reduction import check_reduction
from ..module import Module, values

__all__ = ["Loss"]


class Loss(Module):
    """A function of predictions and targets, reduced to its "mean", its "sum", or not at all ("none").

    `size_average` and `reduce` stand where PyTorch has them, and are refused: the reduction says what they said.
    """

    size_average: None = None
    reduce: None = None
    weight: Any
    pos_weight: Any
    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, size_average: None = None, reduce: None = None, reduction: Any = "mean") -> None:
        super().__init__()
        check_reduction(reduction, type(self).__name__, size_average, reduce, self.reductions)
        self.reduction = reduction

    def keep(self, name: str, weight: Any) -> None:
        """Keep a copy of weights as a buffer, which is saved, and not learned; None for none."""
        if isinstance(weight, ag.Tensor) and weight.requires_grad:
            raise ag.OptionError(
                f"{type(self).__name__}: {name} is given and not learned, and has no gradient; pass {name}.detach()"
            )
        if weight is not None:
            weight = values(weight) if hasattr(weight, "dtype") else np.asarray(weight, np.float32)
            if weight.dtype.kind != "f":
                weight = weight.astype(np.float32)
        self.register_buffer(name, weight)

    def extra_repr(self) -> str:
        return shown_options(self)
