"""How good predictions are, in numbers that people read; none of them has a gradient.

Knows scores, class ids, one-hot labels and real numbers. Does not know models or data sets.
"""

from .classification import *
from .classification import __all__ as _classification
from .ranking import *
from .ranking import __all__ as _ranking
from .regression import *
from .regression import __all__ as _regression
from .streaming import *
from .streaming import __all__ as _streaming

__all__ = [*_classification, *_ranking, *_regression, *_streaming]
