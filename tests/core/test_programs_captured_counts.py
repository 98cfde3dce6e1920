"""What a program takes, against counts by hand, and its picture, in which every instruction stands."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.capture.counting import PASSES
from autograd_core.testing.cases import draw_case, examples_of
from autograd_core.testing.domains import First


def counts(function, *args):
    return ag.trace(function)(*args).counts


def squares(*sides):
    return np.ones(sides, np.float32)


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_network_is_counted_as_by_hand():
    model = nn.Sequential(nn.Linear(784, 30, rng=0), nn.Sigmoid(), nn.Linear(30, 10, rng=1))
    loss_of = nn.MSELoss()

    def step(x, y):
        loss = loss_of(model(x), y)
        loss.backward()
        return loss

    found = counts(step, ag.tensor(squares(5, 784)), ag.tensor(squares(5, 10)))
    first, second = 2 * 5 * 784 * 30, 2 * 5 * 30 * 10
    assert found.by_operation == {
        "linear": first + second + 5 * 30 + 5 * 10,  # each with its bias
        "sigmoid": 5 * 30,
        "squared_error": 3 * 50,  # the difference, its square, the sum
        "squared_error.vjp.x": 2 * 50,  # the difference, and the factor
        "linear.vjp.x": second,
        "linear.vjp.weight": first + second,
        "linear.vjp.bias": 5 * 30 + 5 * 10,
        "sigmoid.vjp.x": 2 * 5 * 30,  # the partial, and the product
    }
    assert found.flops == sum(found.by_operation.values())
    assert found.transcendental == 5 * 30
    assert found.operations["linear.vjp.weight"] == 2
    assert found.unknown == ()


def test_bytes_are_those_of_all_arguments_and_results():
    found = counts(lambda x, y: ag.exp(x) * y, squares(2, 3), squares(3))
    assert found.bytes_read == 4 * (6 + 6 + 3)
    assert found.bytes_written == 4 * (6 + 6)


def test_what_is_read_twice_by_one_operation_moves_once():
    found = counts(lambda x: x * x, squares(5))
    assert (found.bytes_read, found.bytes_written) == (20, 20)


@pytest.mark.parametrize(
    ("function", "args", "flops"),
    [
        (lambda x: x + 1, [squares(4)], 4),
        (lambda x, y: x * y, [squares(4, 1), squares(3)], 12),
        (lambda x: ag.sum(x, axis=0), [squares(4, 3)], 12),
        (lambda x: x[1:].T.reshape(-1), [squares(4, 3)], 0),
        (lambda x: x > 0, [squares(4, 3)], 0),
        (lambda n: n + n, [np.arange(3)], 0),
        (ag.matmul, [squares(7, 2, 3), squares(3, 5)], 7 * 2 * 5 * 3 * 2),
        (lambda a, b: ag.einsum("ij,jk->ik", a, b), [squares(2, 3), squares(3, 5)], 2 * 2 * 5 * 3),
        (lambda x, w: ag.conv2d(x, w), [squares(2, 3, 6, 6), squares(4, 3, 3, 3)], 2 * (2 * 4 * 4 * 4) * (3 * 3 * 3)),
        (lambda x: ag.max_pool2d(x, 2), [squares(1, 1, 4, 4)], 4 * 4),
        (ag.softmax, [squares(2, 5)], 50),
    ],
)
def test_operations_are_counted_by_their_rules(function, args, flops):
    assert counts(function, *args).flops == flops


@pytest.mark.parametrize(
    ("function", "args", "flops"),
    [
        (lambda x: ag.sum(x * 3), [squares(4)], 4 + 4 + 4 + 8),  # product, sum; spread; partial and product
        (lambda x: ag.sum(-x), [squares(4)], 4 + 4 + 4),  # the negative of a cotangent moves it
        (lambda x, y: ag.sum(x + y), [squares(4, 3), squares(3)], 12 + 12 + 12 + 12),  # the last: over the rows
        (lambda a, b: ag.sum(a @ b), [squares(2, 3), squares(3, 5)], 60 + 10 + 10 + 60 + 60),
        (lambda x: ag.sum(x + x), [squares(4)], 4 + 4 + 4 + 4),  # the cotangents are added up
    ],
)
def test_sweeps_are_counted_by_their_rules(function, args, flops):
    pulled = ag.grad(function, argnums=tuple(range(len(args))))
    assert counts(pulled, *args).flops == flops


@pytest.mark.parametrize("name", ["matmul", "linear", "einsum", "conv1d", "conv2d", "conv3d", "convolve"])
def test_products_agree_with_what_is_metered(name):
    op = ag.REGISTRY[name]
    for example in examples_of(op):
        case = draw_case(First(), op, example)
        plain = [a for k, a in enumerate(case.arrays) if op.variadic or op.arrays[case.slots[k][0]] != "bias"]
        if len(plain) < len(case.arrays):
            continue  # additions of a bias are no multiply-adds
        with ag.metered() as meter:
            case(*(ag.tensor(a, requires_grad=a.dtype.kind == "f") for a in case.arrays))
        found = counts(lambda *arrays, case=case: case(*arrays), *case.arrays)
        assert found.flops == 2 * sum(cost.multiply_adds for cost in meter.costs)


def test_what_has_no_rule_is_named():
    found = counts(lambda x: ag.linalg.inv(x) + x, np.eye(3))
    assert found.unknown == ("linalg.inv",)
    assert found.flops == 9
    assert str(found).endswith("without a rule, and counted as 0: linalg.inv")


def test_the_rules_name_operations_that_there_are():
    assert set(PASSES) <= set(ag.REGISTRY)


def test_counts_are_printed_as_a_table():
    assert (
        str(counts(lambda x, w: ag.sum(ag.tanh(x @ w)), squares(2, 3), squares(3, 1000)))
        == """\
