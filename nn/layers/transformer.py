"""Transformers: attention and a perceptron for each position, each added to what it was computed from.

Knows attention, normalization and dropout as layers. Does not know words or positions.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .. import functional, init
from ..arguments import brief, check_flag, check_positive
from ..functional.attention import causal
from ..module import Module
from ..randomness import RandomSource, generator
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Any], Any]
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": functional.relu, "gelu": functional.gelu}


class Layer(Module):
    """What the layers of both halves have in common: self-attention, and a perceptron for each position.

    How residuals are added: after each part ``norm(x + part(x))``, or, with `norm_first`, ``x + part(norm(x))``.
    """

    attentions = 1  # each with a norm and a dropout; the perceptron has the last ones

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        check_positive(dim_feedforward, f"{who}: dim_feedforward")
        check_flag(norm_first, f"{who}: norm_first")
        if not callable(activation) and activation not in _ACTIVATIONS:
            raise ag.OptionError(
                f"{who}: activation must be 'relu', 'gelu' or a function, such as nn.functional.silu; "
                f"got {brief(activation)}"
            )
        self.d_model, self.nhead, self.dim_feedforward, self.bias = d_model, nhead, dim_feedforward, bias
        self.layer_norm_eps, self.batch_first, self.norm_first = layer_norm_eps, batch_first, norm_first
        rng = generator(rng, who)
        options: dict[str, Any] = {"rng": rng, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **options)
        if self.attentions == 2:
            self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **options)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **options)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **options)
        for i in range(self.attentions + 1):
            setattr(self, f"norm{i + 1}", LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for i in range(self.attentions + 1):
            setattr(self, f"dropout{i + 1}", Dropout(dropout, rng=rng))
        self.activation = activation

    def _added(self, x: Any, number: int, part: Callable[[Any], Any]) -> Any:
        """x and what a part makes of it, with the norm and the dropout of that part."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        return x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))

    def _attending(self, attention: MultiheadAttention, memory: Any, *masks: Any) -> Callable[[Any], Any]:
        """Attention to a memory, or of the positions to each other if that is None."""
        mask, padding, is_causal = masks

        def part(x: Any) -> Any:
            seen = x if memory is None else memory
            return attention(x, seen, seen, padding, False, mask, is_causal=bool(is_causal))[0]

        return part

    def _perceptron(self, x: Any) -> Any:
        activation = _ACTIVATIONS[self.activation] if isinstance(self.activation, str) else self.activation
        return self.linear2(self.dropout(activation(self.linear1(x))))


class TransformerEncoderLayer(Layer):
    """Self-attention, then a perceptron for each position, each added to its input and normalized.

    `dim_feedforward` is the number of hidden units of the perceptron; `activation` stands between its layers. With
    `norm_first` each part takes its input normalized, else the sum is. `dropout` acts on attention weights, on hidden
    units and on what is added. Masks: as for MultiheadAttention, where True hides.
    Shapes: src (S, N, d_model), or (N, S, d_model) with `batch_first`, or (S, d_model); src_mask (S, S) or
    (N * nhead, S, S); src_key_padding_mask (N, S) or (S,) -> like src.
    Source: Vaswani et al., Attention is all you need (2017), section 3; Xiong et al., On layer normalization in the
    transformer architecture (2020) for `norm_first`.

    >>> TransformerEncoderLayer(8, 2, dim_feedforward=16, rng=0)(np.ones((5, 3, 8), np.float32)).shape
    (5, 3, 8)
    """

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        attending = self._attending(self.self_attn, None, src_mask, src_key_padding_mask, is_causal)
        return self._added(self._added(src, 1, attending), 2, self._perceptron)


