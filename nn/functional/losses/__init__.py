"""What predictions cost that miss their targets: losses as functions, by the kind of target.

Knows predictions and targets as arrays. Does not know where they come from. Every loss has a `reduction`: the "mean"
of what single predictions cost, their "sum", or all of them ("none").
"""

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
