"""What the options of losses mean: weights, ignored ids, smoothed labels, margins; and what is refused, in words."""

import math

import numpy as np
import pytest
from scipy import stats

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(1)
LOGITS = RNG.normal(size=(6, 4))
IDS = np.array([0, 3, 1, 1, 2, 3])
WEIGHT = np.array([0.5, 1.0, 2.0, 4.0])
LOGP = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
EACH = -LOGP[np.arange(6), IDS]
TIGHT = {"rtol": 1e-12}  # a few operations in float64 on numbers of order 1


# --- weights, ignored ids, smoothed labels ---


@pytest.mark.parametrize("kind", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_the_mean_of_weighted_classes_is_one_by_weight(kind):
    given = LOGITS if kind is nn.CrossEntropyLoss else LOGP
    wanted = (WEIGHT[IDS] * EACH).sum() / WEIGHT[IDS].sum()
    for weight in (WEIGHT, list(WEIGHT), ag.tensor(WEIGHT)):
        np.testing.assert_allclose(kind(weight=weight)(given, IDS), wanted, **TIGHT)
    np.testing.assert_allclose(kind(weight=WEIGHT, reduction="none")(given, IDS), WEIGHT[IDS] * EACH, **TIGHT)


@pytest.mark.parametrize("index", [-100, -1, 3])
def test_ignored_ids_do_not_count(index):
    ids = np.where(IDS == 3, index, IDS)
    kept = IDS != 3
    a = ag.Tensor(LOGITS, requires_grad=True)
    loss = nn.CrossEntropyLoss(ignore_index=index)(a, ids)
    np.testing.assert_allclose(loss.item(), EACH[kept].mean(), **TIGHT)
    loss.backward()
    assert not a.grad.numpy()[~kept].any()
    assert a.grad.numpy()[kept].all()


def test_minus_100_is_ignored_without_being_told_as_in_pytorch():
    assert F.cross_entropy(LOGITS[:2], np.array([1, -100])) == pytest.approx(-LOGP[0, 1], rel=1e-12)


@pytest.mark.parametrize(
    "options", [{"ignore_index": 0}, {"ignore_index": 0, "weight": WEIGHT}, {"weight": 0 * WEIGHT}]
)
def test_where_nothing_counts_the_loss_and_its_gradient_are_zero(options):
    """PyTorch says NaN, 0 / 0; a batch with nothing to learn from then spoils all weights."""
    a = ag.Tensor(LOGITS[:2], requires_grad=True)
    loss = nn.CrossEntropyLoss(**options)(a, np.array([0, 0]))
    loss.backward()
    assert loss.item() == 0
    assert not a.grad.numpy().any()


def test_a_smoothed_label_is_the_mixture_with_the_uniform_distribution():
    for weight in (None, WEIGHT):
        smooth = nn.CrossEntropyLoss(weight, label_smoothing=0.2, reduction="sum")(LOGITS, IDS)
        mixed = 0.8 * np.eye(4)[IDS] + 0.2 / 4
        np.testing.assert_allclose(smooth, nn.CrossEntropyLoss(weight, reduction="sum")(LOGITS, mixed), **TIGHT)
        hot = nn.CrossEntropyLoss(weight, label_smoothing=0.2, reduction="sum")(LOGITS, np.eye(4)[IDS])
        np.testing.assert_allclose(smooth, hot, **TIGHT)


def test_smoothing_weights_and_ignored_ids_go_together():
    """The sum of both parts over what counts by weight, as PyTorch has it; benchmarks/layers compares at length."""
    ids = np.array([0, 3, -100, 1, 2, 3])
    kept = ids != -100
    share = np.where(kept, WEIGHT[ids * kept], 0)
    loss = nn.CrossEntropyLoss(WEIGHT, label_smoothing=0.1)(LOGITS, ids)
    own = (share * -LOGP[np.arange(6), ids * kept]).sum()
    others = -(LOGP * WEIGHT).sum(1)[kept].sum()
    np.testing.assert_allclose(loss, (0.9 * own + 0.1 / 4 * others) / share.sum(), **TIGHT)


def test_float32_is_kept_with_weights_of_another_type():
    a = ag.Tensor(LOGITS.astype(np.float32), requires_grad=True)
    losses = [
        F.cross_entropy(a, IDS, WEIGHT, label_smoothing=0.1),
        F.cross_entropy(a, np.where(IDS == 3, -100, IDS)),
        F.nll_loss(a, IDS, ag.tensor(WEIGHT)),
        F.binary_cross_entropy_with_logits(a, np.eye(4, dtype=int)[IDS], WEIGHT, pos_weight=WEIGHT),
        F.binary_cross_entropy_with_logits(a, np.eye(4, dtype=bool)[IDS]),
        F.mse_loss(a, np.eye(4, dtype=int)[IDS], weight=np.ones((6, 4))),
        F.multi_margin_loss(a, IDS, weight=WEIGHT),
        F.kl_div(a, np.eye(4, dtype=int)[IDS]),
        F.gaussian_nll_loss(a, np.zeros((6, 4), np.float32), 2.0, full=True),
        F.quadratic_loss(a, np.eye(4, dtype=int)[IDS]),
    ]
    for loss in losses:
        assert loss.dtype == np.float32
        loss.backward()
    assert a.grad.dtype == np.float32


def test_positive_targets_can_weigh_more():
    x, t = LOGITS[:, 0], (IDS > 1).astype(float)
    p = 1 / (1 + np.exp(-x))
    wanted = -(3 * t * np.log(p) + (1 - t) * np.log(1 - p))
    np.testing.assert_allclose(nn.BCEWithLogitsLoss(pos_weight=[3.0], reduction="none")(x, t), wanted, **TIGHT)


# --- distances and likelihoods ---


def test_huber_and_smooth_l1_are_a_parabola_between_two_lines():
    d = np.array([-3.0, -0.25, 0.25, 3.0])
    assert F.huber_loss(d, 0 * d, "none", delta=2.0).tolist() == [4, 0.03125, 0.03125, 4]
    assert F.smooth_l1_loss(d, 0 * d, reduction="none", beta=2.0).tolist() == [2, 0.015625, 0.015625, 2]
    np.testing.assert_allclose(
        F.huber_loss(d, 0 * d, "none", 2.0), 2 * F.smooth_l1_loss(d, 0 * d, None, None, "none", 2.0)
    )
    np.testing.assert_array_equal(F.smooth_l1_loss(d, 0 * d, reduction="none", beta=0), abs(d))


def test_the_quadratic_cost_is_half_the_squared_distance_of_a_sample():
    """Nielsen, chapter 1, eq. 6: C = 1/(2n) sum ||y - a||^2; for one output it is (y - a)^2 / 2."""
    a, y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
    np.testing.assert_allclose(nn.QuadraticLoss()(a, y), ((a - y) ** 2).sum() / (2 * 5), **TIGHT)
    np.testing.assert_allclose(nn.QuadraticLoss()(a, y), 3 / 2 * nn.MSELoss()(a, y), **TIGHT)
    np.testing.assert_allclose(nn.QuadraticLoss("none")(a[:, 0], y[:, 0]), (a - y)[:, 0] ** 2 / 2, **TIGHT)
    t = ag.Tensor(a, requires_grad=True)
    nn.QuadraticLoss("sum")(t, y).backward()
    np.testing.assert_allclose(t.grad.numpy(), a - y, **TIGHT)  # the point of the factor: no 2 in the derivative


def test_gaussian_and_poisson_losses_are_those_of_the_distributions():
    x, t, var = RNG.normal(size=5), RNG.normal(size=5), RNG.uniform(0.5, 2, 5)
    np.testing.assert_allclose(
        F.gaussian_nll_loss(x, t, var, full=True, reduction="none"), -stats.norm(x, np.sqrt(var)).logpdf(t), **TIGHT
    )
    counts = np.array([2, 5, 30, 1, 0])
    rate = np.exp(np.abs(x))
    exact = -stats.poisson(rate).logpmf(counts)
    stirling = F.poisson_nll_loss(np.abs(x), counts, full=True, reduction="none")
    # the series ends before 1 / (12 n); of 0! and 1! nothing is missing
    np.testing.assert_array_less(np.abs(stirling - exact), [1 / 24, 1 / 60, 1 / 360, 1e-12, 1e-12])
    np.testing.assert_allclose(
        F.poisson_nll_loss(rate, counts, False, eps=0.0), F.poisson_nll_loss(abs(x), counts), **TIGHT
    )


def test_a_variance_below_eps_counts_as_eps_and_still_learns():
    var = ag.Tensor(np.zeros(1), requires_grad=True)
    loss = F.gaussian_nll_loss(np.ones(1), np.zeros(1), var, eps=0.5)
    assert loss.item() == pytest.approx(0.5 * (math.log(0.5) + 2), rel=1e-15)
    loss.backward()
    assert var.grad.item() == pytest.approx(0.5 * (1 / 0.5 - 1 / 0.25), rel=1e-15)


def test_a_divergence_is_that_of_scipy():
    p, q = RNG.dirichlet(np.ones(4), 3), RNG.dirichlet(np.ones(4), 3)
    wanted = np.mean([stats.entropy(b, a) for a, b in zip(p, q, strict=True)])
    np.testing.assert_allclose(nn.KLDivLoss(reduction="batchmean")(np.log(p), q), wanted, **TIGHT)
    np.testing.assert_allclose(
        nn.KLDivLoss(reduction="batchmean", log_target=True)(np.log(p), np.log(q)), wanted, **TIGHT
    )
    np.testing.assert_allclose(nn.KLDivLoss()(np.log(p), q), wanted / 4, **TIGHT)


# --- margins and comparisons, by loops ---


@pytest.mark.parametrize("p", [1, 2])
def test_multi_margin_is_the_sum_over_wrong_classes(p):
    wanted = [
        WEIGHT[y] * sum(max(0, 1.5 - x[y] + x[i]) ** p for i in range(4) if i != y) / 4
        for x, y in zip(LOGITS, IDS, strict=True)
    ]
    np.testing.assert_allclose(nn.MultiMarginLoss(p, 1.5, WEIGHT, reduction="none")(LOGITS, IDS), wanted, **TIGHT)


def test_multi_label_margin_is_the_sum_over_pairs_of_right_and_wrong():
    """Golden: the example of PyTorch's documentation, 0.85, and a loop."""
    assert nn.MultiLabelMarginLoss()(np.array([0.1, 0.2, 0.4, 0.8]), np.array([3, 0, -1, 1])) == pytest.approx(0.85)
    lists = [[3, 0, -1, -1], [-1, 0, 1, 2], [0, 1, 2, 3], [2, -1, 3, 3], [1, 1, -1, -1], [0, -1, -1, -1]]
    wanted = []
    for x, row in zip(LOGITS, lists, strict=True):
        right = row[: row.index(-1)] if -1 in row else row
        wanted.append(sum(max(0, 1 - x[j] + x[i]) for j in right for i in range(4) if i not in right) / 4)
    np.testing.assert_allclose(nn.MultiLabelMarginLoss(reduction="none")(LOGITS, np.array(lists)), wanted, **TIGHT)


def test_triplets_compare_the_distance_to_the_nearer_one_if_swapped():
    a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[3.0, 6.0]])
    assert nn.TripletMarginLoss(1.0, eps=0.0)(a, p, n) == 0  # 1 + 5 - sqrt(45) < 0
    assert nn.TripletMarginLoss(1.0, eps=0.0, swap=True)(a, p, n) == 4  # 1 + 5 - 2
    assert nn.TripletMarginLoss(1.0, eps=0.0, swap=True)(a, p, np.array([[0.0, 1.0]])) == 5  # 1 + 5 - 1, to the anchor
    blocks = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: abs(x - y).sum(-1), margin=3.0)
    assert blocks(a, p, n) == 1  # 3 + 7 - 9


