"""Hooks: when they are called, with what, and what they can change; and that without any nothing is different."""

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn


class Scale(nn.Module):
    """Two inputs, an option, two outputs."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(2.0)

    def forward(self, a, b=None, power=1):
        if power < 0:
            raise ValueError("planned")
        out = self.gain * a**power
        return out if b is None else (out, b * b)


def leaf(*values):
    return ag.tensor(np.array(values), requires_grad=True)


# --- forward ---


def test_hooks_are_called_in_order_around_the_computation():
    layer, told = Scale(), []
    layer.register_forward_pre_hook(lambda m, args: told.append(("before", m is layer, args)))
    layer.register_forward_hook(lambda m, args, out: told.append(("after", m is layer, args, out)))
    layer.register_forward_hook(lambda m, args, out: told.append("second"))
    layer.register_forward_hook(lambda m, args, out: told.append("first"), prepend=True)
    x = np.array([3.0])
    y = layer(x, power=2)
    assert told == [("before", True, (x,)), "first", ("after", True, (x,), y), "second"]


def test_hooks_change_arguments_and_results():
    layer = Scale()
    layer.register_forward_pre_hook(lambda m, args: args[0] + 1)  # one that is no tuple is the only argument
    layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "power": 2}), with_kwargs=True)
    layer.register_forward_hook(lambda m, args, kwargs, out: out + 100 * kwargs["power"], with_kwargs=True)
    assert layer(np.array(2.0)).item() == 2 * 3**2 + 200
    layer.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(ag.OptionError, match=r"returns None or \(args, kwargs\), got tuple"):
        layer(np.array(2.0))


def test_a_hook_is_taken_away_by_its_handle():
    layer, told = Scale(), []
    handle = layer.register_forward_hook(lambda *_: told.append("a"))
    with layer.register_forward_hook(lambda *_: told.append("b")):
        layer(1.0)
    layer(1.0)
    handle.remove()
    handle.remove()
    layer(1.0)
    assert told == ["a", "b", "a"]


def test_a_hook_may_take_itself_away():
    layer, told = Scale(), []

    def once(module, args, out):
        told.append(out)
        handle.remove()

    handle = layer.register_forward_hook(once)
    layer.register_forward_hook(lambda *_: told.append("other"))
    layer(1.0), layer(1.0)
    assert told[1:] == ["other", "other"]
    handle = layer.register_forward_pre_hook(lambda *_: handle.remove())
    layer.register_forward_pre_hook(lambda *_: told.append("before"))
    layer(1.0)
    assert told[3:] == ["before", "other"]


def test_always_means_also_when_something_went_wrong():
    layer, told = Scale(), []
    layer.register_forward_hook(lambda m, args, out: told.append(("always", out)), always_call=True)
    layer.register_forward_hook(lambda m, args, out: told.append(("else", out)))
    with pytest.raises(ValueError, match="planned"):
        layer(1.0, power=-1)
    assert told == [("always", None)]
    del told[:]
    broken = layer.register_forward_hook(lambda m, args, out: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        layer(1.0)
    assert [who for who, _ in told] == ["always", "else"], "once, though a later hook raised"
    broken.remove()
    layer.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
    with (
        pytest.warns(UserWarning, match=r"raised ZeroDivisionError \(division by zero\) while another error"),
        pytest.raises(ValueError, match="planned"),
    ):
        layer(1.0, power=-1)


def test_an_error_in_a_hook_names_the_module_if_it_is_of_this_library():
    net = nn.Sequential(nn.ReLU(), nn.ReLU())
    net[1].register_forward_pre_hook(lambda m, args: ag.matmul(args[0], np.ones((5, 5))))
    with pytest.raises(ag.ShapeError, match=r"In 1 \(ReLU\)\.$"):
        net(np.ones((2, 3)))


# --- backward ---


def test_backward_hooks_get_the_gradients_of_inputs_and_outputs():
    layer, told = Scale(), []
    layer.register_full_backward_pre_hook(lambda m, outputs: told.append(outputs))
    layer.register_full_backward_hook(lambda m, inputs, outputs: told.append((inputs, outputs)))
    a, b = leaf(1.0, 2.0), leaf(3.0)
    out, square = layer(a, b)
    ((out * np.array([1.0, 10.0])).sum() + 5 * square.sum()).backward()
    (outputs,), (inputs, again) = told[:1], told[1]
    assert all(type(g) is ag.Tensor for g in (*outputs, *inputs))
    assert [g.tolist() for g in outputs] == [g.tolist() for g in again] == [[1.0, 10.0], [5.0]]
    assert [g.tolist() for g in inputs] == [[2.0, 20.0], [30.0]]
    assert (a.grad.tolist(), b.grad.tolist(), layer.gain.grad.item()) == ([2.0, 20.0], [30.0], 21.0)


def test_backward_hooks_change_the_gradients():
    layer = Scale()
    layer.register_full_backward_pre_hook(lambda m, outputs: (outputs[0] * 10,))
    layer.register_full_backward_hook(lambda m, inputs, outputs: (inputs[0] + 0.5,))
    a = leaf(3.0)
    layer(a).backward()
    assert layer.gain.grad.item() == 30  # changed on the way in, not on the way out
    assert a.grad.tolist() == [20.5]


def test_what_wants_no_gradient_is_none():
    layer, told = Scale(), []
    layer.register_full_backward_hook(lambda m, inputs, outputs: told.append(inputs))
    layer(np.array([1.0]), leaf(2.0))[1].backward()
    assert told[0][0] is None
    assert told[0][1].tolist() == [4.0]
    out = layer(np.array([1.0]))
    out.backward()
    assert told[1] == (None,), "without any, the hook comes when the gradient of the output is there"
    assert layer.gain.grad.item() == 1
    layer.requires_grad_(False)
    assert not layer(np.array([1.0])).requires_grad
    with ag.no_grad():
        layer(leaf(1.0))
    assert len(told) == 2


def test_wrong_numbers_of_gradients_are_refused():
    layer = Scale()
    handle = layer.register_full_backward_hook(lambda m, inputs, outputs: inputs * 2)
    with pytest.raises(ag.OptionError, match="register_full_backward_hook: a hook returns None or 1 gradients, got 2"):
        layer(leaf(1.0)).backward()
    handle.remove()
    layer.register_full_backward_pre_hook(lambda m, outputs: ())
    with pytest.raises(ag.OptionError, match="register_full_backward_pre_hook: a hook returns None or 1 gradients"):
        layer(leaf(1.0)).backward()
    with pytest.raises(ag.OptionError, match="a function is needed, got int"):
        layer.register_full_backward_hook(3)


def test_an_output_that_is_no_tensor_is_told():
    class Named(nn.Module):
        def forward(self, x):
            return {"out": x}

    layer = Named()
    layer.register_full_backward_hook(lambda *_: None)
    with pytest.warns(UserWarning, match="a Tensor or a tuple of Tensors .* got dict from Named"):
        layer(leaf(1.0))


@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 3)])
def test_hooks_that_only_look_change_no_bit(shape):
    plain = nn.Sequential(nn.Linear(3, 4, rng=0, dtype=np.float64), nn.Tanh(), nn.Linear(4, 2, rng=1, dtype=np.float64))
    hooked = copy.deepcopy(plain)
    for module in hooked.modules():
        module.register_forward_pre_hook(lambda *_: None)
        module.register_forward_hook(lambda *_: None)
        module.register_full_backward_hook(lambda *_: None)
        module.register_full_backward_pre_hook(lambda *_: None)
    a = np.random.default_rng(0).normal(size=shape)
    x, y = leaf(*a), leaf(*a)
    (plain(x) ** 2).sum().backward()
    (hooked(y) ** 2).sum().backward()
    for p, q in zip([x, *plain.parameters()], [y, *hooked.parameters()], strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), q.grad.numpy())


def test_gradients_of_gradients_pass_through_hooks():
    layer, told = Scale(), []
    layer.register_full_backward_hook(lambda m, inputs, outputs: told.append(inputs[0]))
    x = leaf(3.0)
    (first,) = ag.gradients(layer(x, power=3), [x], create_graph=True)
    assert told[0].requires_grad
    (second,) = ag.gradients(first, [x])
    assert (first.item(), second.item()) == (2 * 3 * 3**2, 2 * 6 * 3)
    assert len(told) == 1, "the second sweep came to the input, but not through the output"
    ag.gradcheck(layer, np.array([1.5]), order=2)


def test_a_module_that_is_called_twice_has_its_hooks_called_twice():
    layer, told = Scale(), []
    layer.register_full_backward_hook(lambda m, inputs, outputs: told.append((inputs[0].item(), outputs[0].item())))
    layer(layer(leaf(1.0))).backward()
    assert told == [(2.0, 1.0), (4.0, 2.0)]


# --- being a module ---


def test_without_hooks_there_is_nothing_and_a_hook_is_no_part_of_the_module():
    net = nn.Sequential(nn.Linear(1, 1))
    assert "_hooks" not in vars(net[0])
    net[0].register_forward_hook(nn.Linear(5, 5))  # a module is a function too
    assert len(list(net.modules())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.bias"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_have_hooks_of_their_own(copied):
    layer = Scale()
    handle = layer.register_forward_hook(_double)
    other = copied(layer)
    handle.remove()
    assert (layer(1.0).item(), other(1.0).item()) == (2, 4)


def _double(module, args, output):
    return output * 2
