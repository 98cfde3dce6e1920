"""What holds for every layer and loss: repr shows the arguments, modes, exact names, and PyTorch's state keys."""

import inspect

import numpy as np
import pytest

import nn

EXAMPLES = [
    nn.AvgPool1d(2),
    nn.AvgPool2d((2, 3), stride=(1, 2), padding=1),
    nn.BCELoss("sum"),
    nn.BCEWithLogitsLoss(),
    nn.Conv1d(4, 6, 3, stride=2, padding="valid", groups=2, bias=False),
    nn.Conv2d(2, 4, (3, 5), padding="same", dilation=(1, 2), dtype=np.float64),
    nn.Conv3d(1, 2, 3, padding=(0, 1, 2)),
    nn.CrossEntropyLoss("none"),
    nn.Dropout(0.25),
    nn.Flatten(0, 2),
    nn.Identity(),
    nn.Linear(3, 2, bias=False),
    nn.LogSoftmax(1),
    nn.MSELoss(),
    nn.MaxPool1d(3, 1, 1),
    nn.MaxPool2d(2),
    nn.NLLLoss(),
    nn.ReLU(),
    nn.Sigmoid(),
    nn.Softmax(0),
    nn.Softplus(),
    nn.Tanh(),
]
CONTAINERS = {"MLP", "Module", "Sequential"}


def test_every_layer_has_an_example():
    public = {n for n in nn.__all__ if inspect.isclass(getattr(nn, n)) and issubclass(getattr(nn, n), nn.Module)}
    assert {type(example).__name__ for example in EXAMPLES} == public - CONTAINERS


@pytest.mark.parametrize("layer", EXAMPLES, ids=lambda layer: type(layer).__name__)
def test_repr_gives_the_layer_back(layer):
    again = eval(f"nn.{layer!r}")
    assert type(again) is type(layer)
    for name in inspect.signature(type(layer)).parameters:
        if name not in ("bias", "rng", "dtype"):
            shown, given = getattr(again, name), getattr(layer, name)
            assert shown == given or shown == (given,) * len(shown), name  # PyTorch shows 3 for two axes as (3, 3)
    assert repr(again) == repr(layer)
    shapes = {name: (value.shape, value.dtype) for name, value in layer.state_dict().items()}
    assert {name: (value.shape, value.dtype) for name, value in again.state_dict().items()} == shapes


@pytest.mark.parametrize("layer", EXAMPLES, ids=lambda layer: type(layer).__name__)
def test_constructors_store_what_they_were_given(layer):
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        if name not in ("dtype",):
            assert hasattr(layer, name) or parameter.kind is parameter.KEYWORD_ONLY, name


@pytest.mark.parametrize("layer", EXAMPLES, ids=lambda layer: type(layer).__name__)
def test_layers_switch_modes(layer):
    assert layer.training
    assert not layer.eval().training
    assert layer.train().training


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
