"""Activation functions as modules, by what they look like; each calls the function of its name in `functional`."""

from .bounded import *
from .bounded import __all__ as _bounded
from .normalizing import *
from .normalizing import __all__ as _normalizing
from .rectifying import *
from .rectifying import __all__ as _rectifying
from .shrinking import *
from .shrinking import __all__ as _shrinking

__all__ = [*_bounded, *_normalizing, *_rectifying, *_shrinking]
