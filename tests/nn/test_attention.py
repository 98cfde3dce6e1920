"""Attention: the formula, masks and what they hide, heads, and that no mask makes a NaN."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.functional import scaled_dot_product_attention

ROUNDING = 1e-12  # float64: a few sums in another order


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def by_hand(q, k, v, hidden=None, scale=None):
    """One query at a time."""
    out = np.zeros((len(q), v.shape[1]))
    for i, query in enumerate(q):
        seen = [j for j in range(len(k)) if hidden is None or not hidden[i, j]]
        if seen:
            e = np.exp(np.array([query @ k[j] for j in seen]) * (len(query) ** -0.5 if scale is None else scale))
            out[i] = (e / e.sum()) @ v[seen]
    return out


@pytest.mark.parametrize("scale", [None, 0.3])
def test_attention_is_a_mean_of_values_weighted_by_matches(scale):
    q, k, v = numbers(4, 3), numbers(5, 3, seed=1), numbers(5, 2, seed=2)
    found = scaled_dot_product_attention(q, k, v, scale=scale)
    np.testing.assert_allclose(found, by_hand(q, k, v, scale=scale), rtol=ROUNDING)
    stacked = scaled_dot_product_attention(numbers(2, 3, 4, 3), numbers(2, 1, 5, 3), numbers(1, 3, 5, 2))
    assert stacked.shape == (2, 3, 4, 2)  # what stands before the last two axes broadcasts


def test_a_mask_says_what_is_seen_or_what_is_added():
    q, k, v = numbers(4, 3), numbers(5, 3, seed=1), numbers(5, 2, seed=2)
    seen = np.random.default_rng(3).random((4, 5)) < 0.6
    wanted = by_hand(q, k, v, ~seen)
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v, seen), wanted, rtol=ROUNDING)
    added = np.where(seen, 0.0, -np.inf)
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v, added), wanted, rtol=ROUNDING)
    causal = scaled_dot_product_attention(q, k, v, is_causal=True)
    np.testing.assert_allclose(causal, by_hand(q, k, v, ~np.tri(4, 5, dtype=bool)), rtol=ROUNDING)


def test_numbers_that_are_added_can_be_learned():
    """Such as a bias for each distance: its gradient is that of the matches."""
    q, k, v, bias = numbers(2, 3), numbers(4, 3, seed=1), numbers(4, 2, seed=2), numbers(2, 4, seed=3)
    ag.gradcheck(lambda *given: scaled_dot_product_attention(*given), q, k, v, bias, order=2, samples=6)


def test_groups_of_queries_may_share_a_head():
    q, k, v = numbers(2, 6, 4, 3), numbers(2, 2, 5, 3, seed=1), numbers(2, 2, 5, 3, seed=2)
    found = scaled_dot_product_attention(q, k, v, enable_gqa=True)
    for head in range(6):
        alone = scaled_dot_product_attention(q[:, head], k[:, head // 3], v[:, head // 3])
        np.testing.assert_allclose(found[:, head], alone, rtol=ROUNDING)


def test_dropout_leaves_weights_out_and_makes_up_for_it():
    q, v = np.zeros((1, 2)), np.ones((1000, 1))
    k = np.zeros((1000, 2))
    found = scaled_dot_product_attention(q, k, v, dropout_p=0.5, rng=0)
    assert found.item() == pytest.approx(1, abs=0.1)  # 1,000 weights: 3 sigma
    assert found.item() != 1
    assert scaled_dot_product_attention(q, k, v, dropout_p=0.5, rng=0).item() == found.item()
    assert scaled_dot_product_attention(q, k, v, dropout_p=1.0).item() == 0


# --- queries that see nothing ---


def test_a_query_that_sees_nothing_gets_zeros_and_gives_no_nan():
    """PyTorch: zeros from the function, NaN from the layer that shows its weights (pytorch/pytorch#41508)."""
    q, k, v = (ag.tensor(numbers(3, 2, seed=seed), requires_grad=True) for seed in range(3))
    seen = np.array([[True, False, True], [False, False, False], [True, True, True]])
    for mask in (seen, np.where(seen, 0.0, -np.inf)):
        out = scaled_dot_product_attention(q, k, v, mask)
        assert not out.detach().numpy()[1].any()
        (out**2).sum().backward()
        for x in (q, k, v):
            assert np.isfinite(x.grad.numpy()).all()
        assert not q.grad.numpy()[1].any()
        # the others are as if the blind query were not there
        others = [
            ag.tensor(x.detach().numpy()[rows], requires_grad=True) for x, rows in ((q, [0, 2]), (k, ...), (v, ...))
        ]
        (scaled_dot_product_attention(*others, mask[[0, 2]]) ** 2).sum().backward()
        np.testing.assert_allclose(k.grad, others[1].grad, rtol=ROUNDING)
        np.testing.assert_allclose(v.grad, others[2].grad, rtol=ROUNDING)
        for x in (q, k, v):
            x.grad = None


def test_padding_before_a_causal_mask_poisons_no_parameter():
    """A sequence padded on the left: its first queries see padding only, and the loss leaves them out."""
    layer = nn.MultiheadAttention(4, 2, batch_first=True, rng=0)
    x = numbers(2, 3, 4, dtype=np.float32)
    padding = np.array([[False, False, False], [True, True, False]])
    out, weights = layer(x, x, x, key_padding_mask=padding, is_causal=True)
    assert np.isfinite(out.detach().numpy()).all()
    np.testing.assert_allclose(weights.detach().numpy().sum(axis=-1), [[1, 1, 1], [0, 0, 1]], rtol=1e-6)  # float32
    out[:, 2].sum().backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in layer.parameters())