def test_directions_are_compared_after_broadcasting():
    """One number along `dim` stands for as many equal ones, whose length is not its own."""
    a, b = RNG.normal(size=(2, 1, 3)), RNG.normal(size=(2, 4, 3))
    whole = np.broadcast_to(a, b.shape)
    wanted = (whole * b).sum(1) / np.linalg.norm(whole, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(nn.CosineSimilarity(dim=1)(a, b), wanted, **TIGHT)


def test_a_vector_that_is_too_short_has_no_direction():
    x = ag.Tensor(np.zeros((1, 2)), requires_grad=True)
    cosine = nn.CosineSimilarity(eps=1e-2)(x, np.array([[3.0, 4.0]]))
    assert cosine.tolist() == [0]
    cosine.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[60, 80]], **TIGHT)  # y / (eps |y|)


def test_hinges_are_flat_at_the_bend():
    x = ag.Tensor(np.array([1.0]), requires_grad=True)
    nn.HingeEmbeddingLoss(margin=1.0)(x, np.array([-1])).backward()
    assert x.grad.tolist() == [0]


def test_a_tie_costs_the_margin_and_teaches_nothing():
    x = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    losses = nn.MarginRankingLoss(0.5, reduction="none")(x, np.array([3.0, 0.0]), np.sign([0.0, 2.0]))
    assert losses.tolist() == [0.5, 0]
    losses.sum().backward()
    assert x.grad.tolist() == [0, 0]


