"""Layers: functions with parameters or options, by PyTorch's names. Each file is a kind of layer."""

from .activation import *
from .activation import __all__ as _activation
from .adaptive_pool import *
from .adaptive_pool import __all__ as _adaptive_pool
from .attention import *
from .attention import __all__ as _attention
from .batch_norm import *
from .batch_norm import __all__ as _batch_norm
from .bilinear import *
from .bilinear import __all__ as _bilinear
from .cells import *
from .cells import __all__ as _cells
from .conv import *
from .conv import __all__ as _conv
from .conv_transpose import *
from .conv_transpose import __all__ as _conv_transpose
from .distance import *
from .distance import __all__ as _distance
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .lazy import *
from .lazy import __all__ as _lazy
from .linear import *
from .linear import __all__ as _linear
from .maxout import *
from .maxout import __all__ as _maxout
from .mlp import *
from .mlp import __all__ as _mlp
from .normalization import *
from .normalization import __all__ as _normalization
from .padding import *
from .padding import __all__ as _padding
from .pool import *
from .pool import __all__ as _pool
from .radial import *
from .radial import __all__ as _radial
from .recurrent import *
from .recurrent import __all__ as _recurrent
from .shaping import *
from .shaping import __all__ as _shaping
from .transformer import *
from .transformer import __all__ as _transformer
from .upsampling import *
from .upsampling import __all__ as _upsampling

__all__ = [
    *_lazy,
    *_bilinear,
    *_transformer,
    *_attention,
    *_embedding,
    *_recurrent,
    *_cells,
    *_activation,
    *_adaptive_pool,
    *_batch_norm,
    *_conv,
    *_conv_transpose,
    *_distance,
    *_dropout,
    *_linear,
    *_maxout,
    *_mlp,
    *_normalization,
    *_padding,
    *_pool,
    *_radial,
    *_shaping,
    *_upsampling,
]