operation    count            flops
matmul           1           12,000
tanh             1            2,000
sum              1            2,000
all              3           16,000
2,000 of them transcendental
28,024 bytes read, 16,004 written"""
    )


# --- pictures ---------------------------------------------------------------------------------------------------------


def training():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Sequential(nn.Dropout(0.5, rng=0), nn.Linear(3, 2, rng=1)))

    def step(x, y):
        loss = ag.mean((model(x) - y) ** 2)
        loss.backward()
        with ag.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        return loss

    return ag.trace(step)(ag.tensor(squares(5, 4)), ag.tensor(squares(5, 2)))


def test_a_picture_has_every_instruction_input_and_constant():
    program = training()
    picture = ag.draw(program, fold=False).picture
    steps = [item.step for item in picture.items if item.step is not None]
    assert sorted(steps) == list(range(1, len(program) + 1))
    kinds = [item.kind for item in picture.items]
    assert kinds.count("input") == len(program.inputs)
    assert kinds.count("constant") == len(program.constants())
    assert len(kinds) == len(program) + len(program.inputs) + len(program.constants())
    assert {item.title for item in picture.items if item.kind == "parameter"} == set(program.tensors)
    assert kinds.count("effect") == 5  # four are stored, one is drawn
    assert kinds.count("gradient") == 4
    assert kinds.count("output") == 1


def test_a_picture_has_an_edge_for_every_argument():
    program = ag.trace(ag.grad(lambda x: ag.sum(ag.concatenate([x, ag.sin(x)]) * 2)))(np.ones(3))
    items = ag.draw(program).picture.items
    edges = {item.title: [(items[e.source].title, e.argument) for e in item.edges] for item in items}
    assert edges["concatenate"] == [("x", "arrays[0]"), ("sin", "arrays[1]")]
    assert edges["multiply"] == [("concatenate", "a")]
    assert edges["multiply.vjp.a"] == [("sum.vjp.x", "g")]
    assert edges["sin.vjp.x"] == [("concatenate.vjp.arrays[1]", "g"), ("x", "x")]
    assert edges["add"] == [("concatenate.vjp.arrays[0]", ""), ("sin.vjp.x", "")]
    taken = ag.draw(ag.trace(lambda x, i: x[i, 1:])(np.ones((3, 2)), np.array([0, 2]))).picture
    assert [(taken.items[e.source].title, e.argument) for e in taken.items[-1].edges] == [("x", "x"), ("i", "index")]
    assert taken.items[-1].options == "index=(%i, 1:)"
    (doubled,) = (item for item in items if item.title == "multiply")
    assert doubled.options == "b=2"


def test_sweeps_are_told_from_the_forward_computation_and_have_the_modules_again():
    items = ag.draw(training(), fold=False).picture.items
    paths = {item.title: item.path for item in items if item.kind == "sweep"}
    assert paths["linear.vjp.weight"].startswith("sweep.")
    assert paths["mean.vjp.x"] == "sweep"
    forward = {item.path for item in items if item.kind == "operation"}
    assert {"0", "1.1"} <= forward
    assert not any(path.startswith("sweep") for path in forward)
    assert "sweep.1.1" in {item.path for item in items}


def test_modules_of_a_program_fold_and_know_their_classes():
    graph = ag.draw(training(), depth=0)
    titles = {item.title: item for item in graph.picture.items}
    assert titles["0"].operation == "Linear"
    assert titles["sweep"].kind == "module"
    assert len(ag.draw(training(), limit=5)) <= 6


def test_a_program_that_is_read_again_looks_the_same(tmp_path):
    program = ag.trace(ag.grad(lambda x: ag.sum(ag.sin(x) ** 2)))(np.ones(3))
    assert ag.draw(ag.read_program(program.save(tmp_path / "p.txt"))).dot == ag.draw(program).dot


def test_a_program_has_names_of_its_own():
    with pytest.raises(ag.OptionError, match="a program has names and sweeps of its own"):
        ag.draw(training(), {"x": np.ones(3)})
    with pytest.raises(ag.OptionError, match="leave out names, rules and graph"):
        ag.draw(training(), graph="backward")


def test_the_picture_can_be_laid_out():
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    assert "linear.vjp.weight" in ag.draw(training()).svg