# --- state, repr ---


def test_weights_are_saved_under_pytorchs_names():
    loss = nn.BCEWithLogitsLoss([1.0, 2.0], pos_weight=np.array([3.0, 4.0]))
    assert {k: v.tolist() for k, v in loss.state_dict().items()} == {"weight": [1, 2], "pos_weight": [3, 4]}
    assert nn.CrossEntropyLoss().state_dict() == {}
    own = WEIGHT.copy()
    kept = nn.CrossEntropyLoss(own)
    own[:] = 0
    assert kept.weight.tolist() == WEIGHT.tolist()


@pytest.mark.parametrize(
    ("loss", "shown"),
    [
        (nn.MSELoss(), "MSELoss()"),
        (nn.MSELoss(reduction="sum"), "MSELoss(reduction='sum')"),
        (
            nn.CrossEntropyLoss([1, 2], ignore_index=0, label_smoothing=0.1),
            "CrossEntropyLoss(weight=[1.0, 2.0], ignore_index=0, label_smoothing=0.1)",
        ),
        (nn.NLLLoss(np.ones(1000)), "NLLLoss(weight=<1000 numbers>)"),
        (nn.HuberLoss(delta=2.0), "HuberLoss(delta=2.0)"),
        (nn.MultiMarginLoss(2, 0.5), "MultiMarginLoss(p=2, margin=0.5)"),
        (
            nn.TripletMarginWithDistanceLoss(swap=True),
            "TripletMarginWithDistanceLoss(\n  swap=True\n  (distance_function): PairwiseDistance()\n)",
        ),
    ],
)
def test_what_is_not_the_default_is_shown(loss, shown):
    assert repr(loss) == shown


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: nn.MSELoss("sum"),
            ag.OptionError,
            "MSELoss: size_average and reduce .* of old; write reduction='sum'",
        ),
        (lambda: nn.MSELoss(size_average=False), ag.OptionError, "write reduction='sum'"),
        (lambda: F.mse_loss(LOGITS, LOGITS, reduce=False), ag.OptionError, "mse_loss: .* write reduction='none'"),
        (lambda: F.cross_entropy(LOGITS, IDS, None, True), ag.OptionError, "write reduction='mean'"),
        (lambda: nn.CrossEntropyLoss([1, 2, 3])(LOGITS, IDS), ag.ShapeError, r"each class, shape \(4,\); got \(3,\)"),
        (
            lambda: nn.CrossEntropyLoss(ag.tensor(WEIGHT, requires_grad=True)),
            ag.OptionError,
            r"weight is given and not learned, .* pass weight.detach\(\)",
        ),
        (lambda: F.nll_loss(LOGP, IDS, ag.tensor(WEIGHT, requires_grad=True)), ag.OptionError, "not learned"),
        (
            lambda: F.cross_entropy(LOGITS, IDS, label_smoothing=1.5),
            ag.OptionError,
            "label_smoothing must be from 0 to 1",
        ),
        (lambda: F.cross_entropy(LOGITS, LOGP, ignore_index=2), ag.OptionError, "ignore_index is one of the class ids"),
        (lambda: F.cross_entropy(LOGITS, IDS - 2, WEIGHT), ag.OptionError, "label -2 is out of range for 4 classes"),
        (lambda: F.cross_entropy(LOGITS, IDS - 200), ag.OptionError, "label -200 is out of range for 4 classes"),
        (lambda: F.mse_loss(LOGITS, LOGITS, weight=WEIGHT), ag.ShapeError, r"weight must have the shape .* got \(4,\)"),
        (
            lambda: F.binary_cross_entropy_with_logits(LOGITS, 0 * LOGITS, pos_weight=np.ones(3)),
            ag.ShapeError,
            r"pos_weight must broadcast to the shape of the predictions \(6, 4\), got \(3,\)",
        ),
        (lambda: F.huber_loss(LOGITS, LOGITS, delta=0), ag.OptionError, "delta must be positive, got 0"),
        (lambda: F.smooth_l1_loss(LOGITS, LOGITS, beta=-1), ag.OptionError, "beta must not be negative"),
        (lambda: F.quadratic_loss(np.array(1.0), np.array(1.0)), ag.ShapeError, "first axis is that of samples"),
        (lambda: F.gaussian_nll_loss(LOGITS, LOGITS, -1.0), ag.OptionError, "a variance is not negative, got -1.0"),
        (
            lambda: F.gaussian_nll_loss(LOGITS, LOGITS, np.ones(4)),
            ag.ShapeError,
            r"var must have the shape .* got \(4,\)",
        ),
        (
            lambda: F.soft_margin_loss(WEIGHT, np.array([0, 1, 1, 0])),
            ag.OptionError,
            r"got 0; classes .* 2 \* target - 1",
        ),
        (lambda: F.multi_margin_loss(LOGITS, IDS, p=3), ag.OptionError, "p must be 1 or 2, got 3"),
        (lambda: nn.MultiMarginLoss(p=3), ag.OptionError, "MultiMarginLoss: p must be 1 or 2, got 3"),
        (
            lambda: F.multilabel_margin_loss(LOGITS, 4 + 0 * IDS[:, None] + 0 * np.arange(4)),
            ag.OptionError,
            "label 4 is out",
        ),
        (lambda: F.multilabel_margin_loss(LOGITS, LOGITS), ag.DTypeError, "must be signed integers, got float64"),
        (lambda: F.cosine_embedding_loss(LOGITS, LOGITS, IDS[:3]), ag.ShapeError, r"targets \(batch,\)"),
        (lambda: F.margin_ranking_loss(LOGITS, IDS, IDS), ag.ShapeError, "predictions and second inputs"),
        (lambda: nn.TripletMarginLoss(0), ag.OptionError, "TripletMarginLoss: margin must be positive, got 0"),
        (lambda: F.triplet_margin_loss(LOGITS, LOGITS, LOGP[:3]), ag.ShapeError, "predictions and negatives"),
        (lambda: nn.KLDivLoss(reduction="batch"), ag.OptionError, "one of mean, batchmean, sum, none; got 'batch'"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
