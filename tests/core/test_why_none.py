"""why_none names the cause of a missing gradient, the line, the module and the operation, on planted cases."""

import gc
import inspect
import weakref
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.why.none import CAUSES


def line_of(marker):
    """The number of the line of this file that ends in a comment with the marker."""
    lines = Path(__file__).read_text().splitlines()
    (found,) = [i for i, line in enumerate(lines, 1) if line.endswith(f"  # {marker}")]
    return found


def blames(answer, cause, marker=None, path="", operation=None):
    """Whether an answer names the cause, the line of the marker (none without one), the module and the operation."""
    assert answer.cause == cause
    assert answer.cause in CAUSES
    assert (answer.place and (answer.place.file, answer.place.line)) == (marker and (__file__, line_of(marker)))
    assert answer.path == path
    assert operation in (None, answer.operation)
    if marker:
        assert f"{answer.place}" in str(answer)
    return True


@pytest.fixture(autouse=True)
def _nothing_is_left_of_other_tests():
    gc.collect()


def leaf(*values):
    return ag.tensor(list(values or (1.0, 2.0)), requires_grad=True)


class Block(nn.Module):
    def __init__(self, cut=None):
        super().__init__()
        self.inner = nn.Linear(2, 2, rng=0)
        self.cut = cut

    def forward(self, x):
        h = self.inner(x)
        return h if self.cut is None else self.cut(h)


class Net(nn.Module):
    def __init__(self, cut=None):
        super().__init__()
        self.blocks = [Block(), Block(cut)]
        self.head = nn.Linear(2, 1, rng=1)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


X = np.ones((3, 2), np.float32)


# --- constants --------------------------------------------------------------------------------------------------------


def test_a_constant():
    w = ag.tensor([1.0])
    answer = ag.why_none(w)
    assert blames(answer, "constant")
    assert answer.name == "w"
    assert "requires_grad=True" in answer.remedy


def test_a_frozen_parameter_of_a_nested_module():
    net = Net()
    net.blocks[1].inner.requires_grad_(False)  # frozen
    net(X).sum().backward()
    answer = ag.why_none(net.blocks[1].inner.weight)
    assert blames(answer, "frozen", "frozen", "blocks.1.inner")
    assert answer.name == "blocks.1.inner.weight"


def test_a_parameter_made_without_requires_grad():
    scale = nn.Parameter([1.0], requires_grad=False)
    assert blames(ag.why_none(scale), "frozen")


def test_a_parameter_without_a_model_has_its_own_name():
    held = [nn.Parameter([1.0])]
    held[0].name = "gain"
    assert ag.why_none(held[0]).name == "gain"


def test_a_leaf_frozen_while_it_was_used():
    w = leaf()
    w.requires_grad = False  # frozen while used
    y = (w * 2.0).sum()
    w.requires_grad_()
    assert blames(ag.why_none(w), "frozen", "frozen while used")
    assert blames(ag.why_none(y), "frozen", "frozen while used")


def test_what_was_detached_in_a_module_and_computed_with():
    def cut(h):
        return h.detach()  # detached

    y = 3.0 * Block(cut)(X).sum()
    assert blames(ag.why_none(y), "detached", "detached", operation="detach")


def test_what_was_detached_in_a_nested_module():
    def cut(h):
        return ag.stop_gradient(h)  # stopped

    net = Net(cut)
    h = net.blocks[1](X)
    net(X)
    assert blames(ag.why_none(h * 2.0), "detached", "stopped", "blocks.1", "stop_gradient")


def test_a_tensor_made_from_the_array_of_another():
    w = leaf()
    h = ag.exp(w)
    copied = ag.asarray(h.data)
    answer = ag.why_none(copied)
    assert blames(answer, "shared memory")
    assert "memory of h" in str(answer)


def test_what_was_computed_under_no_grad_names_the_line_that_switched_it_off():
    w = leaf()
    with ag.no_grad():  # off
        total = 0.0
        for _ in range(3):
            total = total + (w * w).sum()
    assert blames(ag.why_none(total * 2.0), "no_grad", "off")


def test_what_a_decorated_function_computed():
    net = Net()

    @ag.no_grad()
    def evaluate(x):
        return net(x)

    answer = ag.why_none(evaluate(X))  # decorated
    assert blames(answer, "no_grad", "decorated", "blocks.0.inner")


