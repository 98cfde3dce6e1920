"""The state of modules: what is saved, what is refused in which words, and what loading changes."""

import copy

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.test_module import BUFFERS, NAMES, Block, Net, x


def test_state_dict_holds_copies_of_parameters_and_persistent_buffers():
    net = Net()
    state = net.state_dict()
    assert set(state) == {*NAMES, *BUFFERS}
    assert all(type(value) is np.ndarray for value in state.values())
    state["temperature"][...] = 100
    assert net.temperature.item() == 2
    state["blocks.0.seen"][...] = 100
    assert net.blocks[0].seen == 0


def test_loading_restores_every_value_in_place():
    one, other = Net(), Net()
    for p in one.parameters():
        with ag.no_grad():
            p += 1
    one.blocks[1].seen += 5
    held = list(other.parameters())
    assert other.load_state_dict(one.state_dict()) == ([], [])
    assert all(a is b for a, b in zip(held, other.parameters(), strict=True))
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)
    np.testing.assert_array_equal(one(x(4, 3)).data, other(x(4, 3)).data)


def test_loading_takes_tensors_and_other_precisions():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": ag.Tensor([[1.0, 2.0]]), "bias": [3.0]})
    assert layer.weight.dtype == np.float32
    assert layer(np.ones(2, np.float32)).tolist() == [6]


def test_what_does_not_fit_is_listed_at_once_and_nothing_is_loaded():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = net.state_dict()
    wrong = {"0.weight": np.zeros((3, 2)), "0.bias": np.zeros(4), "1.bias": np.zeros(1, complex), "extra": np.zeros(1)}
    with pytest.raises(ag.DataError) as caught:
        net.load_state_dict(wrong)
    message = str(caught.value)
    for part in ["missing: 1.weight", "unexpected: extra", "0.bias: shape (4,) where (3,)", "1.bias: numbers of type"]:
        assert part in message
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_loading_not_strictly_returns_what_was_passed_over():
    layer = nn.Linear(2, 1)
    missing, unexpected = layer.load_state_dict({"bias": [7.0], "extra": [1.0]}, strict=False)
    assert (missing, unexpected, layer.bias.tolist()) == (["weight"], ["extra"], [7])
    with pytest.raises(ag.DataError, match="bias: shape"):
        layer.load_state_dict({"bias": [7.0, 8.0]}, strict=False)


def test_loading_into_a_buffer_keeps_its_type():
    block = Block()
    state = block.state_dict()
    state["seen"] = np.array(0.5)
    with pytest.raises(ag.DataError, match="seen: numbers of type float64 where int64"):
        block.load_state_dict(state)


def test_loading_while_a_graph_is_alive_does_not_change_its_gradient():
    layer = nn.Linear(1, 1, bias=False)
    layer.load_state_dict({"weight": [[3.0]]})
    inputs = ag.Tensor(np.ones((1, 1), np.float32), requires_grad=True)
    out = layer(inputs)
    layer.load_state_dict({"weight": [[5.0]]})
    out.sum().backward()
    assert inputs.grad.item() == 3
    assert layer.weight.item() == 5


def test_buffers_are_guarded():
    block = Block()
    assert [name for name, _ in block.named_buffers()] == ["seen", "draft"]
    with pytest.raises(ag.OptionError, match="already has an attribute 'linear'"):
        block.register_buffer("linear", np.zeros(1))
    with pytest.raises(ag.OptionError, match=r"must be a string without dots, got 'a.b'"):
        block.register_buffer("a.b", np.zeros(1))


def test_buffers_are_tensors_that_compute_and_stay_what_they_are():
    block = Block()
    held = block.seen
    assert type(held) is ag.Tensor
    block.seen += 2
    assert block.seen is held
    block.seen = np.array(7)
    assert type(block.seen) is ag.Tensor
    assert block.state_dict()["seen"] == 7
    values = np.zeros(2)
    block.register_buffer("draft", values)
    values[0] = 1
    assert block.draft.tolist() == [0, 0], "an array is copied"
    tensor = ag.tensor([1.0])
    block.register_buffer("other", tensor)
    assert block.other is tensor
    block.other = None
    assert "other" not in dict(block.named_buffers())
    block.register_buffer("later", None)
    block.later = nn.Buffer([1.0])
    assert [name for name, _ in block.named_buffers(recurse=False)] == ["seen", "draft", "later"]
    block.shadow = nn.Buffer(np.ones(1), persistent=False)
    assert "shadow" not in block.state_dict()
    assert type(copy.deepcopy(block).later) is nn.Buffer
    assert not copy.deepcopy(block).shadow.persistent
    del block.later
    assert "later" not in dict(block.named_buffers())


