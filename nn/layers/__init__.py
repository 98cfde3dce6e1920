"""Layers: functions with parameters or options, by PyTorch's names. Each file is a kind of layer."""

from .activation import *
from .activation import __all__ as _activation
from .conv import *
from .conv import __all__ as _conv
from .dropout import *
from .dropout import __all__ as _dropout
from .linear import *
from .linear import __all__ as _linear
from .mlp import *
from .mlp import __all__ as _mlp
from .pool import *
from .pool import __all__ as _pool
from .shaping import *
from .shaping import __all__ as _shaping

__all__ = [*_activation, *_conv, *_dropout, *_linear, *_mlp, *_pool, *_shaping]
