"""Tables of vectors for things that are numbered, such as words."""

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_flag, check_positive
from ..functional.embedding import Mode, check_bag_options, check_dense, checked_padding
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["Embedding", "EmbeddingBag"]


class Table(Module):
    """What embeddings have in common: the table, where it starts from, and what is done to rows that are asked for."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        weight: Any,
        freeze: bool,
        rng: RandomSource,
        dtype: DTypeLike,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.num_embeddings = check_positive(num_embeddings, f"{who}: num_embeddings")
        self.embedding_dim = check_positive(embedding_dim, f"{who}: embedding_dim")
        self.padding_idx = checked_padding(padding_idx, num_embeddings, who)
        check_dense(sparse, who)
        check_flag(scale_grad_by_freq, f"{who}: scale_grad_by_freq")
        if max_norm is not None and not max_norm > 0:
            raise ag.OptionError(f"{who}: max_norm must be positive, or None for no limit; got {max_norm!r}")
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if weight is None:
            self.weight = Parameter(np.zeros((num_embeddings, embedding_dim), init.floating(dtype)))
            self.reset_parameters(rng=rng)
        elif np.shape(weight) != (num_embeddings, embedding_dim):
            raise ag.ShapeError(f"{who}: the table must be {(num_embeddings, embedding_dim)}, got {np.shape(weight)}")
        else:
            self.weight = Parameter(weight.detach() if isinstance(weight, ag.Tensor) else weight)
        self.weight.requires_grad_(not freeze)

    def reset_parameters(self, *, rng: RandomSource = None) -> None:
        """Draw the table anew: standard normal numbers, and zeros for padding."""
        init.normal_(self.weight, rng=generator(rng, type(self).__name__))
        if self.padding_idx is not None:
            with ag.no_grad():
                self.weight.writable()[self.padding_idx] = 0

    def extra_repr(self) -> str:
        shown = f"{self.num_embeddings}, {self.embedding_dim}"
        defaults = {
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2,
            "scale_grad_by_freq": False,
            "mode": "mean",
            "include_last_offset": False,
        }
        for name, default in defaults.items():
            value = getattr(self, name, default)
            if value != default:
                shown += f", {name}={value!r}"
        return shown + init.shown_dtype(self.weight)


class Embedding(Table):
    """A learned vector for each of `num_embeddings` ids, as rows of a table.

    The row `padding_idx` starts as zeros and gets no gradient. With `max_norm`, rows that are asked for and have a
    larger norm, of order `norm_type`, are shortened to it first, in the table. With `scale_grad_by_freq`, the gradient
    of a row is divided by the number of times that it is in the batch.
    Shapes: input (...) whole numbers -> (..., embedding_dim). weight (num_embeddings, embedding_dim).
    Initial values: standard normal, as in PyTorch.
    Errors: DTypeError for ids that are floats, OptionError for an id that is no row, with its place, and for
    sparse=True: gradients are dense here.

    >>> Embedding(10, 3, rng=0)(np.array([[1, 2, 4], [4, 3, 2]])).shape
    (2, 3, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            _freeze,
            rng,
            dtype,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An Embedding with a given table (rows, features), copied, and not learned unless `freeze=False`.

        >>> Embedding.from_pretrained(np.eye(2))(np.array([1]))
        Tensor([[0., 1.]])
        """
        rows, columns = _table_shape(embeddings, cls.__name__)
        return cls(
            rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, bool(freeze)
        )

    def forward(self, input: Any) -> Any:
        return functional.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq
        )


class EmbeddingBag(Table):
    """Sum, mean or largest of the vectors of each bag of ids, such as the words of a text; zeros for an empty bag.

    Ids that are `padding_idx` do not count. Other options, initial values and errors: as for Embedding.
    Shapes: input (bags, ids) whole numbers; or (ids,) with offsets (bags,), where each bag begins, and, with
    `include_last_offset`, where the last one ends; per_sample_weights like the input, for mode "sum"
    -> (bags, embedding_dim). weight (num_embeddings, embedding_dim).

    >>> EmbeddingBag(10, 3, mode="sum", rng=0)(np.array([1, 2, 4, 5]), offsets=np.array([0, 3])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Mode = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_bag_options(mode, scale_grad_by_freq, "EmbeddingBag")
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            False,
            rng,
            dtype,
        )
        self.mode, self.include_last_offset = mode, include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Mode = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """An EmbeddingBag with a given table (rows, features), copied, and not learned unless `freeze=False`.

        >>> EmbeddingBag.from_pretrained(np.eye(2))(np.array([[0, 1]]))
        Tensor([[0.5, 0.5]])
        """
        rows, columns = _table_shape(embeddings, cls.__name__)
        bag = cls(
            rows,
            columns,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        return functional.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            False,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )


def _table_shape(embeddings: Any, who: str) -> tuple[int, int]:
    shape = np.shape(embeddings)
    if len(shape) != 2:
        raise ag.ShapeError(f"{who}: a table must be (rows, features), got shape {shape}")
    return shape
