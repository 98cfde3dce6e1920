"""What layers and losses compute, as functions of arrays, by PyTorch's names; all of it differentiable operations.

Takes arrays and Tensors, gives back what came. Does not know modules or parameters.
"""

from ..data import one_hot
from .activation import *
from .activation import __all__ as _activation
from .adaptive_pooling import *
from .adaptive_pooling import __all__ as _adaptive_pooling
from .attention import *
from .attention import __all__ as _attention
from .bilinear import *
from .bilinear import __all__ as _bilinear
from .convolution import *
from .convolution import __all__ as _convolution
from .distance import *
from .distance import __all__ as _distance
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .linear import *
from .linear import __all__ as _linear
from .losses.classification import *
from .losses.classification import __all__ as _classification
from .losses.likelihood import *
from .losses.likelihood import __all__ as _likelihood
from .losses.margins import *
from .losses.margins import __all__ as _margins
from .losses.ranking import *
from .losses.ranking import __all__ as _ranking
from .losses.regression import *
from .losses.regression import __all__ as _regression
from .normalization import *
from .normalization import __all__ as _normalization
from .padding import *
from .padding import __all__ as _padding
from .pooling import *
from .pooling import __all__ as _pooling
from .recurrent import *
from .recurrent import __all__ as _recurrent
from .shaping import *
from .shaping import __all__ as _shaping
from .softmax import *
from .softmax import __all__ as _softmax
from .upsampling import *
from .upsampling import __all__ as _upsampling

__all__ = [
    *_attention,
    *_embedding,
    *_recurrent,
    *_activation,
    *_adaptive_pooling,
    *_bilinear,
    *_convolution,
    *_distance,
    *_dropout,
    *_linear,
    *_classification,
    *_likelihood,
    *_margins,
    *_ranking,
    *_regression,
    *_normalization,
    *_padding,
    *_pooling,
    *_shaping,
    *_softmax,
    *_upsampling,
    "one_hot",
]