def test_prefix_and_keep_vars():
    layer = nn.Linear(2, 1)
    assert list(layer.state_dict(prefix="fc.")) == ["fc.weight", "fc.bias"]
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight


def test_what_was_perhaps_meant_is_said():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    state = net.state_dict()
    state["0.wieght"] = state.pop("0.weight")
    with pytest.raises(ag.DataError, match=r"missing: 0.weight; unexpected: 0.wieght \(did you mean 0.weight\?\)"):
        net.load_state_dict(state)
    wrapped = {f"module.{name}": value for name, value in net.state_dict().items()}
    with pytest.raises(ag.DataError, match=r"all names fit without 'module.' in front: strip it from the keys"):
        net.load_state_dict(wrapped)
    wrapped["module.1.extra"] = wrapped.pop("module.1.bias")
    with pytest.raises(ag.DataError) as caught:
        net.load_state_dict(wrapped)
    assert "in front" not in str(caught.value), "one name would not fit"
    with pytest.raises(ag.DataError, match=r"all names fit with '0.' in front"):
        nn.Sequential(nn.Linear(2, 3)).load_state_dict(nn.Linear(2, 3).state_dict())
    with pytest.raises(ag.OptionError, match="assign can only be False"):
        net.load_state_dict(state, assign=True)
    with pytest.raises(ag.DataError, match="a dict of arrays by name is needed, got list"):
        net.load_state_dict([1])


def test_tied_weights_are_saved_twice_learned_once_and_loaded():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1))
    net[1].weight = net[0].weight
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert len(list(net.parameters())) == 3
    other = copy.deepcopy(net)
    other.load_state_dict({name: value + 1 for name, value in state.items()})
    assert other[1].weight is other[0].weight
    np.testing.assert_array_equal(other[1].weight.data, state["0.weight"] + 1)
    optimizer = nn.optim.SGD(net.parameters(), lr=1.0)
    net(x(3, 2)).sum().backward()
    gradient = net[0].weight.grad.numpy().copy()
    optimizer.step()
    np.testing.assert_array_equal(net[1].weight.data, state["1.weight"] - gradient)  # once, not twice


def test_frozen_parameters_stay_while_the_others_learn():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=1))
    net[0].requires_grad_(False)
    optimizer = nn.optim.SGD(net.parameters(), lr=1.0, weight_decay=0.1)
    before = net.state_dict()
    net(x(3, 2)).sum().backward()
    optimizer.step()
    moved = [name for name, value in net.state_dict().items() if not np.array_equal(value, before[name])]
    assert moved == ["1.weight", "1.bias"]


def test_hooks_see_and_change_what_is_saved_and_loaded():
    net, told = nn.Sequential(nn.Linear(1, 1)), []
    net[0].register_state_dict_pre_hook(lambda m, prefix, keep_vars: told.append((prefix, keep_vars)))
    net[0].register_state_dict_post_hook(lambda m, state, prefix, meta: state.pop(prefix + "bias"))
    assert list(net.state_dict()) == ["0.weight"]
    assert told == [("0.", False)]

    def renamed(module, state, prefix, meta, strict, missing, unexpected, errors):
        state[prefix + "weight"] = state.pop(prefix + "w")

    net[0].register_load_state_dict_pre_hook(renamed)
    net.register_load_state_dict_post_hook(lambda m, keys: told.append(keys))
    net[0].register_load_state_dict_post_hook(lambda m, keys: told.append("below first"))
    given = {"0.w": np.full((1, 1), 5.0), "0.bias": np.zeros(1)}
    net.load_state_dict(given)
    assert net[0].weight.item() == 5
    assert "0.w" in given, "the dict that was passed stays as it was"
    assert told[1:] == ["below first", ([], [])]


def test_generators_are_named_each_once():
    shared = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Dropout(rng=shared), nn.Sequential(nn.Linear(1, 1), nn.Dropout(rng=1)), nn.Dropout(rng=shared)
    )
    assert [name for name, _ in net.named_generators()] == ["0.rng", "1.1.rng"]
    assert [name for name, _ in net.named_generators("net")] == ["net.0.rng", "net.1.1.rng"]
    assert next(net.named_generators())[1] is shared
