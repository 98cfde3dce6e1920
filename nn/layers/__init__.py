"""Layers: functions with parameters or options, by PyTorch's names. Each file is a kind of layer."""

from .activation import *
from .activation import __all__ as _activation
from .cells import *
from .cells import __all__ as _cells
from .conv import *
from .conv import __all__ as _conv
from .distance import *
from .distance import __all__ as _distance
from .dropout import *
from .dropout import __all__ as _dropout
from .linear import *
from .linear import __all__ as _linear
from .maxout import *
from .maxout import __all__ as _maxout
from .mlp import *
from .mlp import __all__ as _mlp
from .pool import *
from .pool import __all__ as _pool
from .recurrent import *
from .recurrent import __all__ as _recurrent
from .radial import *
from .radial import __all__ as _radial
from .shaping import *
from .shaping import __all__ as _shaping

__all__ = [*_recurrent, *_cells, *_activation, *_conv, *_distance, *_dropout, *_linear, *_maxout, *_mlp, *_pool, *_radial, *_shaping]
