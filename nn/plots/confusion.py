"""The confusion matrix as a picture: which class was taken for which, and how often."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .. import metrics
from .paper import HIGH, LOW, amounts, axis, setting

__all__ = ["confusion_matrix"]

_MOST = 0.55  # how much of the colour a full cell has: so much that the ink on it can be read, on light and on dark

_OF = {
    None: "",
    "true": "   (% of the true class)",
    "pred": "   (% of the predicted class)",
    "all": "   (% of all samples)",
}


def confusion_matrix(
    matrix: Any, classes: Sequence[str] | None = None, ax: Any = None, *, normalize: str | None = None
) -> Any:
    """True classes down, predicted classes across: blue on the diagonal for what is right, red and bold for mistakes.

    `matrix` holds counts, as `nn.metrics.confusion_matrix` gives them, or is the pair (labels, predictions) of class
    ids. `normalize` is "true" for percent of each true class, "pred" of each predicted one, "all" of all, as in
    scikit-learn; a class without samples then has 0. The colours tell fractions of the true class on the
    diagonal, and on the rest what is most among the mistakes. Cells of 0 stay empty.
    Shapes: matrix (classes, classes); labels and predictions (N,).
    Errors: ShapeError for a matrix that is not square and for as many names as there are not classes.

    >>> ax = nn.plots.confusion_matrix((labels, predictions), ["cat", "dog"])  # doctest: +SKIP
    """
    counts = _counts(matrix)
    size = len(counts)
    names = [str(name) for name in (range(size) if classes is None else classes)]
    if len(names) != size:
        raise ag.ShapeError(f"confusion_matrix: there are {size} classes, but {len(names)} names of classes")
    shown = _normalized(counts, normalize)
    ax = axis(ax, "confusion_matrix")
    right = np.eye(size, dtype=bool)
    of_class = _normalized(counts, "true")
    mistakes = np.where(right, 0, shown)
    for part, strength, color, most in (
        (right, of_class, LOW, 1.0),
        (~right & (counts > 0), mistakes, HIGH, float(mistakes.max()) or 1.0),
    ):
        colors = amounts(color, most=_MOST, least=0.12)
        ax.imshow(np.ma.masked_where(~part, strength), cmap=colors, vmin=0.0, vmax=most, interpolation="none")
    ink, small = setting("text.color"), setting("font.size") * (0.9 if size <= 12 else 0.9 * 12 / size)
    for i, j in np.argwhere((counts > 0) | right).tolist():
        words = _words(shown[i, j], normalize)
        ax.text(j, i, words, ha="center", va="center", color=ink, fontsize=small, weight="normal" if i == j else "bold")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(np.arange(size), names, **(turned if max(map(len, names)) > 3 else {}))
    ax.set_yticks(np.arange(size), names)
    ax.tick_params(length=0)
    ax.set(xlabel="predicted" + _OF[normalize], ylabel="true", xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    ax.hlines(np.arange(-0.5, size), -0.5, size - 0.5, colors=setting("grid.color"), linewidth=0.6)
    ax.vlines(np.arange(-0.5, size), -0.5, size - 0.5, colors=setting("grid.color"), linewidth=0.6)
    return ax


def _counts(matrix: Any) -> NDArray[Any]:
    """The matrix, counted if need be."""
    if isinstance(matrix, tuple):
        if len(matrix) != 2:
            raise ag.ShapeError(f"confusion_matrix: expects (labels, predictions), got {len(matrix)} arrays")
        labels, predictions = matrix
        return metrics.confusion_matrix(predictions, labels)
    counts = np.asarray(matrix.detach().numpy() if isinstance(matrix, ag.Tensor) else matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not len(counts):
        hint = "; predictions go with labels, as (labels, predictions)" if counts.ndim == 1 else ""
        raise ag.ShapeError(f"confusion_matrix: the matrix must be (classes, classes), got {counts.shape}{hint}")
    if counts.dtype.kind not in "biuf" or not (counts >= 0).all():
        raise ag.DataError("confusion_matrix: the matrix must hold counts, which are not negative")
    return counts


def _normalized(counts: NDArray[Any], by: str | None) -> NDArray[Any]:
    if by is None:
        return counts
    if by not in ("true", "pred", "all"):
        raise ag.OptionError(f"confusion_matrix: normalize must be 'true', 'pred', 'all' or None; got {by!r}")
    total = counts.sum() if by == "all" else counts.sum(axis=int(by == "true"), keepdims=True)
    return np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)


def _words(value: Any, normalize: str | None) -> str:
    if normalize is None:
        return f"{value:g}" if isinstance(value, float | np.floating) else f"{value}"
    return "0" if value == 0 else "<1" if value < 0.005 else f"{100 * value:.0f}"
