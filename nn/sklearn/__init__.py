"""Networks as scikit-learn's estimators, for its pipelines, grid searches and cross-validation.

    from nn.sklearn import MLPClassifier
    scores = cross_val_score(make_pipeline(StandardScaler(), MLPClassifier(random_state=0)), X, y)

Needs scikit-learn (extra `sklearn`).
"""

from .conv import ConvClassifier
from .mlp import MLPClassifier, MLPRegressor

__all__ = ["ConvClassifier", "MLPClassifier", "MLPRegressor"]
