"""What holds for every layer and loss: repr shows the arguments, modes, exact names, and PyTorch's state keys."""

import inspect

import numpy as np
import pytest

import nn
from tests.nn.samples import FAMILIES

SAMPLES = [family.sample(seed) for family in FAMILIES.values() for seed in range(3)]
EXAMPLES = [sample.layer(np.float32) for sample in SAMPLES]
CONTAINERS = {"MLP", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"}
NOT_SHOWN = {"bias", "rng", "dtype"}  # bias is a Parameter by then; the others are not kept under their names
PARTS = {"custom_decoder", "custom_encoder", "decoder_layer", "encoder_layer"}  # kept as parts, by other names


def _ids(example):
    return str(example) if hasattr(example, "args") else type(example).__name__


def _arguments(layer):
    """The parameters of its constructor by name, less any that are taken and not used, and layers that become parts."""
    known = inspect.signature(type(layer)).parameters
    kept = {name: p for name, p in known.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return {name: p for name, p in kept.items() if name not in PARTS and not name.startswith("_")}


def test_every_layer_has_a_family():
    public = {n for n in nn.__all__ if inspect.isclass(getattr(nn, n)) and issubclass(getattr(nn, n), nn.Module)}
    assert set(FAMILIES) == public - CONTAINERS


@pytest.mark.parametrize("sample", SAMPLES, ids=_ids)
def test_repr_gives_the_layer_back(sample):
    layer = sample.layer(np.float32)
    unsayable = any(isinstance(value, np.ndarray) or callable(value) for value in sample.options.values())
    if list(layer.children()) or unsayable:
        assert repr(layer).startswith(f"{sample.name}(")  # layers inside, arrays, or functions, are no expression
        return
    again = eval(f"nn.{layer!r}")
    assert type(again) is type(layer)
    for name in _arguments(layer):
        if name not in NOT_SHOWN:
            shown, given = getattr(again, name), getattr(layer, name)
            assert shown == given or shown == (given,) * len(shown), name  # PyTorch shows 3 for two axes as (3, 3)
    assert repr(again) == repr(layer)
    shapes = {name: (value.shape, value.dtype) for name, value in layer.state_dict().items()}
    assert {name: (value.shape, value.dtype) for name, value in again.state_dict().items()} == shapes


@pytest.mark.parametrize("layer", EXAMPLES, ids=_ids)
def test_constructors_store_what_they_were_given(layer):
    for name, parameter in _arguments(layer).items():
        if name not in ("dtype",):
            assert hasattr(layer, name) or parameter.kind is parameter.KEYWORD_ONLY, name


@pytest.mark.parametrize("sample", SAMPLES, ids=_ids)
def test_layers_switch_modes(sample):
    layer = sample.layer(np.float32)
    assert layer.train().training
    assert not layer.eval().training
    assert layer.train().training


@pytest.mark.parametrize("sample", SAMPLES, ids=_ids)
def test_float32_is_kept(sample):
    """What comes out, and every gradient, has the type of what went in."""
    layer, inputs = sample.layer(np.float32), sample.arrays(np.float32)
    outputs = [part for part in _leaves(layer(*inputs)) if part.dtype.kind == "f"]
    assert all(part.dtype == np.float32 for part in outputs)
    for name, value in layer.state_dict().items():
        assert value.dtype == np.float32 or value.dtype.kind != "f", name


def _leaves(outputs):
    if isinstance(outputs, tuple | list):
        return [leaf for part in outputs for leaf in _leaves(part)]
    return [] if outputs is None else [outputs]


def test_modules_are_documented():
    for name in nn.__all__:
        assert inspect.getdoc(getattr(nn, name)), name


def test_all_is_exactly_the_public_names():
    loaded = {name for name in vars(nn) if not name.startswith("_")}
    modules = {name for name in loaded if inspect.ismodule(getattr(nn, name))}
    assert len(set(nn.__all__)) == len(nn.__all__)
    assert loaded - modules <= set(nn.__all__)
    assert all(hasattr(nn, name) for name in nn.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Lstm'"):
        _ = nn.Lstm


FIRST = {
    "bilinear": "input1", "cosine_embedding_loss": "input1", "margin_ranking_loss": "input1",
    "cosine_similarity": "x1", "pairwise_distance": "x1", "gumbel_softmax": "logits", "one_hot": "labels",
    "scaled_dot_product_attention": "query", "triplet_margin_loss": "anchor",
    "triplet_margin_with_distance_loss": "anchor",
    **dict.fromkeys(("gru", "gru_cell", "lstm", "lstm_cell", "rnn", "rnn_cell"), "x"),  # not public in PyTorch
}  # fmt: skip


@pytest.mark.parametrize("name", nn.functional.__all__)
def test_what_a_function_is_given_has_pytorchs_name(name):
    """`F.interpolate(input=x, scale_factor=2)` and the like are how scripts call them."""
    assert next(iter(inspect.signature(getattr(nn.functional, name)).parameters)) == FIRST.get(name, "input")


@pytest.mark.parametrize("layer", EXAMPLES, ids=_ids)
def test_what_a_layer_is_given_has_pytorchs_name(layer):
    name = next(iter(inspect.signature(layer.forward).parameters))
    others = {"x", "x1", "input1", "anchor", "log_input", "query", "src", "tgt", "args"}
    assert name == "input" or name in others
    if name == "x":
        assert isinstance(layer, nn.RMSNorm | nn.Maxout | nn.RBF | nn.MLP)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
        self.register_buffer("mean", np.zeros(1, np.float32))

    def forward(self, x):
        return self.scale * self.classifier(self.features(x - self.mean))


def test_names_and_layouts_are_pytorchs():
    """Golden: the state_dict of the same module written for PyTorch 2.13.0 (there with torch.ones, torch.zeros)."""
    state = LeNet().state_dict()
    assert [(name, value.shape) for name, value in state.items()] == [
        ("scale", (1,)),
        ("mean", (1,)),
        ("features.0.weight", (6, 1, 5, 5)),
        ("features.0.bias", (6,)),
        ("features.3.weight", (16, 6, 5, 5)),
        ("features.3.bias", (16,)),
        ("classifier.1.weight", (10, 256)),
        ("classifier.1.bias", (10,)),
    ]
    assert [name for name, _ in LeNet().named_parameters()] == [name for name in state if name != "mean"]
    assert LeNet()(np.ones((2, 1, 28, 28), np.float32)).shape == (2, 10)