class TransformerDecoderLayer(Layer):
    """Self-attention, attention to a memory, then a perceptron for each position, each added and normalized.

    Options: as for TransformerEncoderLayer.
    Shapes: tgt (T, N, d_model), memory (S, N, d_model), or with N first with `batch_first`, or without N; tgt_mask
    (T, T), memory_mask (T, S), or either with N * nhead before; padding masks (N, T) and (N, S) -> like tgt.
    Source: as TransformerEncoderLayer.

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, rng=0)
    >>> layer(np.ones((4, 3, 8), np.float32), np.ones((5, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    attentions = 2

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        to_itself = self._attending(self.self_attn, None, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        to_memory = self._attending(self.multihead_attn, memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        return self._added(self._added(self._added(tgt, 1, to_itself), 2, to_memory), 3, self._perceptron)


class Stack(Module):
    """Copies of a layer, one after the other, and a norm at the end if one is given.

    The copies start from the same values, as in PyTorch; each draws what it drops from the generator of the layer.
    """

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        who = type(self).__name__
        self.num_layers = check_positive(num_layers, f"{who}: num_layers")
        if not isinstance(layer, Module):
            raise ag.OptionError(f"{who}: the layer to copy must be a Module, got {brief(layer)}")
        generators = [vars(module)["rng"] for module in layer.modules() if vars(module).get("rng") is not None]
        # a copied generator would drop the same units in every layer
        self.layers = [copy.deepcopy(layer, {id(rng): rng for rng in generators}) for _ in range(num_layers)]
        self.norm = norm


class TransformerEncoder(Stack):
    """`num_layers` copies of an encoder layer, one after the other, and a norm behind them if one is given.

    The copies start from the same values, as in PyTorch; call `reset_parameters` of their parts, or use `nn.init`, to
    change that. `enable_nested_tensor` and `mask_check` are accepted, and change nothing.
    Shapes: as for TransformerEncoderLayer, with `mask` for src_mask.

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, rng=0)
    >>> TransformerEncoder(layer, 2)(np.ones((5, 3, 8), np.float32)).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Any:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Stack):
    """`num_layers` copies of a decoder layer, one after the other, and a norm behind them if one is given.

    The copies start from the same values, as in PyTorch.
    Shapes: as for TransformerDecoderLayer.

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, rng=0)
    >>> TransformerDecoder(layer, 2)(np.ones((4, 3, 8), np.float32), np.ones((5, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of one sequence and a decoder of another, which sees what the first became.

    Options: as for TransformerEncoderLayer; `custom_encoder` and `custom_decoder` take the place of either half. There
    is no embedding and no output layer.
    Shapes: src (S, N, d_model), tgt (T, N, d_model), or with N first with `batch_first`, or without N; masks as for
    both halves -> like tgt.
    Initial values: Glorot's uniform for all matrices, as in PyTorch.
    Source: Vaswani et al., Attention is all you need (2017).

    >>> net = Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16, rng=0)
    >>> net(np.ones((5, 3, 8), np.float32), np.ones((4, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        rng = generator(rng, "Transformer")

        def half(layer: type[Layer], stack: Callable[..., Module], number: int) -> Module:
            made = layer(
                d_model,
                nhead,
                dim_feedforward,
                dropout,
                activation,
                layer_norm_eps,
                batch_first,
                norm_first,
                bias,
                rng=rng,
                dtype=dtype,
            )
            return stack(made, number, LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))

        self.encoder = custom_encoder or half(TransformerEncoderLayer, TransformerEncoder, num_encoder_layers)
        self.decoder = custom_decoder or half(TransformerDecoderLayer, TransformerDecoder, num_decoder_layers)
        self.d_model, self.nhead, self.rng = d_model, nhead, rng
        self.num_encoder_layers, self.num_decoder_layers = num_encoder_layers, num_decoder_layers
        self.dim_feedforward, self.dropout, self.activation = dim_feedforward, dropout, activation
        self.layer_norm_eps, self.batch_first, self.norm_first, self.bias = (
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
        )
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter, rng=rng)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        self._check_sequences(np.shape(src), np.shape(tgt))
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask,
            memory_mask,
            tgt_key_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal,
            memory_is_causal,
        )

    def _check_sequences(self, src: Sequence[int], tgt: Sequence[int]) -> None:
        batch = slice(0, 1) if self.batch_first else slice(1, 2)
        fits = len(src) == len(tgt) and (len(src) == 2 or src[batch] == tgt[batch])
        if not fits or src[-1:] != (self.d_model,) or tgt[-1:] != (self.d_model,):
            layout = "(batch, {}, {})" if self.batch_first else "({}, batch, {})"
            raise ag.ShapeError(
                f"Transformer: src must be {layout.format('S', self.d_model)} and tgt "
                f"{layout.format('T', self.d_model)} with batch_first={self.batch_first}, or both without a batch; "
                f"got {tuple(src)} and {tuple(tgt)}"
            )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """The mask that hides from each position those after it: -inf above the diagonal, else 0.

        >>> Transformer.generate_square_subsequent_mask(2)
        array([[  0., -inf],
               [  0.,   0.]], dtype=float32)
        """
        return causal(sz, sz, dtype)
