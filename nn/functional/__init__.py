"""What layers and losses compute, as functions of arrays, by PyTorch's names; all of it differentiable operations.

Takes arrays and Tensors, gives back what came. Does not know modules or parameters.
"""

from autograd_core import linear

from ..data import one_hot
from .activation import *
from .activation import __all__ as _activation
from .convolution import *
from .convolution import __all__ as _convolution
from .distance import *
from .distance import __all__ as _distance
from .dropout import *
from .dropout import __all__ as _dropout
from .losses import *
from .losses import __all__ as _losses
from .pooling import *
from .pooling import __all__ as _pooling
from .recurrent import *
from .recurrent import __all__ as _recurrent
from .shaping import *
from .shaping import __all__ as _shaping

__all__ = [
    *_recurrent,
    *_activation,
    *_convolution,
    *_distance,
    *_dropout,
    *_losses,
    *_pooling,
    *_shaping,
    "linear",
    "one_hot",
]