def test_a_gradient_penalty_without_create_graph():
    w = leaf()
    g = ag.gradients((w**2).sum(), w)
    (w**3).sum().backward()
    for penalty in ((g**2).sum(), (w.grad**2).sum(), w.grad):
        answer = ag.why_none(penalty)
        assert blames(answer, "gradient")
        assert "create_graph=True" in answer.remedy


def test_integer_labels():
    labels = ag.tensor(np.array([0, 1, 1]))
    answer = ag.why_none(labels)
    assert blames(answer, "dtype")
    assert "int64" in str(answer)


@pytest.mark.parametrize(
    ("lose", "operation"),
    [
        (lambda x: ag.argmax(x), "argmax"),
        (lambda x: x > 0, "greater"),
        (lambda x: x.astype(int), "astype"),
        (lambda x: 1.0 * ag.isnan(x), "isnan"),
    ],
)
def test_what_an_operation_without_derivative_returned(lose, operation):
    token = ag.enter_module("loss")
    lost = lose(leaf()) * 2.0
    ag.leave_module(token)
    answer = ag.why_none(lost)
    assert (answer.cause, answer.operation, answer.path) == ("operation", operation, "loss")
    assert answer.place == (__file__, inspect.getsourcelines(lose)[1] + (lose(leaf()) is None))


def test_accuracy_as_a_loss_names_the_comparison_in_a_loop():
    net, hits = Net(), 0.0
    for x in X:
        hits = hits + (net(x) > 0.0).sum()  # compared
    assert blames(ag.why_none(hits), "operation", "compared", operation="greater")


# --- results ----------------------------------------------------------------------------------------------------------


def test_a_leaf_that_was_scaled_is_none_any_more():
    with ag.watch():
        w = 0.1 * leaf()  # scaled
    (w * w).sum().backward()
    answer = ag.why_none(w)
    assert blames(answer, "intermediate", "scaled", operation="multiply")
    assert "retain_grad()" in answer.remedy


def test_an_intermediate_result_in_a_module_has_its_path():
    kept = []
    with ag.watch():
        Net(lambda h: kept.append(ag.tanh(h)) or kept[-1])(X).sum().backward()  # hidden
    assert blames(ag.why_none(kept[0]), "intermediate", "hidden", "blocks.1", "tanh")


def test_a_result_whose_gradient_is_to_be_retained_waits_for_a_sweep():
    h = ag.exp(leaf())
    h.retain_grad()
    assert ag.why_none(h).cause == "no backward"
    k = ag.exp(leaf())
    k.sum().backward()
    k.retain_grad()
    assert ag.why_none(k).cause == "freed"


# --- leaves -----------------------------------------------------------------------------------------------------------


def test_backward_was_not_called():
    net = Net()
    with ag.watch():
        loss = net(X).sum()  # loss
    for answer in (ag.why_none(net.head.weight, loss), ag.why_none(net.head.weight)):
        assert blames(answer, "no backward", "loss", "head", "sum")
        assert answer.name == "head.weight"


def test_gradients_fills_no_grad():
    w = leaf()
    loss = (w * w).sum()
    ag.gradients(loss, w)
    answer = ag.why_none(w, loss)
    assert answer.cause == "no backward"
    assert "ag.gradients" in answer.remedy


def test_a_leaf_that_was_never_used():
    net = Net()
    net.spare = nn.Linear(2, 2, rng=0)
    loss = net(X).sum()
    loss.backward()
    answer = ag.why_none(net.spare.weight, loss)
    assert blames(answer, "not on a path", path="spare")
    assert answer.name == "spare.weight"
    assert blames(ag.why_none(net.spare.weight), "unused", path="spare")


def test_the_output_was_computed_from_a_detached_copy():
    w, other, frozen = leaf(), leaf(), leaf()
    frozen.requires_grad_(False)
    elsewhere = other.detach(), frozen * 2.0, ag.argmax(other)
    h = w.detach()  # copied
    loss = (h * leaf()).sum()
    loss.backward()
    answer = ag.why_none(w, loss)
    assert blames(answer, "not on a path", "copied", operation="detach")
    assert len(answer.ways) == 1
    assert not any(value.requires_grad for value in elsewhere)  # alive, and none of them its own


