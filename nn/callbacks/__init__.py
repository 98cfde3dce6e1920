"""What is done at certain moments of training: stopping early, keeping the best, writing down how it goes."""

from .base import *
from .base import __all__ as _base
from .logging import *
from .logging import __all__ as _logging
from .stopping import *
from .stopping import __all__ as _stopping
from .tensorboard import *
from .tensorboard import __all__ as _tensorboard

__all__ = [*_base, *_stopping, *_logging, *_tensorboard]
