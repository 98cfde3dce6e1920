"""Tables of vectors: rows by their ids, alone or in bags; what is refused; and that they learn."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional

TABLE = np.arange(12.0).reshape(4, 3)


def learned():
    return ag.tensor(TABLE, requires_grad=True)


def test_rows_are_looked_up_for_ids_of_any_shape():
    for ids in (np.array(2), np.array([[0, 3], [3, 1]], np.uint8), np.zeros((2, 0), int), ag.tensor(np.array([1, 2]))):
        plain = np.asarray(ids)
        np.testing.assert_array_equal(functional.embedding(ids, TABLE), TABLE[plain])
        assert nn.Embedding(4, 3, rng=0)(ids).shape == (*plain.shape, 3)


def test_gradients_add_up_over_the_places_of_an_id():
    weight = learned()
    functional.embedding(np.array([1, 3, 1, 1]), weight).sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy()[:, 0], [0, 3, 0, 1])


def test_padding_has_a_value_and_no_gradient():
    weight = learned()
    out = functional.embedding(np.array([1, 3, 1]), weight, padding_idx=-3)  # that is 1
    np.testing.assert_array_equal(out.detach(), TABLE[[1, 3, 1]])
    out.sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy()[:, 0], [0, 0, 0, 1])
    layer = nn.Embedding(4, 3, padding_idx=1, rng=0)
    assert layer.padding_idx == 1
    assert not layer.weight.detach().numpy()[1].any()
    given = nn.Embedding.from_pretrained(TABLE, padding_idx=1)
    assert given.weight.detach().numpy()[1].all()  # a table that is given is taken as it is


def test_frequent_ids_share_the_gradient_of_one():
    weight = learned()
    out = functional.embedding(np.array([1, 3, 1, 1]), weight, scale_grad_by_freq=True)
    np.testing.assert_array_equal(out.detach(), TABLE[[1, 3, 1, 1]])
    (out * np.array([[1.0], [5.0], [2.0], [6.0]])).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy()[:, 0], [0, 3, 0, 5], rtol=1e-15)


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_long_rows_are_shortened_in_the_table_itself(order):
    weight = learned()
    functional.embedding(np.array([1, 0, 1]), weight, max_norm=6.0, norm_type=order)
    norms = np.linalg.norm(weight.detach().numpy(), ord=order, axis=1)
    before = np.linalg.norm(TABLE, ord=order, axis=1)
    assert norms[0] == before[0] < 6  # short enough
    assert norms[1] == pytest.approx(6.0, rel=1e-6)  # 1e-7 is added to the norm that it is divided by, as in PyTorch
    np.testing.assert_array_equal(norms[2:], before[2:])  # nobody asked for them


def test_a_table_starts_normal():
    values = nn.Embedding(100, 50, rng=0).weight.detach().numpy()
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.05  # 5,000 numbers: 3.5 sigma
    assert values.std() == pytest.approx(1, abs=0.04)


def test_a_given_table_is_copied_and_frozen_unless_asked():
    table = TABLE.copy()
    frozen, free = nn.Embedding.from_pretrained(table), nn.Embedding.from_pretrained(table, freeze=False)
    table[:] = 0
    np.testing.assert_array_equal(frozen(np.arange(4)), TABLE)
    assert (frozen.weight.requires_grad, free.weight.requires_grad) == (False, True)
    assert not nn.EmbeddingBag.from_pretrained(TABLE).weight.requires_grad


# --- bags ---


def by_hand(bags, mode, weights=None, padding=None):
    rows = []
    for k, bag in enumerate(bags):
        kept = [i for i, row in enumerate(bag) if row != padding]
        if not kept:
            rows.append(np.zeros(3))
            continue
        values = TABLE[[bag[i] for i in kept]]
        if weights is not None:
            values = values * np.array([weights[k][i] for i in kept])[:, None]
        rows.append({"sum": np.sum, "mean": np.mean, "max": np.max}[mode](values, axis=0))
    return np.array(rows)


BAGS = [[0, 3, 3], [], [1], [2, 0]]
IDS, OFFSETS = np.array([0, 3, 3, 1, 2, 0]), np.array([0, 3, 3, 4])


@pytest.mark.parametrize("padding", [None, 3, 1])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_is_reduced_by_itself(mode, padding):
    found = functional.embedding_bag(IDS, TABLE, OFFSETS, mode=mode, padding_idx=padding)
    np.testing.assert_allclose(found, by_hand(BAGS, mode, padding=padding), rtol=1e-15)
    last = functional.embedding_bag(
        IDS, TABLE, np.append(OFFSETS, 6), mode=mode, include_last_offset=True, padding_idx=padding
    )
    np.testing.assert_array_equal(last, found)
    rows = np.array([[0, 3], [1, 3]])
    square = functional.embedding_bag(rows, TABLE, mode=mode, padding_idx=padding)
    np.testing.assert_allclose(square, by_hand(rows.tolist(), mode, padding=padding), rtol=1e-15)
    for empty in (
        functional.embedding_bag(np.zeros((2, 0), int), TABLE, mode=mode),
        functional.embedding_bag(np.zeros(0, int), TABLE, np.zeros(2, int), mode=mode),
    ):
        np.testing.assert_array_equal(empty, np.zeros((2, 3)))


def test_rows_of_a_bag_may_be_weighted():
    weights = [[0.5, -1.0, 2.0], [], [3.0], [1.0, 4.0]]
    flat = ag.tensor(np.concatenate([np.array(w) for w in weights]), requires_grad=True)
    found = nn.EmbeddingBag.from_pretrained(TABLE, mode="sum")(IDS, OFFSETS, flat)
    np.testing.assert_allclose(found.detach(), by_hand(BAGS, "sum", weights), rtol=1e-15)
    found.sum().backward()
    np.testing.assert_allclose(flat.grad, TABLE[IDS].sum(axis=1), rtol=1e-15)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_bag_has_the_gradient_of_its_rows(scaled):
    """So it is with scale_grad_by_freq too, where PyTorch 2.13.0 divides by the count of another id."""
    ids, one, other = np.array([[0, 0, 0, 1, 2, 2]]), learned(), learned()
    functional.embedding_bag(ids, one, mode="sum", scale_grad_by_freq=scaled).sum().backward()
    functional.embedding(ids, other, scale_grad_by_freq=scaled).sum(axis=1).sum().backward()
    np.testing.assert_allclose(one.grad, other.grad, rtol=1e-15)
    np.testing.assert_allclose(one.grad.numpy()[:, 0], [1, 1, 1, 0] if scaled else [3, 1, 2, 0], rtol=1e-15)


WRONG = {
    "beyond": (
        lambda: nn.Embedding(4, 3)(np.array([[0, 1], [2, 4]])),
        r"embedding: id 4 at position \(1, 1\) is out of range for 4 rows \(0 to 3\). In Embedding",
    ),
    "negative": (lambda: nn.Embedding(4, 3)(np.array([3, -1])), "id -1 at position 1 is out of range"),
    "floats": (lambda: nn.Embedding(4, 3)(np.array([1.0])), "ids must be integers, got float64; use ids.astype"),
    "sparse": (lambda: nn.Embedding(4, 3, sparse=True), "Embedding: sparse can only be False here"),
    "padding": (lambda: nn.Embedding(4, 3, padding_idx=4), "padding_idx must be a row, from -4 to 3, got 4"),
    "norm": (lambda: nn.Embedding(4, 3, max_norm=0.0), "max_norm must be positive, or None"),
    "table": (
        lambda: nn.Embedding.from_pretrained(np.ones(3)),
        r"a table must be \(rows, features\), got shape \(3,\)",
    ),
    "size": (lambda: nn.Embedding(4, 3, _weight=np.ones((3, 3))), r"the table must be \(4, 3\), got \(3, 3\)"),
    "rows": (lambda: nn.Embedding(0, 3), "num_embeddings must be a positive whole number"),
    "mode": (lambda: nn.EmbeddingBag(4, 3, mode="min"), "mode must be one of sum, mean, max; got 'min'"),
    "both": (
        lambda: nn.EmbeddingBag(4, 3, mode="max", scale_grad_by_freq=True),
        "scale_grad_by_freq does not go with mode='max'",
    ),
    "weights": (
        lambda: nn.EmbeddingBag(4, 3)(np.array([[1]]), None, np.ones((1, 1))),
        "per_sample_weights need mode='sum', got mode='mean'",
    ),
    "shape": (
        lambda: nn.EmbeddingBag(4, 3, mode="sum")(np.array([[1]]), None, np.ones(1)),
        r"per_sample_weights must have the shape of the input \(1, 1\), got \(1,\)",
    ),
    "no offsets": (
        lambda: nn.EmbeddingBag(4, 3)(np.array([1])),
        r"\(bags, ids\), or \(ids,\) with offsets; got \(1,\)",
    ),
    "offsets": (lambda: nn.EmbeddingBag(4, 3)(np.array([[1]]), np.array([0])), "offsets must be left out"),
    "falling": (
        lambda: nn.EmbeddingBag(4, 3)(np.array([1, 2, 3]), np.array([0, 2, 1])),
        r"offsets must rise from 0 and stay within the 3 ids, got \[0, 2, 1\]",
    ),
    "outside": (lambda: nn.EmbeddingBag(4, 3)(np.array([1]), np.array([0, 2])), "stay within the 1 ids"),
    "last": (
        lambda: nn.EmbeddingBag(4, 3, include_last_offset=True)(np.array([1, 2]), np.array([0, 1])),
        "offsets must rise from 0 to the number of ids 2",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_words(case):
    call, words = WRONG[case]
    with pytest.raises(ag.AutogradError, match=words):
        call()


def test_bags_of_words_are_told_apart():
    """Texts of 4 to 8 words out of 30: one kind uses the first 20, the other the last 20, so that 10 say nothing."""
    rng = np.random.default_rng(0)

    def texts(count):
        kinds = rng.integers(0, 2, count)
        lengths = rng.integers(4, 9, count)
        words = [rng.integers(10 * kind, 10 * kind + 20, n) for kind, n in zip(kinds, lengths, strict=True)]
        return np.concatenate(words), np.cumsum(lengths) - lengths, kinds

    bag, head = nn.EmbeddingBag(30, 8, rng=0), nn.Linear(8, 2, rng=1)
    optimizer = nn.optim.Adam([*bag.parameters(), *head.parameters()], lr=0.03)
    for _ in range(100):
        ids, offsets, kinds = texts(32)
        loss = functional.cross_entropy(head(bag(ids, offsets)), kinds)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ids, offsets, kinds = texts(400)
    with ag.no_grad():
        right = head(bag(ids, offsets)).numpy().argmax(axis=1) == kinds
    # words from the middle alone, (1/2)**4 to (1/2)**8 of the texts, must be guessed: 0.98 at best
    assert right.mean() > 0.93
