"""Losses as modules: each is the function of the same meaning in `functional`, with its options."""

from .classification import *
from .classification import __all__ as _classification
from .likelihood import *
from .likelihood import __all__ as _likelihood
from .margins import *
from .margins import __all__ as _margins
from .ranking import *
from .ranking import __all__ as _ranking
from .regression import *
from .regression import __all__ as _regression

__all__ = [*_classification, *_likelihood, *_margins, *_ranking, *_regression]
