"""The meter counts the multiply-adds of all products, and exactly the memory that a graph keeps."""

import tracemalloc

import numpy as np
import pytest

import autograd_core as ag


def wanted(*shape):
    return ag.tensor(np.ones(shape), requires_grad=True)


@pytest.mark.parametrize(
    ("shapes", "product", "count"),
    [
        ([(3, 4), (4, 5)], lambda a, b: a @ b, 3 * 4 * 5),
        ([(3, 4), (4,)], lambda a, v: a @ v, 3 * 4),
        ([(4,), (4, 5)], lambda v, b: v @ b, 4 * 5),
        ([(4,), (4,)], lambda u, v: u @ v, 4),
        ([(7, 2, 3, 4), (2, 4, 5)], lambda m, n: m @ n, 7 * 2 * 3 * 4 * 5),  # PyTorch's FlopCounterMode: 1680 / 2
        ([(3, 4), (4,)], ag.dot, 3 * 4),
        ([(3, 4, 5), (4, 5, 2)], ag.tensordot, 3 * 4 * 5 * 2),
        ([(2, 3, 5), (7, 5), (7,)], ag.linear, 2 * 3 * 5 * 7),
        ([(2, 3, 5, 4), (2, 3, 6, 4)], lambda q, k: ag.einsum("bhqd,bhkd->bhqk", q, k), 2 * 3 * 5 * 4 * 6),
        ([(3, 4), (4, 5), (5, 2)], lambda a, b, c: ag.einsum("ij,jk,kl->il", a, b, c), 4 * 5 * 2 + 3 * 4 * 2),
        ([(2, 1), (3, 4)], lambda a, b: ag.einsum("ij,kj->ik", a, b), 2 * 4 * 3),  # an axis of length 1 is repeated
        ([(3, 4), (2, 1)], lambda a, b: ag.einsum("ij,kj->ik", a, b), 2 * 4 * 3),
        ([(3, 3)], lambda a: ag.einsum("ii->i", a), 0),
        ([(5,), (3,)], lambda a, v: ag.convolve(a, v, "same"), 2 + 3 + 3 + 3 + 2),
        ([(1, 4, 3), (4, 2, 3)], lambda y, w: ag.conv1d_input(y, w, (1, 2, 5)), 4 * 3 * 2 * 3),
        ([(1, 2, 5), (1, 4, 3)], lambda x, y: ag.conv1d_weight(x, y, (4, 2, 3)), 4 * 3 * 2 * 3),
        ([(3, 4), (3, 4)], lambda a, b: a * b + a, 0),
        ([(3,), (4,)], ag.outer, 0),
    ],
)
def test_multiply_adds_are_counted_whichever_argument_is_wanted(shapes, product, count):
    for i in range(len(shapes)):
        arguments = [wanted(*shape) if i == j else np.ones(shape) for j, shape in enumerate(shapes)]
        with ag.metered() as meter:
            product(*arguments)
        counted = sum(cost.multiply_adds for cost in meter.costs)
        assert counted == (0 if product is ag.linear and i == 2 else count)  # of a constant, only the bias is recorded


def test_four_factors_cost_what_each_contraction_on_the_way_costs():
    operands = [wanted(*shape) for shape in [(2, 3, 4), (4, 5), (5, 6, 3), (6,)]]
    with ag.metered() as meter:
        ag.einsum("abc,cd,deb,e->a", *operands)
    # numpy.einsum_path goes e,deb->bd then bd,cd->bc then bc,abc->a, and counts twice this plus 1
    assert sum(cost.multiply_adds for cost in meter.costs) == 6 * 5 * 3 + 3 * 5 * 4 + 3 * 4 * 2


def test_shared_memory_is_kept_once_and_leaves_are_not_kept():
    x, w = wanted(30, 40), wanted(40, 50)
    with ag.metered() as meter:
        h = ag.relu(x @ w)
        y = h @ w.T  # noqa: F841 (held: else nothing is kept)
    assert dict(zip([cost.operation for cost in meter.costs], meter.kept(), strict=True)) == {
        "matmul": 0,  # the second reads h, which relu keeps already; x and w are leaves
        "relu": 30 * 50 * 8,
        "transpose": 0,
    }


def test_what_is_let_go_is_not_kept():
    x = wanted(30)
    with ag.metered() as meter:
        ag.exp(x)
        y = ag.exp(x)
    assert meter.kept() == [0, 240]
    y.sum().backward()
    assert meter.kept() == [0, 0]  # and what a sweep freed neither


def test_what_nobody_wants_keeps_nothing():
    x, w = wanted(30, 40), wanted(40, 50)
    with ag.metered(unwanted=[x]) as meter:
        y = ag.exp(x) @ w  # noqa: F841
        z = ag.einsum("ij,ij->j", x, np.ones((30, 40)))  # noqa: F841
    assert [(cost.operation, kept) for cost, kept in zip(meter.costs, meter.kept(), strict=True)] == [
        ("exp", 0),
        ("matmul", 30 * 40 * 8),
        ("einsum", 0),
    ]
    assert meter.reads(x)
    assert not meter.reads(wanted(1))


def test_kept_is_what_the_graph_holds_in_memory():
    x = np.ones((64, 8, 30, 30), np.float32)
    w = ag.tensor(np.ones((8, 8, 3, 3), np.float32), requires_grad=True)

    def forward():
        return ag.sum(ag.max_pool2d(ag.sigmoid(ag.conv2d(x, w)), 2))

    forward()
    tracemalloc.start()
    held = forward()
    measured, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with ag.metered() as meter:
        again = forward()  # noqa: F841
    assert held.node is not None
    # nodes and Python objects come on top: some kB, against 3.9 MB
    assert sum(meter.kept()) == pytest.approx(measured, rel=0.01)
