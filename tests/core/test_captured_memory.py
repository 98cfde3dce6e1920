"""How little memory a plan takes: what is read no more is written over, and what need not be kept is not."""

import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.capture.planning import read_by
from autograd_core.kernels.llvm import available
from autograd_core.lowered import Host

only_native = pytest.mark.skipif(not available(), reason="machine code needs llvmlite")

SIDE = 128  # of matrices that are large enough to be written in place
FACTOR = np.random.default_rng(4).standard_normal((SIDE, SIDE)) / SIDE

WINDOWS = {
    "apart": {"kernel_size": 2},
    "overlapping": {"kernel_size": 3, "stride": 2},
    "padded": {"kernel_size": 3, "stride": 2, "padding": 1},
    "over the end": {"kernel_size": 2, "stride": 3, "ceil_mode": True},
    "dilated": {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2},
}


def replayed(function, *args, exact=False):
    captured = ag.compile(function, exact=exact)
    for _ in range(3):
        result = captured(*args)
    assert captured.plan is not None
    return captured.plan, result


def pooled(activation, **windows):
    """The gradient of a function with a pooling behind an activation; weights make each element's cotangent differ."""

    def function(scales, x, weights):
        return ag.sum(ag.max_pool2d(activation(scales * x), **windows) * weights)

    x = np.random.default_rng(0).standard_normal((8, 3, 9, 8))
    x[0, 0, :4, :4] = -abs(x[0, 0, :4, :4])  # windows without anything positive
    x[1, 0] = np.round(x[1, 0])  # equal maxima
    weights = np.random.default_rng(1).standard_normal(ag.max_pool2d(x, **windows).shape)
    return ag.grad(function), (np.ones_like(x), x, weights)


def pooling_and_what_reads_its_argument_later(plan):
    found = next(i for i, step in enumerate(plan.steps) if isinstance(step, Host) and step.label == "max_pool2d")
    argument = plan.steps[found].inputs[0].buffer
    return found, [step for step in plan.steps[found + 1 :] if argument in {piece.buffer for piece in read_by(step)}]


@pytest.mark.parametrize("windows", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("activation", [ag.relu, ag.tanh, lambda x: ag.relu(x + 100), lambda x: ag.relu(x - 100)])
def test_gradients_through_a_pooling_are_those_of_eager_code(activation, windows):
    function, args = pooled(activation, **windows)
    _, gradient = replayed(function, *args)
    # tanh: 4 units in the last place of its slope, which is at most 1; all else is the same arithmetic
    np.testing.assert_allclose(gradient, function(*args), rtol=0, atol=(activation is ag.tanh) * 1e-14)
    _, gradient = replayed(function, *args, exact=True)
    assert gradient.tobytes() == function(*args).tobytes()


@pytest.mark.parametrize("windows", WINDOWS.values(), ids=WINDOWS)
def test_what_is_not_a_number_comes_through_a_pooling_as_in_eager_code(windows):
    function, (scales, x, weights) = pooled(ag.relu, **windows)
    x[2, 1, 3, 3] = x[3, 0, 5, 5] = x[3, 0, 5, 6] = np.nan
    _, gradient = replayed(function, scales, x, weights)
    np.testing.assert_array_equal(gradient, function(scales, x, weights))


def test_a_relu_before_a_pooling_is_not_kept_for_its_gradient():
    function, args = pooled(ag.relu, kernel_size=2)
    plan, _ = replayed(function, *args)
    place, later = pooling_and_what_reads_its_argument_later(plan)
    assert place
    assert not later


@pytest.mark.parametrize(
    "other", [lambda found, scales: found * np.cos(FACTOR[:8, :8]), lambda found, scales: (found > 0) * scales]
)
def test_a_relu_that_somebody_else_reads_has_its_whole_gradient(other):
    def function(scales, x, weights):
        found = ag.relu(scales * x)
        return ag.sum(ag.max_pool2d(found, 2) * weights) + ag.sum(other(found, scales))

    rng = np.random.default_rng(2)
    args = np.ones((8, 3, 8, 8)), rng.standard_normal((8, 3, 8, 8)), rng.standard_normal((8, 3, 4, 4))
    _, gradient = replayed(ag.grad(function), *args)
    # products below 16, and a multiply-add that rounds once where eager code rounds twice
    np.testing.assert_allclose(gradient, ag.grad(function)(*args), rtol=0, atol=16 * float(np.finfo(float).eps))


def test_a_gradient_that_is_kept_is_that_of_eager_code():
    """The masked cotangent itself is what the function returns, or leaves behind."""
    rng = np.random.default_rng(3)
    x, weights = rng.standard_normal((8, 3, 8, 8)), rng.standard_normal((8, 3, 4, 4))
    function = ag.grad(lambda x: ag.sum(ag.max_pool2d(ag.relu(x), 2) * weights))
    _, gradient = replayed(function, x)
    np.testing.assert_array_equal(gradient, function(x))
    leaf = ag.tensor(x, requires_grad=True)

    def step():
        leaf.grad = None
        ag.sum(ag.max_pool2d(ag.relu(leaf), 2) * weights).backward()

    replayed(step)
    np.testing.assert_array_equal(leaf.grad.data, function(x))


OVERLAPPING = {
    "its transpose": lambda p: p + p.T,
    "its first row": lambda p: p + p[:1],
    "its last column": lambda p: p - p[:, -1:],
    "itself reversed": lambda p: p * p[::-1],
    "its transpose, twice": lambda p: ag.tanh(p + p.T) * p.T,
}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("function", OVERLAPPING.values(), ids=OVERLAPPING)
def test_nothing_is_written_over_what_another_element_needs(function, exact):
    def product(a):
        return function(a @ FACTOR) @ FACTOR

    _, result = replayed(product, FACTOR, exact=exact)
    # sums of 128 products of numbers below 1/10: far below one rounding of 1
    np.testing.assert_allclose(result, product(FACTOR), rtol=0, atol=float(np.finfo(float).eps))


def test_a_chain_of_steps_on_a_product_has_the_memory_of_the_product():
    def function(a):
        p = a @ FACTOR
        return ag.exp(p - ag.max(p, axis=1, keepdims=True)) @ FACTOR

    plan, result = replayed(function, FACTOR)
    np.testing.assert_allclose(result, function(FACTOR), rtol=1e-13)
    assert plan.nbytes < 1.5 * FACTOR.nbytes


@only_native
@pytest.mark.parametrize("depth", [2, 4])
def test_a_training_step_holds_its_activations_and_one_array_more(depth):
    """A cotangent in the place of the last activation, and the next; a weight's gradient is never there as a whole."""
    batch, width = 64, 256
    layers = [part for i in range(depth) for part in (nn.Linear(width, width, rng=i), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(width, 10, rng=depth))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    x = ag.tensor(np.random.default_rng(5).standard_normal((batch, width)).astype(np.float32))
    y = ag.tensor(np.arange(batch) % 10)
    plan, _ = replayed(step, x, y)
    assert plan.nbytes < (depth + 1.25) * x.nbytes  # the logits and their cotangent are a tenth each


def test_replays_leave_nothing_behind():
    """A view of an array that a Python function returned holds that array, and is held by nobody."""
    captured = ag.compile(lambda x: ag.sort(ag.reshape(ag.sort(x), (8, -1)).T))
    for _ in range(3):
        captured(FACTOR)
    assert "within" in captured.plan.replay.source
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(10):
            captured(FACTOR)
        assert tracemalloc.get_traced_memory()[0] - before < FACTOR.nbytes
    finally:
        tracemalloc.stop()
