"""Multi-layer perceptrons as estimators: for classes, and for numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import functional
from ..containers import Sequential
from ..layers.dropout import Dropout
from ..layers.mlp import MLP
from ..module import Module
from ..scikit import RegressorMixin, r2_score, validate_data
from .classes import Classifier
from .network import NetworkEstimator

__all__ = ["MLPClassifier", "MLPRegressor"]


@dataclass(eq=False, repr=False)
class Perceptrons(NetworkEstimator):
    """Estimators whose network is an MLP unless a `module` is given."""

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str | Callable[[], Module] = "relu"

    def _build(self, shape: tuple[int, ...], outputs: int, rng: np.random.Generator, dtype: Any) -> Module:
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()
        network = MLP([*shape, *hidden, outputs], self.activation, rng=rng, dtype=dtype)
        if not self.dropout:
            return network
        layers = list(network)
        dropped = [[layer, Dropout(self.dropout, rng=rng)] if i % 2 else [layer] for i, layer in enumerate(layers)]
        return Sequential(*(layer for pair in dropped for layer in pair))


@dataclass(eq=False, repr=False)
class MLPClassifier(Classifier, Perceptrons):
    """A multi-layer perceptron that tells classes apart, as an estimator of scikit-learn's.

    The options are those of `sklearn.neural_network.MLPClassifier` of the same names, with their defaults; `alpha` is
    the L2 penalty on weights. Besides: `dropout` after each hidden layer, the solvers "adamw" and "rmsprop", and
    `module`, a Module of one's own in the place of the MLP (a copy of it is trained), or a function (shape of a sample,
    number of outputs) that makes one. `activation` is a name or a class as for `nn.MLP`. The solver "lbfgs" takes all
    samples at once; its `loss_` has the penalty in it, as scikit-learn's, and `loss_curve_` has that number alone.
    After `fit`: `classes_`, `model_` (the network), `n_iter_`, `loss_`, `loss_curve_`, `best_loss_`, `history_`, and
    with `early_stopping` `validation_scores_` and `best_validation_score_`; see Note [Two ways to stop] in network.py.
    Shapes: X (N, features); y (N,) labels of any kind.

    >>> from nn.sklearn import MLPClassifier
    >>> X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array(["no", "yes", "yes", "no"])
    >>> xor = MLPClassifier((16,), solver="lbfgs", random_state=0).fit(X, y)
    >>> xor.predict(X)
    array(['no', 'yes', 'yes', 'no'], dtype='<U3')
    """


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, Perceptrons):
    """A multi-layer perceptron that predicts one or several numbers, as an estimator of scikit-learn's.

    It lowers half the mean squared error. Options and attributes: as for MLPClassifier, without classes. Scale the
    targets to about 1 (`sklearn.compose.TransformedTargetRegressor` does), as for any network.
    Shapes: X (N, features); y (N,) or (N, outputs).
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on samples and what is to be predicted of them; returns self."""
        X, targets = self._targets(X, y, reset=True)
        fresh = not (self.warm_start and hasattr(self, "model_"))
        self._fit(X, targets, targets.shape[1], stratify=False, fresh=fresh)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train for one epoch more; returns self."""
        X, targets = self._targets(X, y, reset=not hasattr(self, "model_"))
        self._partial_fit(X, targets, targets.shape[1])
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The predicted numbers: (N,), or (N, outputs) if it was fitted on several."""
        outputs = self._outputs(X)
        return outputs if self._many else outputs[:, 0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, X: Any, y: Any, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        X, y = validate_data(self, X, y, reset=reset, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True)
        if reset:
            self._many = y.ndim == 2
        return X, y.reshape(len(y), -1).astype(X.dtype)

    def _loss(self, outputs: Any, targets: Any) -> Any:
        return functional.mse_loss(outputs, targets) / 2  # as scikit-learn's

    def _score(self, model: Module, X: NDArray[Any], targets: NDArray[Any]) -> float:
        return float(r2_score(targets, self._run(model, X)))
