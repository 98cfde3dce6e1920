"""What a classifier makes of the plane: its regions, how sure it is, and the samples that it was shown."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import check_positive
from ..layers.linear import Linear
from ..module import Module
from ..monitor import evaluating
from ..observing import observed
from .paper import axis, marker, series, setting, with_alpha

__all__ = ["decision_boundary"]

_LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8)  # by how much the highest probability exceeds the next
_TOGETHER = 16384  # points that go through the model at once


def decision_boundary(
    model: Module | Callable[[Any], Any],
    X: Any,
    y: Any,
    ax: Any = None,
    *,
    resolution: int = 200,
    margin: float = 0.1,
    classes: Sequence[str] | None = None,
    probabilities: bool | None = None,
) -> Any:
    """The plane of two features: a region for each class, darker where it is surer, and samples with their markers.

    The line is where two classes are equally probable. `model` is a Module, or a function such as `predict_proba`. Of
    several columns the highest is the class; where rows are no probabilities already they go through a softmax. One
    column tells of the second of two classes; `probabilities` says whether as a probability or as a logit. Without it,
    numbers outside [0, 1] are logits, and so is what comes straight from a Linear layer. One column of integers or
    words is the classes themselves, as `predict` gives them. `resolution` is the number of points along each axis that
    the model is asked at, `margin` how far the plane goes beyond the samples, as a fraction of their range.
    Shapes: X (N, 2), y (N,) class ids, or any two values where the model has one column, or what `predict` gives.
    Errors: ShapeError for other shapes, DataError for labels that are no class of the model.

    >>> ax = nn.plots.decision_boundary(nn.MLP([2, 8, 2]), X, y)  # doctest: +SKIP
    """
    points, labels = _samples(X, y)
    check_positive(resolution, "decision_boundary: resolution")
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * np.where(high > low, high - low, 1.0)
    across, up = (np.linspace(a, b, max(resolution, 2)) for a, b in zip(low - room, high + room, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(points.dtype)
    outputs, raw = _outputs(model, grid)
    if outputs.shape[1] == 1 and outputs.dtype.kind != "f":
        kinds = np.unique(np.concatenate([labels, outputs[:, 0]]))
        chances, labels = (outputs == kinds).astype(np.float64), np.searchsorted(kinds, labels)
        classes = [f"class {kind}" for kind in kinds.tolist()] if classes is None else classes
    else:
        chances = _chances(outputs.astype(np.float64), raw, probabilities)
    ids, names = _ids(labels, chances.shape[1], classes)
    ax = axis(ax, "decision_boundary")
    for k in range(chances.shape[1]):
        rest = np.delete(chances, k, axis=1).max(axis=1, initial=0.0)
        lead = (chances[:, k] - rest).reshape(len(up), len(across))
        for level in _LEVELS:  # one over the other, so that no seam is seen between two
            if lead.max() > level:
                ax.contourf(across, up, lead, [level, 2.0], colors=[with_alpha(series(k), 0.1)], antialiased=True)
        if lead.min() < 0 < lead.max():
            ax.contour(across, up, lead, [0.0], colors=[setting("text.color")], linewidths=1.1)
    for k, name in enumerate(names):
        chosen = points[ids == k]
        dots = {"s": 26, "linewidth": 0.7, "edgecolor": setting("axes.facecolor")}
        ax.scatter(*chosen.T, color=series(k), marker=marker(k), label=name, zorder=3, **dots)
    ax.grid(False)
    ax.set(xlim=across[[0, -1]], ylim=up[[0, -1]])
    ax.legend(loc="best", frameon=True, framealpha=0.8, facecolor=setting("axes.facecolor"), edgecolor="none")
    return ax


def _samples(X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    points, labels = (np.asarray(v.detach().numpy() if isinstance(v, ag.Tensor) else v) for v in (X, y))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ag.ShapeError(
            f"decision_boundary: X must be (N, 2), two features that span a plane, got {points.shape}"
            + ("; choose two, and give a function of them" if points.ndim == 2 else "")
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != points.shape[:1]:
        raise ag.ShapeError(
            f"decision_boundary: y must have one class for each row of X {points.shape}, got {labels.shape}"
        )
    if not len(points):
        raise ag.ShapeError("decision_boundary: there are no samples, so there is no part of the plane to show")
    if not np.isfinite(points).all():
        raise ag.DataError("decision_boundary: X holds NaN or infinite numbers")
    return (points if points.dtype.kind == "f" else points.astype(np.float32)), labels


def _outputs(model: Any, grid: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """The outputs (points, columns) of a model, in evaluation mode; and whether they come straight from a Linear."""
    found, raw = [], False
    with ag.no_grad(), evaluating(model):
        for start in range(0, len(grid), _TOGETHER):
            watching: Any = observed(model) if isinstance(model, Module) else nullcontext([])
            with watching as calls:
                out = model(grid[start : start + _TOGETHER])
            makers = [call.module for call in calls if call.leaf and call.output is out]
            raw = bool(makers) and isinstance(makers[-1], Linear)
            found.append(np.asarray(out.detach().numpy() if isinstance(out, ag.Tensor) else out))
    outputs = np.concatenate(found)
    if len(outputs) != len(grid) or outputs.ndim > 2 or 0 in outputs.shape:
        raise ag.ShapeError(
            f"decision_boundary: for {len(grid)} points (N, 2) the model must give (N, classes), (N, 1) or (N,); "
            f"got {outputs.shape}"
        )
    if outputs.dtype.kind == "f" and not np.isfinite(outputs).all():
        raise ag.DataError("decision_boundary: the model gives NaN or infinite numbers")
    return outputs.reshape(len(grid), -1), raw


def _chances(outputs: NDArray[Any], raw: bool, given: bool | None) -> NDArray[Any]:
    """Probabilities (points, classes) from those, or from scores."""
    positive = (outputs >= 0).all() and (outputs <= 1).all()
    if given and not positive:
        raise ag.DataError(
            f"decision_boundary: probabilities=True, but the model gives {outputs.min():.3g} to {outputs.max():.3g}"
        )
    if outputs.shape[1] == 1:
        if not (positive and not raw if given is None else given):
            outputs = np.exp(-np.logaddexp(0, -outputs))
        return np.hstack([1 - outputs, outputs])
    if positive and np.allclose(outputs.sum(axis=1), 1, atol=1e-5):
        return outputs
    raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _ids(labels: NDArray[Any], count: int, classes: Sequence[str] | None) -> tuple[NDArray[Any], list[str]]:
    """The samples' class ids, and the names of all classes."""
    kinds = np.unique(labels)
    known = labels.dtype.kind in "biu" and kinds[0] >= 0 and kinds[-1] < count
    if known:
        ids, values = labels.astype(np.int64), np.arange(count)
    elif count == 2 and len(kinds) == 2:  # such as -1 and +1
        ids, values = np.searchsorted(kinds, labels), kinds
    else:
        few = ", ".join(map(str, kinds[:8].tolist()))
        raise ag.DataError(f"decision_boundary: the model has {count} classes, and y holds {few}; ids start at 0")
    names = [f"class {value}" for value in values.tolist()] if classes is None else [str(name) for name in classes]
    if len(names) != count:
        raise ag.ShapeError(f"decision_boundary: there are {count} classes, but {len(names)} names of classes")
    return ids, names
