"""Training a network, seeing how good it is, and finding a learning rate."""

from .evaluation import Evaluation, evaluate, predict
from .fitting import fit
from .rates import LearningRates, find_lr
from .run import Run
from .steps import DivergenceError

__all__ = ["DivergenceError", "Evaluation", "LearningRates", "Run", "evaluate", "find_lr", "fit", "predict"]
