"""The units from before backpropagation: perceptrons, stumps and their ensembles, radial basis functions.

Each has `fit` and `predict`, as in scikit-learn: arrays go in, and class ids or numbers come out. What has parameters
is a Module as well, and may be a part of a network.
"""

from .boosting import *
from .boosting import __all__ as _boosting
from .perceptron import *
from .perceptron import __all__ as _perceptron
from .radial import *
from .radial import __all__ as _radial
from .stump import *
from .stump import __all__ as _stump
from .voting import *
from .voting import __all__ as _voting

__all__ = [*_boosting, *_perceptron, *_radial, *_stump, *_voting]
