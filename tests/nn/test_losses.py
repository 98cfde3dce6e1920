"""Losses have the values and gradients of their formulas, stay finite at extremes, and refuse what they cannot mean."""

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional

REDUCTIONS = {"mean": np.mean, "sum": np.sum, "none": lambda losses: losses}
RNG = np.random.default_rng(0)
LOGITS = 3 * RNG.normal(size=(5, 4))
IDS = np.array([0, 3, 1, 1, 2])
HOT = np.eye(4)[IDS]
SHARES = RNG.dirichlet(np.ones(4), 5)
DENSE = RNG.normal(size=(2, 4, 3))  # (batch, classes, places)
PLACES = np.array([[0, 1, 3], [2, 2, 0]])
PROBABILITIES = RNG.uniform(0.05, 0.95, (5, 3))
TARGETS = RNG.uniform(size=(5, 3))


def log_softmax(a, axis=1):
    return a - np.log(np.exp(a).sum(axis, keepdims=True))


def binary(p, t):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


CASES = [
    ("mse", nn.MSELoss, LOGITS, SHARES, lambda a, t: (a - t) ** 2, lambda a, t: 2 * (a - t)),
    ("mse (N,)", nn.MSELoss, LOGITS[:, 0], SHARES[:, 0], lambda a, t: (a - t) ** 2, lambda a, t: 2 * (a - t)),
    ("ids", nn.CrossEntropyLoss, LOGITS, IDS, lambda a, t: -(HOT * log_softmax(a)).sum(1), lambda a, t: sm(a) - HOT),
    ("hot", nn.CrossEntropyLoss, LOGITS, HOT, lambda a, t: -(t * log_softmax(a)).sum(1), lambda a, t: sm(a) - t),
    (
        "hot ids",
        nn.CrossEntropyLoss,
        LOGITS,
        HOT.astype(int),
        lambda a, t: -(t * log_softmax(a)).sum(1),
        lambda a, t: sm(a) - t,
    ),
    ("shares", nn.CrossEntropyLoss, LOGITS, SHARES, lambda a, t: -(t * log_softmax(a)).sum(1), lambda a, t: sm(a) - t),
    (
        "places",
        nn.CrossEntropyLoss,
        DENSE,
        PLACES,
        lambda a, t: -(np.moveaxis(np.eye(4)[t], -1, 1) * log_softmax(a)).sum(1),
        lambda a, t: sm(a) - np.moveaxis(np.eye(4)[t], -1, 1),
    ),
    (
        "places, shares",
        nn.CrossEntropyLoss,
        DENSE,
        np.exp(-DENSE) / np.exp(-DENSE).sum(1, keepdims=True),
        lambda a, t: -(t * log_softmax(a)).sum(1),
        lambda a, t: sm(a) - t,
    ),
    ("nll", nn.NLLLoss, LOGITS, IDS, lambda a, t: -(HOT * a).sum(1), lambda a, t: -HOT),
    (
        "nll places",
        nn.NLLLoss,
        DENSE,
        PLACES,
        lambda a, t: -(np.moveaxis(np.eye(4)[t], -1, 1) * a).sum(1),
        lambda a, t: -np.moveaxis(np.eye(4)[t], -1, 1),
    ),
    ("bce", nn.BCELoss, PROBABILITIES, TARGETS, binary, lambda p, t: (p - t) / (p * (1 - p))),
    (
        "bce logits",
        nn.BCEWithLogitsLoss,
        LOGITS[:, :3],
        TARGETS,
        lambda a, t: binary(sigmoid(a), t),
        lambda a, t: sigmoid(a) - t,
    ),
]


def sm(a):
    return np.exp(log_softmax(a))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("kind", "given", "target", "formula", "slope"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_losses_and_gradients_are_those_of_the_formula(kind, given, target, formula, slope, reduction):
    a = ag.Tensor(given, requires_grad=True)
    loss = kind(reduction=reduction)(a, target)
    losses = formula(given, target)
    # exponentials and logarithms of numbers of order 1, in float64
    np.testing.assert_allclose(loss.data, REDUCTIONS[reduction](losses), rtol=1e-12)
    weights = np.linspace(1, 2, losses.size).reshape(losses.shape) if reduction == "none" else 1.0
    (loss * weights).sum().backward()
    spread = np.expand_dims(weights, 1) if np.ndim(weights) and losses.ndim < given.ndim else weights
    expected = slope(given, target) * spread / (losses.size if reduction == "mean" else 1)
    np.testing.assert_allclose(a.grad.data, expected, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.CrossEntropyLoss, nn.NLLLoss, nn.BCELoss, nn.BCEWithLogitsLoss])
