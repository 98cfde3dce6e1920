"""What is done at certain moments of training: stopping early, keeping the best, writing down how it goes."""

from .base import Callback
from .logging import JSONLog
from .stopping import BestWeights, EarlyStopping
from .tensorboard import TensorBoard

__all__ = ["BestWeights", "Callback", "EarlyStopping", "JSONLog", "TensorBoard"]
