"""What is folded into matrix products: fewer steps, the same numbers, and nothing that somebody else reads."""

import numpy as np
import pytest
from lowered_programs import Program, turned, view

import autograd_core as ag
import nn
from autograd_core.capture.folding import folded
from autograd_core.capture.planning import needed, shared_results
from autograd_core.kernels.llvm import available
from autograd_core.lowered import Elementwise, Product
from nn.optim import SGD

only_native = pytest.mark.skipif(not available(), reason="machine code needs llvmlite")


def _layer(program, *, bias=None, in_place=True, kind="temporary"):
    """``maximum(a @ b + bias, 0)`` as eager code does it: a list of pieces, the last the result."""
    rng = np.random.default_rng(0)
    a, b = program.array(rng.standard_normal((6, 4))), program.array(rng.standard_normal((4, 5)))
    bias = program.array(rng.standard_normal(5)) if bias is None else bias
    product = program.product(a, b, program.empty((6, 5), "f8", "temporary"))
    total = program.elementwise("add", product, bias, out=product if in_place else None)
    return [a, b, bias, product, total, program.elementwise("maximum", total, 0, kind=kind)]


def _folded(program, kept=(), takes=lambda step: True):
    """The folded steps, which leave the same numbers in what is kept as all the steps."""
    kept = {piece.buffer for piece in kept}
    expected = program.by_numpy()
    program.steps = needed(folded(program.steps, kept, takes), kept)
    found = program.by_numpy()
    for buffer in kept:
        np.testing.assert_allclose(found[buffer].view("f8"), expected[buffer].view("f8"), rtol=1e-14, atol=1e-14)
    return program.steps


@pytest.mark.parametrize("in_place", [True, False])
def test_bias_and_relu_are_folded_into_a_product(in_place):
    program = Program()
    *_, out = _layer(program, in_place=in_place)
    (product,) = _folded(program, [out])
    assert (product.out, product.relu, product.bias is not None) == (out, True, True)


def test_as_much_is_folded_as_can_be_run():
    program = Program()
    *_, out = _layer(program)
    steps = _folded(program, [out], lambda step: not step.relu)
    assert [type(step) for step in steps] == [Product, Elementwise]
    assert steps[0].bias is not None


@pytest.mark.parametrize("place", [3, 4])
@pytest.mark.parametrize("in_place", [True, False])
def test_what_somebody_reads_stays(place, in_place):
    for handed in True, False:  # out of the program, or to a later step
        program = Program()
        pieces = _layer(program, in_place=in_place)
        wanted = pieces[place] if handed else program.elementwise("negative", pieces[place], kind="output")
        steps = _folded(program, [pieces[-1], wanted])
        assert not any(isinstance(step, Product) and step.relu for step in steps)


def test_a_bias_for_each_row_is_none():
    program = Program()
    column = turned(program.array(np.arange(6.0).reshape(1, 6)))
    *_, out = _layer(program, bias=column)
    assert len(_folded(program, [out])) == 3


def test_a_factor_that_changes_before_the_step_prevents_it():
    program = Program()
    a, _, bias, product, *_ = _layer(program)
    del program.steps[1:]
    program.elementwise("negative", a, out=a)
    out = program.elementwise("add", product, bias, kind="output")
    assert len(_folded(program, [a, out])) == 3


def _gated(program):
    """The cotangent of relu's argument, as eager code does it: ``(g @ w) * (x > 0)``."""
    rng = np.random.default_rng(1)
    g, w, x = (program.array(rng.standard_normal(shape)) for shape in ((6, 4), (4, 5), (6, 5)))
    product = program.product(g, w, program.empty((6, 5), "f8", "temporary"))
    truth = program.elementwise("greater", x, 0, loop=("f8", "f8", "?"))
    return x, truth, program.elementwise("multiply", product, truth, loop=("f8",) * 3, kind="output")


def test_the_gradient_of_relu_is_a_gate():
    program = Program()
    x, _, out = _gated(program)
    (product,) = _folded(program, [out])
    assert product.gate == x


def test_the_gradient_of_relu_is_no_gate_where_x_changed_since():
    program = Program()
    x, _, out = _gated(program)
    last = program.steps.pop()
    program.elementwise("negative", x, out=x)
    program.steps.append(last)
    assert len(_folded(program, [x, out])) == 4