def test_losses_keep_float32_and_take_tensors(kind):
    a = ag.Tensor(PROBABILITIES.astype(np.float32), requires_grad=True)
    ids = kind in (nn.CrossEntropyLoss, nn.NLLLoss)
    target = np.array([0, 1, 2, 0, 1]) if ids else TARGETS.astype(np.float32)
    loss, again = kind()(a, ag.asarray(target)), kind()(a, target)
    assert loss.dtype == np.float32
    assert loss.shape == ()
    assert loss.item() == again.item()
    loss.backward()
    assert a.grad.dtype == np.float32


# --- extremes ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_of_large_logits_is_exact(dtype):
    a = ag.Tensor(np.array([1e4, 1e4, -1e4, -1e4], dtype), requires_grad=True)
    loss = nn.BCEWithLogitsLoss(reduction="none")(a, np.array([1, 0, 1, 0], dtype))
    assert loss.tolist() == [0, 1e4, 1e4, 0]
    loss.sum().backward()
    assert a.grad.tolist() == [0, 1, -1, 0]


def test_binary_cross_entropy_of_confident_logits_does_not_cancel():
    a = np.array([40.0, -40.0])
    loss = nn.BCEWithLogitsLoss(reduction="none")(a, np.array([1.0, 0.0]))
    np.testing.assert_allclose(loss, math.log1p(math.exp(-40)), rtol=1e-14)


def test_the_gradient_of_a_logit_of_zero_is_not_lost():
    a = ag.Tensor(np.zeros(3), requires_grad=True)
    nn.BCEWithLogitsLoss(reduction="sum")(a, np.array([0.0, 0.25, 1.0])).backward()
    assert a.grad.tolist() == [0.5, 0.25, -0.5]


def test_logarithms_of_zero_are_kept_above_minus_100_as_in_pytorch():
    p = ag.Tensor(np.array([0.0, 1.0, 0.0, 1.0]), requires_grad=True)
    loss = nn.BCELoss(reduction="none")(p, np.array([1.0, 0.0, 0.0, 1.0]))
    assert loss.tolist() == [100, 100, 0, 0]
    loss.sum().backward()
    assert p.grad.tolist() == [0, 0, 1, -1]


def test_cross_entropy_of_large_logits_is_exact():
    a = ag.Tensor(np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0]]), requires_grad=True)
    loss = nn.CrossEntropyLoss(reduction="none")(a, np.array([0, 1]))
    assert loss.tolist() == [0, 2e4]
    loss.sum().backward()
    assert a.grad.tolist() == [[0, 0, 0], [1, -1, 0]]


def test_a_log_probability_of_minus_infinity_counts_only_where_it_is_asked_for():
    logp = np.log([[0.25, 0.75, 1e-300]])
    logp[0, 2] = -np.inf
    assert nn.NLLLoss()(logp, np.array([1])) == -math.log(0.75)
    assert nn.NLLLoss(weight=[1, 1, 0], reduction="sum")(logp, np.array([2])) == 0


@pytest.mark.parametrize("options", [{}, {"weight": np.ones(3)}], ids=["in one operation", "step by step"])
def test_a_class_that_cannot_be_costs_nothing_if_it_is_not_the_target(options):
    """A score of minus infinity is a mask; 0 times that is not a NaN, in the loss or in the gradient."""
    a = ag.Tensor(np.array([[0.0, 0.0, -np.inf]]), requires_grad=True)
    loss = nn.CrossEntropyLoss(**options)(a, np.array([[0.5, 0.5, 0.0]]))
    assert loss.item() == pytest.approx(math.log(2), rel=1e-15)
    loss.backward()
    assert a.grad.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("log_target", [False, True])
def test_a_divergence_counts_only_classes_that_can_be(log_target):
    a = ag.Tensor(np.array([[0.0, -np.inf]]), requires_grad=True)
    target = np.array([[0.0, -np.inf]] if log_target else [[1.0, 0.0]])
    loss = nn.KLDivLoss(reduction="sum", log_target=log_target)(a, target)
    assert loss.item() == 0
    loss.backward()
    assert a.grad.tolist() == [[-1, 0]]


def test_losses_of_differences_do_not_overflow_beside_their_parabola():
    a = ag.Tensor(np.array([1e30], np.float32), requires_grad=True)
    loss = nn.SoftMarginLoss()(a, np.array([-1]))
    assert loss.item() == np.float32(1e30)
    loss.backward()
    assert a.grad.tolist() == [1]


# --- what is refused ---

