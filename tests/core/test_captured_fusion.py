"""What stands for operations where steps become machine code, and what replays leave out: the numbers stay the same."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.kernels.llvm import available
from autograd_core.lowered import Host, Product
from nn.optim import SGD, Adam

# Sums of ten terms, and an exponential within 4 units in the last place: a dozen roundings.
ROUNDING = 64 * float(np.finfo(np.float64).eps)

only_native = pytest.mark.skipif(not available(), reason="machine code needs llvmlite")


def _replayed(function, *cases):
    """The function captured, and replayed on the last of some cases."""
    captured = ag.compile(function)
    for case in (cases[0], cases[0], *cases):
        result = captured(*case)
    assert captured.plan is not None
    return captured, result


def _labels(kind=np.int64):
    rng = np.random.default_rng(0)
    return [(rng.standard_normal((7, 5)) * 3, rng.integers(0, 5, 7).astype(kind)) for _ in range(2)]


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_and_its_gradient_are_those_of_eager_code(reduction, kind):
    function = ag.value_and_grad(lambda x, y: ag.sum(ag.cross_entropy(x, y, reduction=reduction) ** 2))
    cases = _labels(kind)
    _, (value, gradient) = _replayed(function, *cases)
    wanted, slope = function(*cases[-1])
    np.testing.assert_allclose(value, wanted, rtol=ROUNDING)
    np.testing.assert_allclose(gradient, slope, rtol=ROUNDING, atol=ROUNDING * np.abs(slope).max())


def test_logits_that_are_not_finite_give_the_losses_of_eager_code():
    def function(x, y):
        return ag.cross_entropy(x, y, reduction="none")

    x, y = _labels()[0]
    x[0, 0], y[0] = -np.inf, 1
    x[1] = 1000.0
    x[2, 3] = np.nan
    x[3, 2], y[3] = -np.inf, 2
    _, losses = _replayed(function, _labels()[1], (x, y))
    np.testing.assert_allclose(losses, function(x, y), rtol=ROUNDING)


@only_native
def test_cross_entropy_is_steps_and_a_check():
    captured, _ = _replayed(ag.value_and_grad(ag.cross_entropy), *_labels())
    assert [step.label for step in captured.plan.steps if isinstance(step, Host)] == ["check"]


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_a_label_out_of_range_is_refused_before_anything_moves(optimizer):
    x, y = _labels()[0]
    model = nn.Linear(5, 5)
    moving = optimizer(model.parameters(), lr=0.1)

    def step(x, y):
        moving.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward()
        moving.step()
        return loss

    captured = ag.compile(step)
    for _ in range(4):
        captured(x, y)
    assert captured.plan is not None
    before = [p.data.copy() for p in model.parameters()]
    steps = [state.get("step") for state in moving.state.values()]
    for wrong in (5, -1):
        with pytest.raises(ag.OptionError, match=f"label {wrong} is out of range for 5 classes"):
            captured(x, np.where(np.arange(7) == 3, wrong, y))
    for parameter, was in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.data, was)
    assert [state.get("step") for state in moving.state.values()] == steps


def test_what_a_zero_cotangent_meets_is_absorbed_in_a_replay():
    function = ag.grad(lambda x, w: ag.sum(ag.sqrt(x) * w))
    x, w = np.array([0.0, 4.0, 0.0, 9.0]), np.array([0.0, 1.0, 2.0, 0.0])
    with np.errstate(divide="ignore"):
        _, gradient = _replayed(function, (x + 1, w), (x, w))
        np.testing.assert_array_equal(gradient, [0.0, 0.25, np.inf, 0.0])


def test_another_rate_takes_effect_in_the_next_replay():
    w = ag.tensor(np.ones(3), requires_grad=True)
    moving = SGD([w], lr=0.5)

    def step(x):
        moving.zero_grad()
        (w * x).sum().backward()
        moving.step()

    captured, x = ag.compile(step), np.array([1.0, 2.0, 3.0])
    expected = np.ones(3)
    for rate in (0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 1, 0.5):
        moving.param_groups[0]["lr"] = rate
        captured(x)
        expected -= rate * x
        np.testing.assert_array_equal(w.data, expected)
    assert captured.plan is not None


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_scalar_of_numpy_is_an_argument_like_an_array_of_one_number(kind):
    captured = ag.compile(lambda a: a * 2 + 1)
    for x in (np.array(2.0, kind), np.array(2.0, kind), np.array(3.0, kind), kind(4.0), kind(5.0), np.array(6.0, kind)):
        assert captured(x) == 2 * x + 1
    assert captured.plan is not None


def test_a_call_of_another_kind_is_not_taken_for_the_last():
    captured = ag.compile(lambda x, n: x * n)
    x = np.arange(9.0).reshape(3, 3)
    calls = [
        (x, 2),
        (x, 2),
        (x, 2),
        (x, 2),
        (x, 3),
        (x, 2.0),
        (x.T, 2),
        (x.astype(np.int64), 2),
        (x[:1], 2),
        (x, True),
    ]
    for given, n in calls * 3:
        result = captured(given, n)
        np.testing.assert_array_equal(result, given * n)
        assert result.dtype == (given * n).dtype


def test_results_come_in_the_containers_of_the_function():
    captured = ag.compile(lambda x: {"a": (x + 1, [x * 2, None]), 3: ()})
    for i in range(4):
        result = captured(np.full(2, float(i)))
        assert list(result) == ["a", 3]
        assert result[3] == ()
        assert type(result["a"]) is tuple
        assert result["a"][1][1] is None
        np.testing.assert_array_equal(result["a"][0], [i + 1, i + 1])
        np.testing.assert_array_equal(result["a"][1][0], [2 * i, 2 * i])
    assert captured.plan is not None


def _descending(keep_gradients):
    """A layer that learns by plain gradient descent, and its step."""
    layer = nn.Linear(12, 5, rng=0, dtype=np.float64)
    optimizer = SGD(layer.parameters(), lr=0.1)

    def step(x, y):
        if keep_gradients:
            optimizer.zero_grad()
        ag.mean((layer(x) - y) ** 2).backward()
        optimizer.step()
        if not keep_gradients:
            optimizer.zero_grad()

    return layer, optimizer, step


@only_native
@pytest.mark.parametrize("keep_gradients", [False, True])
def test_plain_descent_is_part_of_the_product_unless_somebody_wants_the_gradient(keep_gradients):
    rng = np.random.default_rng(1)
    (eager, slow, eager_step), (layer, optimizer, step) = _descending(keep_gradients), _descending(keep_gradients)
    captured = ag.compile(step)
    for i in range(8):
        x, y = ag.tensor(rng.standard_normal((7, 12))), ag.tensor(rng.standard_normal((7, 5)))
        slow.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] = 0.1 / (1 + i // 3)  # read anew by each replay
        eager_step(x, y)
        captured(x, y)
        for p, q in zip(eager.parameters(), layer.parameters(), strict=True):
            np.testing.assert_allclose(q.data, p.data, rtol=ROUNDING, atol=ROUNDING)
            if keep_gradients:
                np.testing.assert_allclose(q.grad.data, p.grad.data, rtol=ROUNDING, atol=ROUNDING)
            else:
                assert q.grad is None
    products = [each for each in captured.plan.steps if isinstance(each, Product) and each.keep == 1]
    assert len(products) == (0 if keep_gradients else 2)  # of the weight, and of the bias


@only_native
@pytest.mark.parametrize(
    ("a", "b"),
    [((6, 4), (4,)), ((4,), (4, 6)), ((3, 6, 4), (3, 4, 2)), ((3, 6, 4), (4, 2)), ((6, 4), (4, 3))],
    ids=str,
)
def test_gradients_of_products_and_reshaped_arrays_are_steps(a, b):
    def loss(x, y):
        return ag.sum(ag.tanh(ag.swapaxes(ag.reshape(x @ y, (-1, 2)), 0, 1)) ** 2)

    rng = np.random.default_rng(0)
    cases = [(rng.standard_normal(a), rng.standard_normal(b)) for _ in range(2)]
    captured, found = _replayed(ag.grad(loss, (0, 1)), *cases)
    assert not [step for step in captured.plan.steps if isinstance(step, Host)]
    for gradient, wanted in zip(found, ag.grad(loss, (0, 1))(*cases[-1]), strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=ROUNDING, atol=ROUNDING * np.abs(wanted).max())
