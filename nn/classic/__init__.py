"""The units from before backpropagation: perceptrons, stumps and their ensembles, radial basis functions.

Each has `fit` and `predict`, as in scikit-learn: arrays go in, and class ids or numbers come out. What has parameters
is a Module as well, and may be a part of a network.
"""

from .boosting import AdaBoost
from .perceptron import Convergence, Perceptron
from .radial import RBFNetwork, k_means
from .stump import DecisionStump
from .voting import plurality, vote

__all__ = [
    "AdaBoost",
    "Convergence",
    "DecisionStump",
    "Perceptron",
    "RBFNetwork",
    "k_means",
    "plurality",
    "vote",
]