COLUMN, ROW = np.full((4, 1), 0.5), np.full(4, 0.5)


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.BCELoss, nn.BCEWithLogitsLoss])
@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [
        (COLUMN, ROW, r"got \(4, 1\) and \(4,\); use target\[:, None\]; broadcasting would"),
        (ROW, COLUMN, r"got \(4,\) and \(4, 1\); use target\[:, 0\]; broadcasting would"),
        (COLUMN, np.full((4, 3), 0.5), r"same shape, got \(4, 1\) and \(4, 3\); broadcasting would"),
    ],
)
def test_nothing_is_broadcast_silently(kind, prediction, target, words):
    with pytest.raises(ag.ShapeError, match=words):
        kind()(prediction, target)


@pytest.mark.parametrize(
    ("kind", "given", "target", "error", "words"),
    [
        (nn.CrossEntropyLoss, LOGITS, IDS[:, None], ag.ShapeError, r"got \(5, 1\); use labels\[:, 0\]"),
        (nn.CrossEntropyLoss, LOGITS, IDS + 1, ag.OptionError, "label 4 is out of range for 4 classes"),
        (nn.CrossEntropyLoss, LOGITS, IDS - 1, ag.OptionError, "label -1 is out of range for 4 classes"),
        (nn.CrossEntropyLoss, LOGITS, IDS.astype(float), ag.ShapeError, "class ids must be integers"),
        (nn.CrossEntropyLoss, LOGITS, IDS[:4], ag.ShapeError, r"must have shape \(5,\)"),
        (
            nn.CrossEntropyLoss,
            DENSE,
            PLACES.T,
            ag.ShapeError,
            r"shape \(2, 3\) and probabilities \(2, 4, 3\); got \(3, 2\)",
        ),
        (nn.NLLLoss, LOGITS, IDS[:, None], ag.ShapeError, r"got \(5, 1\); use target\[:, 0\]"),
        (nn.NLLLoss, LOGITS, IDS + 1, ag.OptionError, "label 4 is out of range for 4 classes"),
        (nn.NLLLoss, LOGITS, IDS.astype(float), ag.DTypeError, "class ids must be integers, got float64"),
        (nn.NLLLoss, np.array(1.0), np.array(0), ag.ShapeError, "an axis of classes is needed"),
        (
            nn.BCELoss,
            2 * COLUMN + 0.5,
            COLUMN,
            ag.OptionError,
            r"probabilities must lie in \[0, 1\], got 1.5; logits go",
        ),
        (nn.BCELoss, COLUMN * np.nan, COLUMN, ag.OptionError, r"probabilities must lie in \[0, 1\], got nan"),
        (nn.BCELoss, COLUMN, 510 * COLUMN, ag.OptionError, r"targets must lie in \[0, 1\], got 255"),
        (nn.BCEWithLogitsLoss, COLUMN, COLUMN - 1, ag.OptionError, r"targets must lie in \[0, 1\], got -0.5"),
    ],
)
def test_bad_targets_are_named(kind, given, target, error, words):
    with pytest.raises(error, match=words):
        kind()(given, target)


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.CrossEntropyLoss, nn.NLLLoss, nn.BCELoss, nn.BCEWithLogitsLoss])
def test_unknown_reductions_are_refused(kind):
    with pytest.raises(ag.OptionError, match=f"{kind.__name__}: reduction must be one of mean, sum, none; got 'avg'"):
        kind(reduction="avg")


@pytest.mark.parametrize(
    "loss",
    [
        functional.mse_loss,
        functional.binary_cross_entropy,
        functional.binary_cross_entropy_with_logits,
        functional.nll_loss,
        functional.cross_entropy,
    ],
)
def test_functions_refuse_unknown_reductions(loss):
    with pytest.raises(ag.OptionError, match="reduction must be one of mean, sum, none"):
        loss(PROBABILITIES, PROBABILITIES, reduction="avg")


@pytest.mark.parametrize("reduction", ["mean", "batchmean"])
def test_the_mean_of_no_samples_is_refused(reduction):
    nothing = np.empty((0, 3))
    with pytest.raises(ag.ShapeError, match="mean: nothing to reduce"):
        nn.KLDivLoss(reduction=reduction)(nothing, nothing)


@pytest.mark.parametrize("p", [1, 2, 3.5, math.inf])
def test_the_distances_of_every_two_rows_are_scipys(p):
    distance = pytest.importorskip("scipy.spatial.distance")
    x = np.random.default_rng(0).normal(size=(5, 3))
    wanted = distance.pdist(x, "chebyshev") if p == math.inf else distance.pdist(x, "minkowski", p=p)
    np.testing.assert_allclose(functional.pdist(x, p), wanted, rtol=1e-14)  # rounding of three powers
    assert functional.pdist(x[:1]).shape == functional.pdist(x[:0]).shape == (0,)
    ag.gradcheck(lambda x: functional.pdist(x, p), x)
    with pytest.raises(ag.ShapeError, match=r"pdist: input must be \(N, features\), got shape \(3,\)"):
        functional.pdist(x[0])
