"""How good predictions are, in numbers that people read; none of them has a gradient.

Knows scores, class ids, one-hot labels and real numbers. Does not know models or data sets.
"""

from .classification import accuracy, confusion_matrix, f1_score, precision, recall, top_k_accuracy
from .ranking import average_precision, roc_auc
from .regression import mean_absolute_error, mean_squared_error, r2_score
from .streaming import NAMES, Metric, metrics_of

__all__ = [
    "NAMES",
    "Metric",
    "accuracy",
    "average_precision",
    "confusion_matrix",
    "f1_score",
    "mean_absolute_error",
    "mean_squared_error",
    "metrics_of",
    "precision",
    "r2_score",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]