def _descent(program, target):
    rng = np.random.default_rng(2)
    a, b = program.array(rng.standard_normal((6, 4))), program.array(rng.standard_normal((4, 5)))
    gradient = program.product(a, b, program.empty((6, 5), "f8", "temporary"))
    scaled = program.elementwise("multiply", gradient, program.array(np.array(0.125)))
    program.elementwise("subtract", target, scaled, out=target)
    return a, b


def test_a_step_of_descent_is_a_product_with_a_rate():
    program = Program()
    target = program.array(np.ones((6, 5)))
    _descent(program, target)
    (product,) = _folded(program, [target])
    assert (product.scale, product.keep, product.out) == (-1, 1, target)
    assert view(program.memory, product.rate) == 0.125


def test_a_step_of_descent_by_the_same_for_each_row_is_none():
    program = Program()
    target, a, b = (program.array(np.ones(shape)) for shape in ((6, 5), (1, 4), (4, 5)))
    program.elementwise("subtract", target, program.product(a, b, program.empty((1, 5), "f8", "temporary")), out=target)
    assert len(_folded(program, [target])) == 2


def test_a_product_is_not_written_over_its_own_factor():
    program = Program()
    square = program.array(np.random.default_rng(3).standard_normal((5, 5)))
    gradient = program.product(square, square, program.empty((5, 5), "f8", "temporary"))
    scaled = program.elementwise("multiply", gradient, program.array(np.array(0.125)))
    program.elementwise("subtract", square, scaled, out=square)
    product, subtraction = _folded(program, [square])
    assert (product.rate is not None, product.keep, subtraction.out) == (True, 0, square)


def test_the_same_is_computed_once_only_as_long_as_its_operands_are_the_same():
    program = Program()
    x = program.array(np.arange(-3.0, 3.0))
    copy = program.elementwise("copy", x, loop=("f8", "f8"))
    before = program.elementwise("maximum", copy, 0)
    program.elementwise("negative", copy, out=copy)
    after = [program.elementwise("maximum", copy, 0) for _ in range(2)]
    total = program.elementwise("add", *after)
    out = program.elementwise("subtract", before, total, kind="output")
    expected = program.by_numpy()[out.buffer]
    program.steps, _ = shared_results(program.steps, [out])
    assert [step.name for step in program.steps].count("maximum") == 2
    np.testing.assert_array_equal(program.by_numpy()[out.buffer], expected)


@only_native
def test_a_training_step_of_wide_layers_is_little_else_than_products():
    rng = np.random.default_rng(0)
    data = [(rng.standard_normal((256, 300)), rng.integers(0, 300, 256)) for _ in range(4)]
    models, losses = [], []
    for compiled in (False, True):
        layers = [nn.Linear(300, 300, rng=i, dtype=np.float64) for i in range(3)]
        model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        optimizer, loss_of = SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()

        def step(x, y, model=model, optimizer=optimizer, loss_of=loss_of):
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        run = ag.compile(step) if compiled else step
        losses.append([run(ag.tensor(x), ag.tensor(y)).item() for x, y in data])
        models.append(model)
    unit = np.finfo(np.float64).eps
    np.testing.assert_allclose(*losses, rtol=300 * unit)  # sums of 300 terms, in another order
    for p, q in zip(models[0].parameters(), models[1].parameters(), strict=True):
        np.testing.assert_allclose(q.data, p.data, rtol=0, atol=300 * unit)
    products = [each for each in run.plan.steps if isinstance(each, Product)]
    ends = [(p.bias is not None, p.relu, p.gate is not None, p.keep) for p in products]
    assert sorted(ends) == sorted(
        [(True, True, False, 0)] * 2
        + [(True, False, False, 0)]  # the last layer
        + [(False, False, True, 0)] * 2  # cotangents of activations
        + [(False, False, False, 1)] * 3  # weights
    )
    names = [each.name for each in run.plan.steps if isinstance(each, Elementwise) and each.out.shape == (256, 300)]
    assert "greater" not in names
    assert names.count("maximum") == 0
