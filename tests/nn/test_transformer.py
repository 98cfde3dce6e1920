"""Transformers: what is added to what, masks, copies, and that a layer learns what a mean of neighbours cannot."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional

SMALL = {"dim_feedforward": 6, "dropout": 0.0, "rng": 0, "dtype": np.float64}


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("activation", ["relu", "gelu", functional.silu])
@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_adds_attention_and_a_perceptron(norm_first, activation):
    layer, x = nn.TransformerEncoderLayer(4, 2, activation=activation, norm_first=norm_first, **SMALL), numbers(5, 3, 4)
    function = getattr(functional, activation) if isinstance(activation, str) else activation

    def attention(x):
        return layer.self_attn(x, x, x)[0]

    def perceptron(x):
        return layer.linear2(function(layer.linear1(x)))

    if norm_first:
        y = x + attention(layer.norm1(x))
        y = y + perceptron(layer.norm2(y))
    else:
        y = layer.norm1(x + attention(x))
        y = layer.norm2(y + perceptron(y))
    np.testing.assert_array_equal(layer(x).detach(), y.detach())


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_decoder_layer_looks_at_a_memory_between(norm_first):
    layer = nn.TransformerDecoderLayer(4, 2, norm_first=norm_first, **SMALL)
    x, memory = numbers(3, 2, 4), numbers(5, 2, 4, seed=1)
    parts = [
        lambda x: layer.self_attn(x, x, x, is_causal=True)[0],
        lambda x: layer.multihead_attn(x, memory, memory)[0],
        lambda x: layer.linear2(functional.relu(layer.linear1(x))),
    ]
    y = x
    for part, norm in zip(parts, (layer.norm1, layer.norm2, layer.norm3), strict=True):
        y = y + part(norm(y)) if norm_first else norm(y + part(y))
    np.testing.assert_array_equal(layer(x, memory, tgt_is_causal=True).detach(), y.detach())


def test_what_is_masked_changes_nothing():
    layer, x = nn.TransformerEncoderLayer(4, 2, batch_first=True, **SMALL), numbers(2, 5, 4)
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=np.float64)
    padding = np.arange(5) >= np.array([[5], [3]])
    before = layer(x, causal, padding).detach().numpy()
    x[:, 4], x[1, 3:] = 100, -100
    after = layer(x, causal, padding).detach().numpy()
    # equal but for rounding, which normalization may do in another order
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-12)
    np.testing.assert_allclose(after[0, :4], before[0, :4], rtol=1e-12)
    assert (after[0, 4] != before[0, 4]).any()
    np.testing.assert_array_equal(layer(x, is_causal=True).detach(), layer(x, causal).detach())


def test_the_mask_of_what_comes_later():
    assert nn.Transformer.generate_square_subsequent_mask(3).tolist() == [
        [0, -np.inf, -np.inf],
        [0, 0, -np.inf],
        [0, 0, 0],
    ]


def test_copies_start_alike_and_are_learned_apart():
    layer = nn.TransformerEncoderLayer(4, 2, **SMALL)
    encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(4, dtype=np.float64))
    first, *others = (dict(copy.named_parameters()) for copy in encoder.layers)
    for other in others:
        assert all((p.detach().numpy() == first[name].detach().numpy()).all() for name, p in other.items())
        assert not {id(p) for p in other.values()} & {id(p) for p in first.values()}
    assert len(list(encoder.parameters())) == 3 * len(first) + 2
    x = numbers(5, 2, 4)
    y = x
    for _ in range(3):
        y = layer(y)
    np.testing.assert_array_equal(encoder(x).detach(), encoder.norm(y).detach())


def test_copies_do_not_drop_alike():
    """They draw on from one generator: a copied one would leave out the same units in every layer."""
    layer = nn.TransformerEncoderLayer(4, 2, dim_feedforward=6, dropout=0.5, rng=0)
    encoder = nn.TransformerEncoder(layer, 2)
    assert len({id(module.rng) for module in encoder.modules() if getattr(module, "rng", None) is not None}) == 1
    x = numbers(5, 2, 4, dtype=np.float32)
    again = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, dim_feedforward=6, dropout=0.5, rng=0), 2)
    np.testing.assert_array_equal(encoder(x).detach(), again(x).detach())
    ones = np.ones((100, 4), np.float32)
    assert (encoder.layers[0].dropout1(ones) != encoder.layers[1].dropout1(ones)).any()


def test_a_transformer_is_its_two_halves():
    net = nn.Transformer(4, 2, num_encoder_layers=2, num_decoder_layers=1, batch_first=True, **SMALL)
    src, tgt = numbers(2, 5, 4), numbers(2, 3, 4, seed=1)
    padding = np.arange(5) >= np.array([[5], [3]])
    found = net(src, tgt, tgt_is_causal=True, src_key_padding_mask=padding, memory_key_padding_mask=padding)
    memory = net.encoder(src, src_key_padding_mask=padding)
    wanted = net.decoder(tgt, memory, tgt_is_causal=True, memory_key_padding_mask=padding)
    np.testing.assert_array_equal(found.detach(), wanted.detach())
    halves = nn.Transformer(4, custom_encoder=net.encoder, custom_decoder=net.decoder, batch_first=True)
    assert halves.encoder is net.encoder
    assert halves.decoder is net.decoder


def test_names_are_pytorchs():
    """Golden: the state_dict of torch.nn.TransformerEncoder(TransformerEncoderLayer(4, 2, 6), 1) of PyTorch 2.13.0."""
    state = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6), 1).state_dict()
    parts = [
        "self_attn.in_proj_weight",
        "self_attn.in_proj_bias",
        "self_attn.out_proj.weight",
        "self_attn.out_proj.bias",
    ]
    parts += [f"{part}.{name}" for part in ("linear1", "linear2", "norm1", "norm2") for name in ("weight", "bias")]
    assert [*state] == [f"layers.0.{part}" for part in parts]
    assert not [name for name in nn.TransformerDecoderLayer(4, 2, 6, bias=False).state_dict() if "bias" in name]


def test_types_and_sizes():
    for shape in ((1, 1, 2), (3, 0, 2), (1, 2)):
        out = nn.TransformerEncoderLayer(2, 1, 3, rng=0)(np.ones(shape, np.float32))
        assert out.shape == shape
        assert out.dtype == np.float32


X = np.ones((5, 2, 4))
WRONG = {
    "activation": (
        lambda: nn.TransformerEncoderLayer(4, 2, activation="swish"),
        "activation must be 'relu', 'gelu' or a function, such as nn.functional.silu; got str 'swish'",
    ),
    "heads": (lambda: nn.TransformerEncoderLayer(4, 3), "num_heads must divide embed_dim"),
    "layer": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer, 2), "the layer to copy must be a Module"),
    "number": (lambda: nn.TransformerEncoder(nn.Identity(), 0), "num_layers must be a positive whole number"),
    "flag": (lambda: nn.TransformerDecoderLayer(4, 2, norm_first="yes"), "norm_first must be True or False"),
    "features": (
        lambda: nn.Transformer(8, 2, 1, 1, 6)(X, X),
        r"src must be \(S, batch, 8\) and tgt \(T, batch, 8\) with batch_first=False",
    ),
    "batch": (lambda: nn.Transformer(4, 2, 1, 1, 6)(X, X[:, :1]), r"got \(5, 2, 4\) and \(5, 1, 4\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_words(case):
    call, words = WRONG[case]
    with pytest.raises(ag.AutogradError, match=words):
        call()


def test_an_encoder_layer_learns_to_reverse():
    """Six of eight letters, backwards: each position has to look at one other. Guessing is right in one of eight."""
    rng, letters, length = np.random.default_rng(0), 8, 6
    embedding, position = nn.Embedding(letters, 32, rng=0), nn.Embedding(length, 32, rng=1)
    layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True, rng=2)
    head = nn.Linear(32, letters, rng=3)
    parameters = [p for module in (embedding, position, layer, head) for p in module.parameters()]
    optimizer = nn.optim.Adam(parameters, lr=3e-3)

    def scores(words):
        return head(layer(embedding(words) + position(np.arange(length))))

    for _ in range(150):
        words = rng.integers(0, letters, (32, length))
        loss = functional.cross_entropy(scores(words).reshape(-1, letters), words[:, ::-1].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    words = rng.integers(0, letters, (200, length))
    with ag.no_grad():
        assert (scores(words).numpy().argmax(axis=-1) == words[:, ::-1]).mean() > 0.95  # 1.0 with three seeds
