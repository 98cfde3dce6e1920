"""Modules find and name what they hold, switch it, say where an error came up, and survive copying."""

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3, rng=0)
        self.gain = nn.Parameter(np.ones(3, np.float32))
        self.register_buffer("seen", np.zeros((), np.int64))
        self.register_buffer("draft", np.zeros(2), persistent=False)

    def forward(self, x):
        return self.gain * self.linear(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [Block(), Block()]
        self.heads = {"left": nn.Linear(3, 2, rng=1), "right": nn.Linear(3, 2, bias=False, rng=2)}
        self.temperature = nn.Parameter(2.0)
        self.note = "not an array"

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["left"](x) * self.temperature


NAMES = [
    "temperature",  # a module's own before those of its children, as in PyTorch
    "blocks.0.gain",
    "blocks.0.linear.weight",
    "blocks.0.linear.bias",
    "blocks.1.gain",
    "blocks.1.linear.weight",
    "blocks.1.linear.bias",
    "heads.left.weight",
    "heads.left.bias",
    "heads.right.weight",
]
BUFFERS = ["blocks.0.seen", "blocks.1.seen"]


def x(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


# --- finding and naming ---


def test_parameters_have_dotted_names_in_the_order_of_the_attributes():
    assert [name for name, _ in Net().named_parameters()] == NAMES
    assert [type(p) for p in Net().parameters()] == [nn.Parameter] * len(NAMES)
    assert [name for name, _ in Net().named_parameters(recurse=False)] == ["temperature"]


def test_modules_in_lists_and_dicts_are_found():
    net = Net()
    assert [name for name, _ in net.named_modules()] == [
        "",
        "blocks.0",
        "blocks.0.linear",
        "blocks.1",
        "blocks.1.linear",
        "heads.left",
        "heads.right",
    ]
    net.blocks.append(Block())
    assert [name for name, _ in net.named_children()][2] == "blocks.2"
    assert len(list(net.children())) == 5
    assert len(list(net.modules())) == 9


def test_parameters_in_lists_are_found():
    module = nn.Module()
    module.weights = [nn.Parameter([1.0]), {"deep": (nn.Parameter([2.0]),)}]
    assert [name for name, _ in module.named_parameters()] == ["weights.0", "weights.1.deep.0"]


def test_what_is_reached_twice_counts_once_but_is_saved_under_both_names():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module[1].weight = module[0].weight
    assert [name for name, _ in module.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(module.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    layer = nn.Linear(2, 2)
    again = nn.Sequential(layer, layer)
    assert len(list(again.modules())) == 2
    assert len(list(again.children())) == 1
    assert len(again) == 2
    assert repr(again).count("Linear") == 2
    assert len(list(again.parameters())) == 2


def test_a_module_in_itself_ends():
    module = nn.Module()
    module.inner = nn.Linear(2, 2)
    module.inner.parent = module
    assert len(list(module.modules())) == 2
    assert len(list(module.parameters())) == 2


def test_named_prefix():
    assert [name for name, _ in nn.Linear(1, 1).named_parameters("fc")] == ["fc.weight", "fc.bias"]


def test_forgetting_super_init_is_told():
    class Forgetful(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(2, 2)

    class ForgetfulList(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2)]

    with pytest.raises(AttributeError, match=r"Forgetful: call super\(\).__init__\(\) first in Forgetful.__init__"):
        Forgetful()
    with pytest.raises(AttributeError, match=r"call super\(\).__init__\(\) first"):
        list(ForgetfulList()._buffers)


def test_a_missing_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'wieght'"):
        _ = nn.Linear(2, 2).wieght
    assert not hasattr(nn.Linear(2, 2), "wieght")


def test_forward_must_be_defined():
    with pytest.raises(NotImplementedError, match="define forward"):
        nn.Module()(1)


# --- parameters ---


def test_parameters_are_float32_leaves_that_require_a_gradient():
    p = nn.Parameter([1, 2])
    assert (p.dtype, p.requires_grad, p.is_leaf) == (np.float32, True, True)
    assert nn.Parameter(np.zeros(2)).dtype == np.float64
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    assert type(p * 2) is ag.Tensor
    with pytest.raises(ag.DTypeError, match="have no derivative"):
        nn.Parameter(np.array([1, 2]))


def test_parameters_copy_their_values():
    values = np.zeros(2)
    p = nn.Parameter(values)
    values[0] = 1
    assert p.tolist() == [0, 0]


def test_repr_of_a_parameter_names_it():
    assert repr(nn.Linear(1, 1, dtype=np.float64).bias).endswith("requires_grad=True, name='bias')")
    assert repr(nn.Parameter([0.5])) == "Parameter([0.5], dtype=float32, requires_grad=True)"


# --- copies ---


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_equal_and_independent(copied):
    net = nn.MLP([3, 4, 2], rng=0)
    other = copied(net)
    assert [type(p) for p in other.parameters()] == [nn.Parameter] * 4
    assert [p.name for p in other.parameters()] == ["weight", "bias"] * 2
    np.testing.assert_array_equal(net(x(5, 3)).data, other(x(5, 3)).data)
    other(x(5, 3)).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert all(p.grad is not None for p in other.parameters())


def test_a_deep_copy_keeps_shared_weights_shared():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    other = copy.deepcopy(net)
    assert other[1].weight is other[0].weight
    assert other[0].weight is not net[0].weight


# --- switches ---


def test_train_and_eval_reach_every_module():
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train().training
    assert net.blocks[1].linear.training
    with pytest.raises(ag.OptionError, match="mode must be True or False"):
        net.train("yes")


def test_zero_grad_forgets():
    net = Net()
    net(x(2, 3)).sum().backward()
    assert net.temperature.grad is not None
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_frozen_parameters_get_no_gradient():
    net = Net()
    assert net.blocks[0].requires_grad_(False) is net.blocks[0]
    net(x(2, 3)).sum().backward()
    assert all(p.grad is None for p in net.blocks[0].parameters())
    assert all(p.grad is not None for p in net.blocks[1].parameters())


def test_apply_comes_to_children_first_in_their_order():
    """Golden: the order in PyTorch 2.13.0, where a module that stands in two others is come to twice."""
    shared = nn.Tanh()
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU(), shared), shared)
    seen = []
    assert net.apply(seen.append) is net
    assert [type(m).__name__ for m in seen] == ["Linear", "ReLU", "Tanh", "Sequential", "Tanh", "Sequential"]
    assert seen[-1] is net


def test_each_child_is_asked_to_switch_itself():
    class Frozen(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.Dropout()

        def train(self, mode=True):
            super().train(mode)
            self.norm.training = False
            return self

    net = nn.Sequential(nn.ReLU(), Frozen())
    assert net.train()[1].training
    assert not net[1].norm.training


def test_a_way_in_a_circle_ends():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net[0].above = net
    seen = []
    net.apply(seen.append).eval()
    assert [type(m).__name__ for m in seen] == ["Linear", "ReLU", "Sequential"]
    assert not net[1].training
    assert list(net.state_dict()) == ["0.weight", "0.bias"]
    with pytest.raises(KeyError):
        net.apply({}.__getitem__)
    net.train()
    assert net[1].training, "an error on the way leaves nothing behind"


@pytest.mark.parametrize(
    ("switch", "dtype"),
    [
        (lambda net: net.to(np.float16), np.float16),
        (lambda net: net.to("float64"), np.float64),
        (lambda net: net.to("cpu", np.float64), np.float64),
        (lambda net: net.to(dtype=np.float64), np.float64),
        (lambda net: net.to(ag.tensor(np.zeros(1, np.float16))), np.float16),
        (lambda net: net.double(), np.float64),
        (lambda net: net.double().float(), np.float32),
        (lambda net: net.half(), np.float16),
        (lambda net: net.cpu().to("cpu").to(device="cpu"), np.float32),
    ],
)
def test_numbers_of_another_type_in_the_same_parameters(switch, dtype):
    net = Block()
    net.register_buffer("mean", np.zeros(3, np.float32))
    net(x(2, 3)).sum().backward()
    held, frozen = [*net.parameters()], net.linear.bias.requires_grad_(False)
    assert switch(net) is net
    assert all(a is b for a, b in zip(held, net.parameters(), strict=True))
    assert {p.dtype for p in held} == {p.grad.dtype for p in held} == {net.mean.dtype} == {np.dtype(dtype)}
    assert net.seen.dtype == np.int64
    assert not frozen.requires_grad
    assert net.gain.is_leaf
    net(x(2, 3).astype(dtype)).sum().backward()
    assert net.gain.grad.dtype == dtype


def test_other_devices_and_types_are_refused():
    with pytest.raises(ag.OptionError, match="there is no device 'cuda:0' here"):
        nn.Linear(1, 1).to("cuda:0")
    with pytest.raises(ag.DTypeError, match="need floating point numbers, got dtype int32"):
        nn.Linear(1, 1).to(np.int32)


def test_zero_grad_can_leave_zeros():
    net = Net()
    net(x(2, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.temperature.grad.tolist() == 0
    assert net.heads["right"].weight.grad is None


# --- where errors came up ---


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(3, 2))

    def forward(self, x):
        return self.net(x)


@pytest.mark.parametrize(
    ("module", "place"),
    [
        (nn.Linear(3, 2), "In Linear."),
        (Outer(), "In net.2 (Linear)."),
        (Outer().net, "In net.2 (Linear)."),
        (nn.Sequential(nn.Sequential(nn.Linear(3, 2))), "In 0.0 (Linear)."),
        (Net(), "In blocks.0.linear (Linear)."),
    ],
)
def test_errors_name_the_place_once(module, place):
    with pytest.raises(ag.ShapeError) as caught:
        module(np.ones((2, 5), np.float32))
    message = str(caught.value)
    assert message.startswith("linear: x has 5 features but weight expects 3")
    assert message.endswith(f". {place}")
    assert message.count("In ") == 1


def test_errors_name_the_place_in_a_list_that_has_grown():
    net = Net()
    net.blocks.append(nn.Linear(5, 3))
    list(net.parameters())  # as an optimizer does
    with pytest.raises(ag.ShapeError, match=r"In blocks\.2 \(Linear\)\.$"):
        net(x(2, 3))


def test_errors_of_a_loss_name_it():
    with pytest.raises(ag.ShapeError, match=r"In MSELoss\.$"):
        nn.MSELoss()(np.ones((2, 1)), np.ones(2))


def test_the_place_is_known_while_a_module_computes_and_forgotten_after():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(ag.current_path())
            return x

    net = nn.Sequential(Spy(), nn.Sequential(Spy()))
    net(1)
    assert seen == ["0", "1.0"]
    assert ag.current_path() == ""


def test_a_foreign_error_passes_unchanged():
    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError, match=r"^'mine'$"):
        nn.Sequential(Broken())(1)
    assert ag.current_path() == ""
