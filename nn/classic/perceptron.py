"""The threshold unit and its learning rule, which needs no gradient: there is none."""

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .. import functional
from ..arguments import check_positive
from ..module import Module, Parameter
from .samples import class_ids, rows

__all__ = ["Convergence", "Perceptron"]


@dataclass(frozen=True)
class Convergence:
    """How the learning of a perceptron ended: `mistakes` are the corrections of each epoch.

    >>> print(Convergence(True, (3, 1, 0), 4))
    separated after 3 epochs and 4 corrections
    >>> print(Convergence(False, (2, 2), 4))
    not separated after 2 epochs and 4 corrections: the last epoch still corrected 2 of 4 samples
    """

    converged: bool
    mistakes: tuple[int, ...]
    samples: int

    @property
    def epochs(self) -> int:
        """How often all samples were seen."""
        return len(self.mistakes)

    @property
    def corrections(self) -> int:
        """How often the weights were changed."""
        return sum(self.mistakes)

    def __str__(self) -> str:
        after = f"after {self.epochs} epochs and {self.corrections} corrections"
        if self.converged:
            return f"separated {after}"
        return f"not separated {after}: the last epoch still corrected {self.mistakes[-1]} of {self.samples} samples"


class Perceptron(Module):
    """Threshold unit: 1 if ``w . x + b`` is above 0, else 0. It learns by being corrected, sample by sample.

    Where two classes can be separated by a plane, the rule finds one after at most (R / margin)**2 corrections, with
    all samples, and a 1 for the bias, within R of the origin; where they cannot, it never ends, and `fit` stops it.
    As a layer it is flat: its gradient is 0 everywhere, which is why networks of it are not learned by gradients.
    Shapes: x (..., in_features) -> (...). weight (in_features,), bias ().
    Initial values: 0.
    Source: Rosenblatt, The perceptron (1958); Novikoff, On convergence proofs for perceptrons (1962).

    >>> nand = Perceptron(2)
    >>> _ = nand.load_state_dict({"weight": np.array([-2, -2]), "bias": np.array(3)})
    >>> nand.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([1, 1, 1, 0])
    >>> learner = Perceptron(2)
    >>> _ = learner.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1, 0])
    >>> print(learner.convergence)
    separated after 6 epochs and 11 corrections
    """

    def __init__(self, in_features: int, learning_rate: float = 1.0, *, dtype: DTypeLike = np.float32) -> None:
        super().__init__()
        self.in_features = check_positive(in_features, "Perceptron: in_features")
        if not learning_rate > 0:
            raise ag.OptionError(f"Perceptron: learning_rate must be positive, got {learning_rate!r}")
        self.learning_rate = learning_rate
        self.convergence: Convergence | None = None
        self.weight = Parameter(np.zeros(in_features, dtype))
        self.bias = Parameter(np.zeros((), dtype))

    def forward(self, x: Any) -> Any:
        return functional.step(ag.matmul(x, self.weight) + self.bias)

    def predict(self, x: Any) -> NDArray[np.intp]:
        """The class of each sample, 0 or 1: (N, in_features) -> (N,)."""
        return (self._sums(rows(x, "Perceptron", self.in_features)) > 0).astype(np.intp)

    def _sums(self, x: NDArray[Any]) -> NDArray[Any]:
        return x @ self.weight.detach().numpy() + self.bias.detach().numpy()

    def learn(self, x: Any, y: int) -> bool:
        """Correct the weights by one sample: ``w += rate (y - output) x``, and the bias alike; True if it was wrong."""
        sample = rows(np.asarray(x)[None], "Perceptron", self.in_features)
        wanted = class_ids([y], 1, "Perceptron", 2)
        error = int(wanted[0] - self.predict(sample)[0])
        if error:
            with ag.no_grad():
                self.weight += self.learning_rate * error * sample[0].astype(self.weight.dtype)
                self.bias += self.learning_rate * error
        return error != 0

    def fit(self, x: Any, y: Any, max_epochs: int = 1000) -> Self:
        """Go through all samples, in their order, and correct by each, until none is wrong or `max_epochs` are over.

        `convergence` says which afterwards; in the second case there is a warning too: weights that do not separate go
        on changing for ever. Returns self.
        Shapes: x (N, in_features), y (N,) of 0 and 1.
        Errors: ShapeError and DTypeError for other x and y, DataError for other classes and for NaN.
        """
        samples = rows(x, "Perceptron", self.in_features)
        wanted = class_ids(y, len(samples), "Perceptron", 2)
        check_positive(max_epochs, "Perceptron: max_epochs")
        weight, bias = self.weight.detach().numpy().copy(), self.bias.detach().numpy().copy()
        mistakes: list[int] = []
        while len(mistakes) < max_epochs and 0 not in mistakes[-1:]:
            wrong = 0
            for sample, target in zip(samples.astype(weight.dtype), wanted, strict=True):
                error = int(target) - int(sample @ weight + bias > 0)
                if error:
                    weight += self.learning_rate * error * sample
                    bias += self.learning_rate * error
                    wrong += 1
            mistakes.append(wrong)
        self.load_state_dict({"weight": weight, "bias": bias})
        self.convergence = Convergence(mistakes[-1] == 0, tuple(mistakes), len(samples))
        if not self.convergence.converged:
            warnings.warn(f"Perceptron: {self.convergence}", RuntimeWarning, stacklevel=2)
        return self

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, learning_rate={self.learning_rate}"