def test_nan_in_what_is_seen_is_not_hidden():
    q, k, v = numbers(2, 3), numbers(2, 3, seed=1), numbers(2, 3, seed=2)
    k[0, 0] = np.nan
    found = scaled_dot_product_attention(q, k, v, np.array([[True, True], [False, False]]))
    assert np.isnan(found[0]).all()
    assert not found[1].any()


# --- heads ---


def heads_by_hand(layer, query, key, value, hidden=None):
    """One sequence: every head by itself, on its slice of the projections."""
    state = layer.state_dict()
    if "in_proj_weight" in state:
        weights = np.split(state["in_proj_weight"], 3)
    else:
        weights = [state[f"{name}_proj_weight"] for name in "qkv"]
    biases = np.split(state["in_proj_bias"], 3)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, key, value), weights, biases, strict=True))
    d = layer.head_dim
    parts = [slice(h * d, (h + 1) * d) for h in range(layer.num_heads)]
    joined = np.concatenate([by_hand(q[:, part], k[:, part], v[:, part], hidden) for part in parts], axis=1)
    return joined @ state["out_proj.weight"].T + state["out_proj.bias"]


@pytest.mark.parametrize("options", [{}, {"kdim": 3, "vdim": 5}])
def test_heads_look_at_projections_of_their_own(options):
    layer = nn.MultiheadAttention(6, 3, rng=0, dtype=np.float64, **options)
    with ag.no_grad():
        layer.in_proj_bias.writable()[...] = numbers(18, seed=9)
    query, key, value = numbers(4, 2, 6), numbers(5, 2, layer.kdim, seed=1), numbers(5, 2, layer.vdim, seed=2)
    hidden = np.random.default_rng(3).random((4, 5)) < 0.4
    for mask in (None, hidden):
        out, weights = layer(query, key, value, attn_mask=mask)
        assert weights.shape == (2, 4, 5)
        for n in range(2):
            wanted = heads_by_hand(layer, query[:, n], key[:, n], value[:, n], mask)
            np.testing.assert_allclose(out[:, n].detach(), wanted, rtol=1e-10, atol=1e-12)
    each = layer(query, key, value, average_attn_weights=False)[1]
    assert each.shape == (2, 3, 4, 5)
    np.testing.assert_allclose(each.detach().numpy().mean(axis=1), layer(query, key, value)[1].detach(), rtol=ROUNDING)
    assert layer(query, key, value, need_weights=False)[1] is None


def test_layouts_differ_in_nothing_but_their_axes():
    layer = nn.MultiheadAttention(4, 2, rng=0, dtype=np.float64)
    first = nn.MultiheadAttention(4, 2, batch_first=True, rng=0, dtype=np.float64)
    x = numbers(5, 3, 4)
    padding = np.arange(5) > np.array([[4], [2], [1]])
    out, weights = layer(x, x, x, padding)
    y = x.swapaxes(0, 1)
    np.testing.assert_allclose(first(y, y, y, padding)[0].detach(), out.detach().numpy().swapaxes(0, 1), rtol=ROUNDING)
    single, single_weights = layer(x[:, 1], x[:, 1], x[:, 1], padding[1])
    np.testing.assert_allclose(single.detach(), out[:, 1].detach(), rtol=1e-10)
    np.testing.assert_allclose(single_weights.detach(), weights[1].detach(), rtol=1e-10)
    assert weights.detach().numpy()[1, :, 3:].max() == 0  # padding has no weight


def test_masks_of_booleans_and_of_numbers_say_the_same():
    layer, x = nn.MultiheadAttention(4, 2, rng=0, dtype=np.float64), numbers(5, 3, 4)
    hidden, padding = ~np.tri(5, dtype=bool), np.arange(5) > np.array([[4], [2], [3]])

    def added(mask):
        return np.where(mask, -np.inf, 0.0)

    wanted = layer(x, x, x, padding, attn_mask=hidden)[0].detach()
    for both in ((added(padding), added(hidden)), (padding, added(hidden)), (added(padding), hidden)):
        np.testing.assert_array_equal(layer(x, x, x, both[0], attn_mask=both[1])[0].detach(), wanted)
    each_head = np.broadcast_to(hidden, (6, 5, 5))
    np.testing.assert_array_equal(layer(x, x, x, padding, attn_mask=each_head)[0].detach(), wanted)
    np.testing.assert_array_equal(layer(x, x, x, padding, is_causal=True)[0].detach(), wanted)