def test_watched_the_argument_is_found_that_came_as_an_array():
    def scaled(x):
        return np.asarray(x.data) * 1.0, x.data

    w = leaf()
    with ag.watch():
        h = ag.tanh(w)
        _, array = scaled(h)
        loss = (leaf() * array).sum()  # as an array
    loss.backward()
    answer = ag.why_none(w, loss)
    assert blames(answer, "cut", "as an array", operation="multiply")
    assert "tanh" in str(answer)


def test_watched_a_part_of_a_leaf_that_came_as_an_array_is_found():
    w = leaf(1.0, 2.0, 3.0)
    with ag.watch():
        loss = (leaf() * w.data[1:]).sum()  # part
    answer = ag.why_none(w, loss)
    assert blames(answer, "cut", "part", operation="multiply")
    assert "has the values of w" in str(answer)


def test_all_ends_of_the_ways_are_shown():
    w = leaf()
    loss = leaf().sum()
    with ag.watch():
        first = ag.exp(w)  # first end
        second = ag.sin(w * 2.0).sum()  # second end
    answer = ag.why_none(w, loss)
    assert answer.cause == "not on a path"
    assert [w for w in answer.ways if "exp" in w and f":{line_of('first end')} " in w]
    assert [w for w in answer.ways if "sum" in w and f":{line_of('second end')} " in w]
    assert first.node is not second.node


def test_the_output_itself_is_cut_off():
    w = leaf()
    loss = (w * w).sum().detach()  # output
    answer = ag.why_none(w, loss)
    assert blames(answer, "detached", "output", operation="detach")
    assert str(answer).startswith("w.grad is None, because loss is a constant")


def test_a_custom_vjp_that_returns_none():
    @ag.custom_vjp
    def scale(x, factor):
        return x * factor

    scale.defvjp(lambda x, f: (x * f, f), lambda f, g: (g * f, None))
    x, w = leaf(), leaf(3.0)
    factor = w * 1.0
    with ag.watch():
        loss = scale(x, factor).sum()  # custom
    loss.backward()
    assert x.grad is not None
    for answer in (ag.why_none(w, loss), ag.why_none(w)):
        assert blames(answer, "cut", "custom", operation="scale")


def test_a_graph_that_an_earlier_sweep_freed():
    w = leaf()
    with ag.watch():
        h = ag.exp(w)  # shared
        first, second = h.sum(), (h * h).sum()
    first.backward()
    w.grad = None
    assert blames(ag.why_none(w, second), "freed", "shared", operation="exp")
    with pytest.raises(ag.GraphError, match="already swept"):
        second.backward()
    assert blames(ag.why_none(w, second), "freed", "shared", operation="exp")


def test_gradients_that_zero_grad_cleared():
    net = Net()
    loss = net(X).sum()
    loss.backward()
    net.zero_grad()
    for answer in (ag.why_none(net.blocks[0].inner.bias, loss), ag.why_none(net.blocks[0].inner.bias)):
        assert blames(answer, "cleared", path="blocks.0.inner")
        assert "zero_grad" in str(answer)
    del loss
    gc.collect()
    assert blames(ag.why_none(net.blocks[0].inner.bias), "cleared", path="blocks.0.inner")


def test_there_is_one():
    w = leaf()
    (w * w).sum().backward()
    assert blames(ag.why_none(w), "not None")


# --- the question itself ----------------------------------------------------------------------------------------------


def test_the_answer_shows_itself_in_words():
    w = ag.tensor([1.0])
    answer = ag.why_none(w)
    assert repr(answer) == str(answer) == f"{answer.text}\n{answer.remedy}"


@pytest.mark.parametrize("wrong", [None, np.ones(2), 1.0])
def test_what_is_no_tensor_is_refused(wrong):
    with pytest.raises(ag.DTypeError, match="why_none: t must be a Tensor"):
        ag.why_none(wrong)
    with pytest.raises(ag.DTypeError, match="why_none: y must be a Tensor"):
        ag.why_none(leaf(), wrong if wrong is not None else "y")


def test_a_deep_graph_is_no_trouble():
    w = leaf(1.0)
    y = w
    for _ in range(20_000):
        y = y + 1.0
    assert ag.why_none(w, y.sum()).cause == "no backward"


def test_asking_keeps_nothing_alive_that_the_caller_deletes():
    x = ag.tensor([1.0], requires_grad=True)
    y = ag.exp(x)
    value = weakref.ref(y)
    ag.why_none(y)
    del y
    assert value() is None
    assert x.requires_grad
