"""Containers are used like lists and dicts, and name what they hold as PyTorch does."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.test_module import Outer, x


def sizes(module):
    """Names and first lengths of all that is saved: what tells layers apart here."""
    return [(name, value.shape[0]) for name, value in module.state_dict().items()]


def layers(*widths):
    return [nn.Linear(1, width, bias=False) for width in widths]


# --- Sequential ---


def test_sequential_is_the_composition():
    net = nn.Sequential({"first": nn.Linear(3, 4, rng=0), "then": nn.Tanh(), "last": nn.Linear(4, 2, rng=1)})
    a = x(5, 3)
    expected = np.tanh(a @ net.first.weight.data.T + net.first.bias.data) @ net.last.weight.data.T + net.last.bias.data
    np.testing.assert_allclose(net(a).data, expected, rtol=1e-5, atol=1e-6)  # float32, sums of 4
    assert list(net.state_dict()) == ["first.weight", "first.bias", "last.weight", "last.bias"]


def test_sequential_is_indexed_like_a_list():
    given = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)]
    net = nn.Sequential(*given)
    assert len(net) == 3
    assert list(net) == given
    assert net[-1] is given[-1]
    assert list(net[1:]) == given[1:]
    assert list(net[1:].state_dict()) == ["2.weight", "2.bias"]
    assert list(net[1:].append(nn.Tanh()))[:2] == given[1:]
    net[1] = tanh = nn.Tanh()
    assert list(net) == [given[0], tanh, given[2]]
    assert net.append(nn.ReLU()) is net
    assert len(net) == 4
    with pytest.raises(ag.IndexingError, match="index 4 is out of range for 4 modules"):
        net[4]


def test_sequential_refuses_what_is_no_module():
    with pytest.raises(ag.OptionError, match=r"must be a Module.*write ReLU\(\)"):
        nn.Sequential(nn.Linear(1, 1), nn.ReLU)
    with pytest.raises(ag.OptionError, match="1 must be a Module"):
        nn.Sequential(nn.Linear(1, 1), np.tanh)
    with pytest.raises(ag.OptionError, match="'forward' cannot name a module, it is an attribute"):
        nn.Sequential({"forward": nn.ReLU()})
    with pytest.raises(ag.OptionError, match=r"got a list; write Sequential\(\*layers\)"):
        nn.Sequential(layers(1))
    with pytest.raises(ag.OptionError, match="only a Sequential can be added, got list"):
        nn.Sequential() + layers(1)
    with pytest.raises(ag.OptionError, match="repeated a positive number of times, got 0"):
        nn.Sequential() * 0


def test_what_moves_in_a_sequential_is_numbered_anew():
    """Golden: names as in PyTorch 2.13.0."""
    net = nn.Sequential(*layers(1, 2, 3, 4))
    del net[1]
    assert sizes(net) == [("0.weight", 1), ("1.weight", 3), ("2.weight", 4)]
    assert net.pop(0).out_features == 1
    net.insert(-1, layers(5)[0])
    assert sizes(net) == [("0.weight", 3), ("1.weight", 5), ("2.weight", 4)]
    net += nn.Sequential(*layers(6))
    net.extend(layers(7))
    del net[1:4:2]
    assert sizes(net) == [("0.weight", 3), ("1.weight", 4), ("2.weight", 7)]
    assert sizes(net[::2] + net[1:2]) == [("0.weight", 3), ("1.weight", 7), ("2.weight", 4)]
    assert [width for _, width in sizes(2 * net[:2])] == [3, 4, 3, 4]
    net *= 2
    assert len(net) == 6
    assert len(list(net.parameters())) == 3, "the same layers again"
    named = nn.Sequential(OrderedDict(first=layers(1)[0], then=nn.ReLU(), last=layers(2)[0]))
    with pytest.raises(ag.OptionError, match="have names, first, then, last, and cannot be numbered"):
        named.insert(0, nn.ReLU())
    del named[0]
    assert sizes(named) == [("1.weight", 2)]


def test_a_layer_taken_out_of_a_sequential_is_run_no_more():
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.ReLU())
    a = x(4, 1)
    expected = np.maximum(net[0](a).data, 0)
    del net[1]
    np.testing.assert_array_equal(net(a).data, expected)


def test_repr_is_a_tree():
    assert repr(Outer()) == (
        "Outer(\n"
        "  (net): Sequential(\n"
        "    (0): Flatten(start_dim=1, end_dim=-1)\n"
        "    (1): ReLU()\n"
        "    (2): Linear(in_features=3, out_features=2, bias=True)\n"
        "  )\n"
        ")"
    )


# --- ModuleList ---


def test_a_module_list_is_a_list_whose_layers_are_found():
    """Golden: names as in PyTorch 2.13.0."""
    held = nn.ModuleList(layers(1, 2, 3))
    assert [layer.out_features for layer in held] == [1, 2, 3]
    held.append(layers(4)[0]).extend(layers(5))
    held.insert(1, layers(6)[0])
    assert sizes(held) == [(f"{i}.weight", n) for i, n in enumerate([1, 6, 2, 3, 4, 5])]
    assert held[-1] is held[5]
    assert [layer.out_features for layer in held[1:4:2]] == [6, 3]
    assert type(held[1:]) is nn.ModuleList
    del held[0], held[1:3]
    assert sizes(held) == [("0.weight", 6), ("1.weight", 4), ("2.weight", 5)]
    assert held.pop(-1).out_features == 5
    held[0] = layers(7)[0]
    held += layers(8)
    assert sizes(held + layers(9)) == [("0.weight", 7), ("1.weight", 4), ("2.weight", 8), ("3.weight", 9)]
    assert len(held) == 3
    assert held[1] in held
    assert len(nn.ModuleList()) == 0


def test_what_a_module_list_cannot_do_is_told():
    held = nn.ModuleList(layers(1))
    with pytest.raises(NotImplementedError, match="ModuleList: it holds modules and computes nothing"):
        held(x(1, 1))
    with pytest.raises(ag.OptionError, match=r"ModuleList: 1 must be a Module.*write ReLU\(\)"):
        held.append(nn.ReLU)
    with pytest.raises(ag.OptionError, match="several modules are needed, got int"):
        held.extend(3)
    with pytest.raises(ag.OptionError, match="ModuleList: 0 must be a Module"):
        held.insert(0, "x")
    with pytest.raises(IndexError, match="index 1 is out of range for 1 modules"):
        held[1]
    with pytest.raises(IndexError, match="insert: index 3 is out of range"):
        held.insert(3, nn.ReLU())
    assert sizes(held) == [("0.weight", 1)]


def test_equal_layers_in_a_list_are_shown_as_one():
    """Golden: PyTorch 2.13.0 prints the same."""
    held = nn.ModuleList([nn.ReLU(), nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU()])
    assert repr(held) == (
        "ModuleList(\n  (0): ReLU()\n  (1-3): 3 x Linear(in_features=1, out_features=1, bias=True)\n  (4): ReLU()\n)"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


# --- ModuleDict ---


def test_a_module_dict_is_a_dict_whose_layers_are_found():
    one, two, three = layers(1, 2, 3)
    held = nn.ModuleDict({"b": one, "a": two})
    held["c"] = three
    assert [*held] == [*held.keys()] == ["b", "a", "c"]
    assert [*held.values()] == [one, two, three]
    assert dict(held.items()) == {"b": one, "a": two, "c": three}
    held.update([("a", one), ("d", two)])
    assert sizes(held) == [("b.weight", 1), ("a.weight", 1), ("c.weight", 3), ("d.weight", 2)]
    assert held.pop("c") is three
    del held["b"]
    assert (len(held), "a" in held, "b" in held) == (2, True, False)
    held.update(nn.ModuleDict({"e": three}))
    assert [*held] == ["a", "d", "e"]
    held.clear()
    assert len(held) == 0


def test_keys_that_cannot_be_names_are_refused():
    held = nn.ModuleDict({"a": nn.ReLU()})
    for key in ("a.b", "", 3, "keys", "training"):
        with pytest.raises(ag.OptionError, match="cannot name a module"):
            held[key] = nn.ReLU()
    with pytest.raises(KeyError, match="'b'"):
        held["b"]
    with pytest.raises(KeyError, match="'training'"):
        del held["training"]
    with pytest.raises(ag.OptionError, match="a dict, or pairs of names and values, got int"):
        held.update(3)
    assert [*held] == ["a"]


# --- parameters ---


def test_a_parameter_list_makes_parameters_of_arrays():
    held = nn.ParameterList([np.ones(1), ag.tensor(np.ones(2, np.float32)), nn.Parameter([1.0, 2.0, 3.0])])
    assert [type(p) for p in held] == [nn.Parameter] * 3
    held.append(np.ones(4)).extend([np.ones(5)])
    held[0] = np.ones(6)
    assert sizes(held) == [("0", 6), ("1", 2), ("2", 3), ("3", 4), ("4", 5)]
    assert [p.size for p in held[1:3]] == [2, 3]
    assert held.pop().size == 5
    del held[1]
    held += [np.ones(7)]
    assert [p.size for p in held + nn.ParameterList([np.ones(8)])] == [6, 3, 4, 7, 8]
    assert (len(held), held[-1].size) == (4, 7)
    assert len(list(held.parameters())) == 4
    held[3] = "a note"
    assert held[3] == "a note"
    assert len(list(held.parameters())) == 3
    with pytest.raises(ag.OptionError, match="several values are needed, got Parameter"):
        held.extend(held[0])
    with pytest.raises(IndexError, match="index 4 is out of range for 4 parameters"):
        held[4]
    with pytest.raises(NotImplementedError, match="computes nothing"):
        held(1)


def test_a_parameter_dict_is_a_dict_whose_parameters_are_found():
    """Golden: a plain dict comes in the order of its keys, anything else in its own, as in PyTorch 2.13.0."""
    held = nn.ParameterDict({"b": np.ones(1), "a": np.ones(2)})
    assert [*held] == ["a", "b"]
    held = nn.ParameterDict(OrderedDict(b=np.ones(1), a=np.ones(2)))
    held["note"] = "text"
    held["c"] = np.ones(3)
    assert sizes(held) == [("b", 1), ("a", 2), ("c", 3)]
    assert [*reversed(held)] == ["c", "note", "a", "b"]
    assert (held["note"], held.get("zz", 7), held.get("zz"), "a" in held, len(held)) == ("text", 7, None, True, 4)
    assert held.setdefault("a", np.ones(9)).size == 2
    assert held.setdefault("d", np.ones(4)).size == 4
    assert held.popitem()[0] == "d"
    assert held.pop("note") == "text"
    assert sizes(held | {"z": np.ones(5)}) == [("b", 1), ("a", 2), ("c", 3), ("z", 5)]
    assert sizes({"z": np.ones(5)} | held) == [("z", 5), ("b", 1), ("a", 2), ("c", 3)]
    held |= nn.ParameterDict({"y": np.ones(6)})
    assert [p.size for p in held.values()] == [1, 2, 3, 6]
    assert held.copy()["a"] is held["a"]
    assert [*held.fromkeys(["q", "p"], 0).keys()] == ["q", "p"]
    held["a"] = "no longer"
    assert [name for name, _ in held.named_parameters()] == ["b", "c", "y"]
    assert dict(held.items())["a"] == "no longer"
    with pytest.raises(KeyError, match="'train'"):
        held["train"]
    with pytest.raises(ag.OptionError, match="'keys' cannot be a key, it is an attribute"):
        held["keys"] = np.ones(1)
    with pytest.raises(NotImplementedError, match="computes nothing"):
        held(1)
    held.clear()
    assert (len(held), sizes(held)) == (0, [])
    with pytest.raises(KeyError, match="empty"):
        held.popitem()


def test_parameters_in_containers_learn():
    class Mixture(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList([np.ones(2, np.float32), np.ones(2, np.float32)])
            self.gains = nn.ParameterDict({"a": np.float32(2) * np.ones(1, np.float32)})

        def forward(self, a):
            return sum((w * a).sum() for w in self.weights) * self.gains["a"]

    net = Mixture()
    net(x(2)).sum().backward()
    np.testing.assert_array_equal(net.weights[0].grad.numpy(), 2 * x(2))
    assert [name for name, _ in net.named_parameters()] == ["weights.0", "weights.1", "gains.a"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))])
def test_containers_survive_copying(copied):
    net = nn.Sequential(nn.Linear(1, 2))
    net.parts = nn.ModuleList([nn.ModuleDict({"a": layers(3)[0]}), nn.ParameterList([np.ones(4), "text"])])
    net.parts.append(nn.ParameterDict({"k": np.ones(5), "note": 1}))
    other = copied(net)
    assert sizes(other) == sizes(net)
    assert repr(other) == repr(net)
    assert (other.parts[1][1], other.parts[2]["note"]) == ("text", 1)
    assert other.parts[0]["a"].weight is not net.parts[0]["a"].weight


def test_errors_name_the_place_in_containers():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads = nn.ModuleList([nn.ModuleDict({"left": nn.Linear(3, 1)})])
            self.heads.append(nn.ModuleDict({"right": nn.Sequential(nn.ReLU(), nn.Linear(3, 1))}))

        def forward(self, a, i, key):
            return self.heads[i][key](a)

    with pytest.raises(ag.ShapeError, match=r"In heads\.0\.left \(Linear\)\.$"):
        Net()(x(2, 5), 0, "left")
    with pytest.raises(ag.ShapeError, match=r"In net\.heads\.1\.right\.1 \(Linear\)\.$"):
        nn.Sequential({"net": Wrapped(Net(), 1, "right")})(x(2, 5))


class Wrapped(nn.Module):
    def __init__(self, net, *args):
        super().__init__()
        self.heads, self.args = net.heads, args

    def forward(self, a):
        return self.heads[self.args[0]][self.args[1]](a)


def test_a_list_with_a_computation_of_its_own_is_named_once():
    class Chain(nn.ModuleList):
        def forward(self, a):
            for layer in self:
                a = layer(a)
            return a

    net = nn.Sequential(Chain([nn.Linear(5, 4), nn.Linear(3, 1)]))
    with pytest.raises(ag.ShapeError, match=r"In 0\.1 \(Linear\)\.$"):
        net(x(2, 5))