def test_what_is_added_at_the_end_is_always_seen():
    x, blind = numbers(2, 1, 4), np.ones((2, 2), bool)
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True, rng=0, dtype=np.float64)
    weights = layer(x, x, x, attn_mask=blind)[1].detach().numpy()
    assert weights.shape == (1, 2, 4)
    assert not weights[..., :2].any()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=ROUNDING)
    layer(x, x, x)[0].sum().backward()
    assert layer.bias_k.grad.shape == layer.bias_v.grad.shape == (1, 1, 4)


def test_names_shapes_and_initial_values_are_pytorchs():
    """Golden: torch.nn.MultiheadAttention(8, 2, add_bias_kv=True).state_dict() of PyTorch 2.13.0."""
    layer = nn.MultiheadAttention(8, 2, add_bias_kv=True, rng=0)
    assert [(name, value.shape) for name, value in layer.state_dict().items()] == [
        ("in_proj_weight", (24, 8)),
        ("in_proj_bias", (24,)),
        ("bias_k", (1, 1, 8)),
        ("bias_v", (1, 1, 8)),
        ("out_proj.weight", (8, 8)),
        ("out_proj.bias", (8,)),
    ]
    unlike = [*nn.MultiheadAttention(8, 2, kdim=3, bias=False).state_dict()]
    assert unlike == ["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"]
    big = nn.MultiheadAttention(64, 2, rng=0)
    within = (6 / (64 + 3 * 64)) ** 0.5  # Glorot and Bengio (2010), eq. 16, for all three projections as one
    weight = big.in_proj_weight.detach().numpy()
    assert 0.99 * within < abs(weight).max() <= within
    assert not big.in_proj_bias.detach().numpy().any()
    assert not big.out_proj.bias.detach().numpy().any()


def test_odd_sizes_and_types():
    layer = nn.MultiheadAttention(1, 1, rng=0)
    one = np.ones((1, 1, 1), np.float32)
    assert layer(one, one, one)[0].dtype == np.float32
    empty = np.ones((3, 0, 1), np.float32)
    assert layer(empty, empty, empty)[0].shape == (3, 0, 1)
    x = numbers(3, 2, 4)
    layer = nn.MultiheadAttention(4, 2, rng=0, dtype=np.float64)
    turned = np.asfortranarray(x)
    np.testing.assert_allclose(layer(turned, turned, turned)[0].detach(), layer(x, x, x)[0].detach(), rtol=ROUNDING)
    with ag.no_grad():
        assert not layer(x, x, x)[0].requires_grad


X = np.ones((5, 2, 4))
WRONG = {
    "heads": (lambda: nn.MultiheadAttention(5, 2), "num_heads must divide embed_dim, .* got 2 heads for 5"),
    "features": (
        lambda: nn.MultiheadAttention(8, 2)(X, X, X),
        r"query must be \(L, batch, 8\), key \(S, batch, 8\) and value \(S, batch, 8\) with batch_first=False",
    ),
    "batch": (lambda: nn.MultiheadAttention(4, 2)(X, X[:, :1], X[:, :1]), r"got \(5, 2, 4\), \(5, 1, 4\)"),
    "lengths": (lambda: nn.MultiheadAttention(4, 2)(X, X, X[:3]), r"got \(5, 2, 4\), \(5, 2, 4\) and \(3, 2, 4\)"),
    "mask": (
        lambda: nn.MultiheadAttention(4, 2)(X, X, X, attn_mask=np.ones((2, 5, 5), bool)),
        r"attn_mask must be \(queries, keys\) or .* here \(5, 5\) or \(4, 5, 5\); got \(2, 5, 5\)",
    ),
    "padding": (
        lambda: nn.MultiheadAttention(4, 2)(X, X, X, np.ones((5, 2), bool)),
        r"key_padding_mask must be \(batch, keys\), here \(2, 5\); got \(5, 2\); transpose it\?",
    ),
    "whole numbers": (
        lambda: nn.MultiheadAttention(4, 2)(X, X, X, np.ones((2, 5), int)),
        r"key_padding_mask must be of booleans \(True: is hidden\) or of floating point numbers",
    ),
    "dropout": (lambda: nn.MultiheadAttention(4, 2, dropout=-1), "dropout is the probability to drop"),
    "flag": (lambda: nn.MultiheadAttention(4, 2, batch_first=1), "batch_first must be True or False"),
    "both": (lambda: scaled_dot_product_attention(X, X, X, np.ones((2, 2), bool), 0.0, True), "not both"),
    "shapes": (lambda: scaled_dot_product_attention(X, X[..., :3], X), r"key \(..., S, E\) and value \(..., S, V\)"),
    "stacks": (lambda: scaled_dot_product_attention(X, X[:3], X), "the axes before the last two do not broadcast"),
    "wide mask": (
        lambda: scaled_dot_product_attention(X, X, X, np.ones((3, 2), bool)),
        r"attn_mask must be \(..., queries, keys\), here \(5, 2, 2\) or what broadcasts to it; got \(3, 2\)",
    ),
    "groups": (
        lambda: scaled_dot_product_attention(X, X[:2], X[:2], enable_gqa=True),
        "with enable_gqa the heads of key must divide those of query",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_words(case):
    call, words = WRONG[case]
    with pytest.raises(ag.AutogradError, match=words):
        call()
