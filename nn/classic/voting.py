"""The plurality vote: what most of several models say."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..module import Module

__all__ = ["plurality", "vote"]


def plurality(votes: Any) -> NDArray[np.intp]:
    """The class id that most voters name; of several with equally many, the smallest.

    Shapes: votes (voters, N) class ids -> (N,).
    Errors: ShapeError for what is no matrix, DTypeError for ids that are not integers.

    >>> plurality([[1, 0, 2], [1, 2, 0], [0, 2, 1]])
    array([1, 2, 0])
    """
    ids = np.asarray(votes.detach().data if isinstance(votes, ag.Tensor) else votes)
    if ids.ndim != 2 or not len(ids):
        raise ag.ShapeError(f"plurality: votes must be (voters, samples), got shape {ids.shape}")
    if ids.dtype.kind not in "iu":
        raise ag.DTypeError(f"plurality: votes must be integers, got {ids.dtype}")
    known, places = np.unique(ids, return_inverse=True)
    places = places.reshape(ids.shape)
    counts = np.zeros((ids.shape[1], len(known)), np.intp)
    for row in places:
        counts[np.arange(len(row)), row] += 1
    return known[counts.argmax(axis=1)] if len(known) else np.zeros(ids.shape[1], np.intp)


def vote(models: Sequence[Callable[[Any], Any]], x: Any) -> NDArray[np.intp]:
    """What most of several models take each sample for; of classes with equally many votes, the smallest.

    A model is asked by `predict` if it has that, or else by being called: with the scores of classes on the last axis.
    Modules are asked in evaluation mode.
    Shapes: x (N, ...) -> (N,).
    Errors: OptionError for no models.

    >>> scores = [lambda x: np.array([[0.1, 0.9]]), lambda x: np.array([[0.2, 0.8]]), lambda x: np.array([[9.0, 0.0]])]
    >>> vote(scores, np.zeros((1, 3)))
    array([1])
    """
    if not models:
        raise ag.OptionError("vote: there are no models to ask")
    return plurality(np.stack([_answer(model, x) for model in models]))


def _answer(model: Callable[[Any], Any], x: Any) -> NDArray[np.intp]:
    """The class ids that one model names."""
    if hasattr(model, "predict"):
        return np.asarray(model.predict(x))
    modes = [(part, part.training) for part in model.modules()] if isinstance(model, Module) else []
    try:
        for part, _ in modes:
            part.training = False
        with ag.no_grad():
            scores = model(x)
    finally:
        for part, mode in modes:
            part.training = mode
    return np.asarray(scores.detach().data if isinstance(scores, ag.Tensor) else scores).argmax(axis=-1)
