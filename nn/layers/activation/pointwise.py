"""What activation functions have in common: they show their options, and nothing else."""

from ...arguments import shown_options
from ...module import Module

__all__ = ["Activation"]


class Activation(Module):
    """A function of an array, with options that its repr shows."""

    def extra_repr(self) -> str:
        return shown_options(self, everything=True)


class Inplace(Activation):
    """An activation that takes PyTorch's hint `inplace`, which has no effect: results are new arrays."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace
