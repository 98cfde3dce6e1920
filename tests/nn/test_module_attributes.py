"""Attributes of modules: their order, names that are taken, what is hidden, and getting things by their paths."""

import copy
import dataclasses
import types
import warnings
from collections import UserDict, UserList, deque

import numpy as np
import pytest

import autograd_core as ag
import nn


def names(module):
    return [name for name, _ in module.named_parameters()]


# --- the order ---


def test_an_attribute_that_was_none_takes_its_place_when_it_becomes_a_layer():
    """Golden: the order in PyTorch 2.13.0."""
    net = nn.Module()
    net.norm = None
    net.first = nn.Linear(1, 1, bias=False)
    net.norm = nn.Linear(2, 2, bias=False)
    assert names(net) == ["first.weight", "norm.weight"]


def test_a_layer_that_is_replaced_or_was_none_in_between_keeps_its_place():
    """Golden: the order in PyTorch 2.13.0."""
    net = nn.Module()
    net.first, net.second = nn.Linear(1, 1, bias=False), nn.Linear(2, 2, bias=False)
    net.first = nn.Linear(3, 3, bias=False)
    assert names(net) == ["first.weight", "second.weight"]
    net.first = None
    assert names(net) == ["second.weight"]
    assert [name for name, _ in net.named_modules()] == ["", "second"]
    net.first = nn.Linear(4, 4, bias=False)
    assert names(net) == ["first.weight", "second.weight"]
    del net.first
    net.first = nn.Linear(5, 5, bias=False)
    assert names(net) == ["second.weight", "first.weight"]
    net.register_parameter("gain", None)
    net.shift = nn.Parameter([0.0])
    net.gain = nn.Parameter([1.0])
    assert names(net)[:2] == ["gain", "shift"]


def test_a_parameter_is_not_lost_by_assigning_something_else():
    layer = nn.Linear(2, 2)
    with pytest.raises(ag.DTypeError, match=r"Linear.weight is a Parameter, and cannot become ndarray; .*no_grad"):
        layer.weight = np.zeros((2, 2))
    with pytest.raises(TypeError, match=r"assign nn.Parameter"):
        layer.bias = ag.tensor([1.0])
    layer.bias = None
    assert names(layer) == ["weight"]
    with pytest.raises(ag.DTypeError, match="Module or Parameter"):
        layer.bias = 3
    net = nn.Sequential(nn.ReLU())
    with pytest.raises(ag.DTypeError, match="is a Module, and cannot become function"):
        setattr(net, "0", lambda x: x)
    del layer.weight
    layer.weight = 5
    assert layer.weight == 5


# --- registering, and getting ---


def test_registering_is_assigning():
    net = nn.Module()
    net.register_module("fc", nn.Linear(1, 1))
    net.add_module("0", nn.ReLU())
    net.register_parameter("gain", nn.Parameter([1.0]))
    net.register_parameter("nothing", None)
    assert names(net) == ["gain", "fc.weight", "fc.bias"]
    assert [name for name, _ in net.named_children()] == ["fc", "0"]
    assert net.nothing is None
    net.register_module("fc", nn.ReLU())
    assert names(net) == ["gain"]
    net.register_parameter("nothing", nn.Parameter([1.0]))
    assert names(net) == ["gain", "nothing"]


@pytest.mark.parametrize(
    ("register", "kind", "words"),
    [
        (lambda net: net.register_parameter("a.b", None), ag.OptionError, "must be a string without dots, got 'a.b'"),
        (lambda net: net.register_parameter("", None), ag.OptionError, "must be a string without dots, got ''"),
        (lambda net: net.add_module(3, nn.ReLU()), ag.OptionError, "add_module: name must be a string"),
        (lambda net: net.register_buffer("fc", 1), ag.OptionError, "already has an attribute 'fc'"),
        (lambda net: net.register_parameter("train", None), ag.OptionError, "already has an attribute 'train'"),
        (lambda net: net.register_parameter("w", ag.tensor([1.0])), ag.DTypeError, "must be a Parameter or None"),
        (lambda net: net.register_module("w", nn.ReLU), ag.DTypeError, r"must be a Module or None.*; write ReLU\(\)"),
    ],
)
def test_what_cannot_be_registered_is_refused(register, kind, words):
    net = nn.Module()
    net.fc = nn.Linear(1, 1)
    with pytest.raises(kind, match=words):
        register(net)
    assert names(net) == ["fc.weight", "fc.bias"]


def test_paths_lead_to_what_they_name():
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU()))
    net.blocks = [nn.Linear(2, 2), {"deep": nn.Tanh()}]
    net.blocks[0].register_buffer("mean", np.zeros(1))
    assert net.get_submodule("") is net
    assert net.get_submodule("1.0") is net[1][0]
    assert net.get_submodule("blocks.1.deep") is net.blocks[1]["deep"]
    assert net.get_parameter("blocks.0.weight") is net.blocks[0].weight
    assert net.get_buffer("blocks.0.mean") is net.blocks[0].mean
    with pytest.raises(AttributeError, match=r"Sequential has no module 'block.0' \(did you mean blocks.0\?\)"):
        net.get_submodule("block.0")
    with pytest.raises(AttributeError, match=r"has no parameter 'blocks.0.wieght' \(did you mean blocks.0.weight\?\)"):
        net.get_parameter("blocks.0.wieght")
    with pytest.raises(AttributeError, match=r"has no buffer 'blocks.0.weight'$"):
        net.get_buffer("blocks.0.weight")


def test_names_with_and_without_duplicates():
    layer = nn.Linear(1, 1, bias=False)
    net = nn.Sequential(layer, nn.Sequential(layer))
    assert [name for name, _ in net.named_modules()] == ["", "0", "1"]
    assert [name for name, _ in net.named_modules(remove_duplicate=False)] == ["", "0", "1", "1.0"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == ["0.weight", "1.0.weight"]
    assert [name for name, _ in net.named_modules(memo={layer}, prefix="net")] == ["net", "net.1"]
    assert [name for name, _ in net[1].named_parameters("p", recurse=False)] == []
    assert "0" not in dir(net)
    assert "weight" in dir(layer)


# --- what is hidden ---


@dataclasses.dataclass
class Parts:
    head: nn.Module
    size: int = 3


class Slotted:
    __attrs_attrs__ = (types.SimpleNamespace(name="head"),)  # as a class of attrs has it

    def __init__(self, head):
        self.head = head


HIDING = {
    "set": lambda layer: {layer},
    "frozenset": lambda layer: frozenset([layer]),
    "deque": lambda layer: deque([layer]),
    "UserList": lambda layer: UserList([layer]),
    "UserDict": lambda layer: UserDict(a=layer),
    "mappingproxy": lambda layer: types.MappingProxyType({"a": layer}),
    "dict_values": lambda layer: {"a": layer}.values(),
    "Parts": lambda layer: Parts(layer),
    "SimpleNamespace": lambda layer: types.SimpleNamespace(deep=[{"a": layer}]),
    "Slotted": Slotted,
}


@pytest.mark.parametrize("kind", HIDING)
def test_a_container_that_hides_a_layer_is_told_once(kind):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = HIDING[kind](nn.Linear(2, 2))

    net = nn.Sequential(Net())
    with pytest.warns(UserWarning, match=rf"Net.parts is a {kind}, which is not looked into: the Linear in it is not"):
        assert list(net.parameters()) == []
    assert list(net.parameters()) == [], "said once"


def test_the_warning_is_about_the_users_line():
    net = nn.Module()
    net.parts = {nn.Parameter([1.0])}
    with pytest.warns(UserWarning, match="the Parameter in it is not found") as caught:
        list(net.parameters())
    assert caught[0].filename == __file__


def test_a_container_that_is_filled_later_is_told_too():
    net = nn.Module()
    net.parts = set()
    assert list(net.parameters()) == []
    net.parts.add(nn.Linear(1, 1))
    with pytest.warns(UserWarning, match="parts is a set"):
        net.state_dict()


def test_what_is_found_elsewhere_is_not_hidden():
    """As an optimizer that a module keeps, or a set of those of its layers that are special."""
    net = nn.Module()
    net.layers = [nn.Linear(1, 1), nn.ReLU()]
    net.special, net.plain, net.sizes = {net.layers[0]}, {1, 2}, Parts(None)
    net.learned = deque([net.layers[0].weight])
    assert len(list(net.parameters())) == 2
    net.special = None
    assert len(list(net.parameters())) == 2


@pytest.mark.parametrize(
    "made", [lambda: (nn.Linear(1, 1) for _ in "ab"), lambda: map(nn.Linear, [1], [1]), lambda: filter(None, [1])]
)
def test_what_can_be_run_through_only_once_is_told_at_once(made):
    net = nn.Module()
    with pytest.warns(UserWarning, match=r"which can be run through only once.*write list\(\.\.\.\)") as caught:
        net.layers = made()
    assert caught[0].filename == __file__


def test_a_stream_of_data_is_nobodys_business():
    def stream():
        yield 1

    net = nn.Module()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.stream, net.loader, net.size = stream(), iter([1]), range(10)
        list(net.parameters())


def test_places_and_warnings_survive_copying():
    net = nn.Module()
    net.first, net.second = nn.Linear(1, 1, bias=False), nn.Linear(2, 2, bias=False)
    net.first, net.parts = None, {nn.ReLU()}
    other = copy.deepcopy(net)
    other.first = nn.Linear(1, 1, bias=False)
    with pytest.warns(UserWarning, match="parts is a set"):
        assert names(other) == ["first.weight", "second.weight"]
