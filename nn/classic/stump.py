"""The decision stump: one feature, one threshold, and a class on either side."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .. import functional
from ..module import Module
from .samples import class_ids, rows

__all__ = ["DecisionStump"]


class DecisionStump(Module):
    """Whether one feature is above a threshold, and the class that this stands for.

    `fit` finds the feature and the threshold with the fewest mistakes, by weight, among all there are: features are
    sorted, and sums from both ends tell what every threshold costs. As a layer, ``1[x[feature] > threshold]``, it is
    flat: the gradient by x is 0 everywhere, and the threshold is no parameter, since no gradient could move it.
    Shapes: x (..., features) -> (...), 0 below the threshold and 1 above. Buffers: feature, threshold, and the class
    ids below and above, each ().

    >>> stump = DecisionStump().fit([[0.0, 5.0], [1.0, 5.0], [3.0, 5.0]], [1, 1, 0])
    >>> stump
    DecisionStump(x[0] > 2.0: class 0, else 1)
    >>> stump.predict([[2.5, 0.0], [1.5, 0.0]])
    array([0, 1])
    >>> x = ag.tensor([[2.5, 0.0]], requires_grad=True)
    >>> stump(x).sum().backward()
    >>> x.grad.tolist()
    [[0.0, 0.0]]
    """

    feature: Any
    threshold: Any
    below: Any
    above: Any

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("feature", np.zeros((), np.intp))
        self.register_buffer("threshold", np.zeros(()))
        self.register_buffer("below", np.zeros((), np.intp))
        self.register_buffer("above", np.ones((), np.intp))

    def forward(self, x: Any) -> Any:
        return functional.step(x[..., int(self.feature)] - float(self.threshold))

    def predict(self, x: Any) -> NDArray[np.intp]:
        """The class of each sample: (N, features) -> (N,)."""
        column = rows(x, "DecisionStump")[:, int(self.feature)]
        return np.where(column > float(self.threshold), int(self.above), int(self.below))

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Take the feature and threshold with the fewest mistakes, by weight; of equal ones the first. Returns self.

        Thresholds lie in the middle between samples. If no threshold is better than none, all samples are below it.
        Shapes: x (N, features), y (N,) class ids, sample_weight (N,).
        Errors: as for Perceptron, and DataError for weights that are negative or all 0.
        """
        samples = rows(x, "DecisionStump")
        ids = class_ids(y, len(samples), "DecisionStump")
        weight = np.ones(len(samples)) if sample_weight is None else np.asarray(sample_weight, float)
        if weight.shape != ids.shape:
            raise ag.ShapeError(f"DecisionStump: sample_weight must have shape {ids.shape}, got {weight.shape}")
        if not (weight >= 0).all() or not weight.sum() > 0:
            raise ag.DataError("DecisionStump: sample_weight must not be negative, and not all 0")
        share = np.zeros((len(ids), int(ids.max()) + 1))
        share[np.arange(len(ids)), ids] = weight
        total = share.sum(axis=0)
        # no threshold: infinity is above all samples
        best = (float(total.max()), 0, np.inf, int(total.argmax()), int(total.argmax()))
        for feature, column in enumerate(samples.T):
            order = np.argsort(column, kind="stable")
            left, right = _both_sides(share[order])
            right_sides = np.flatnonzero(column[order][:-1] < column[order][1:])
            if not right_sides.size:
                continue
            correct = left.max(axis=1) + right.max(axis=1)
            at = int(right_sides[correct[right_sides].argmax()])
            if correct[at] > best[0] * (1 + 1e-12):  # better, and not by rounding
                low, high = float(column[order[at]]), float(column[order[at + 1]])
                middle = float(samples.dtype.type(low + (high - low) / 2))
                cut = middle if low <= middle < high else low
                best = (float(correct[at]), feature, cut, int(left[at].argmax()), int(right[at].argmax()))
        self.feature, self.threshold = np.array(best[1], np.intp), np.array(best[2])
        self.below, self.above = np.array(best[3], np.intp), np.array(best[4], np.intp)
        return self

    def extra_repr(self) -> str:
        return f"x[{int(self.feature)}] > {float(self.threshold)}: class {int(self.above)}, else {int(self.below)}"


def _both_sides(share: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """For each place between sorted samples, the weight of each class on its left and on its right.

    >>> _both_sides(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    (array([[1., 0.],
           [1., 1.]]), array([[0., 2.],
           [0., 1.]]))
    """
    # summed from either end: a difference to the total would leave rounding where there is nothing
    return share.cumsum(axis=0)[:-1], share[::-1].cumsum(axis=0)[::-1][1:]
