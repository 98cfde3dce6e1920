"""Distances and likenesses of vectors as modules."""

from typing import Any

from .. import functional
from ..arguments import shown_options
from ..module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    """Cosine of the angle between vectors along `dim`; a length below `eps` counts as `eps`.

    Shapes: x1 and x2 alike, or such that broadcast -> the same without `dim`.

    >>> CosineSimilarity()(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([0.6])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return functional.cosine_similarity(x1, x2, self.dim, self.eps)

    def extra_repr(self) -> str:
        return shown_options(self)


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps``, over the last axis.

    Shapes: x1 and x2 alike, or such that broadcast, (..., n) -> (...), or (..., 1) with `keepdim`.

    >>> PairwiseDistance(eps=0.0)(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0]]))
    array([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    @property
    def p(self) -> float:
        """The order of the norm, which PyTorch keeps as `norm`."""
        return self.norm

    def forward(self, x1: Any, x2: Any) -> Any:
        return functional.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)

    def extra_repr(self) -> str:
        return shown_options(self)
