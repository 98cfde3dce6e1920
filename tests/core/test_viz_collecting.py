"""What a picture knows of a computation: names, values, gradients, options, what is saved, and where things stand."""

import sys
import weakref

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine import enter_module, leave_module
from autograd_core.viz.names import Names, names_given, names_in

nn = pytest.importorskip("nn")


def leaf(*values):
    return ag.tensor(np.array(values, dtype=float), requires_grad=True)


def items(graph):
    return {item.title: item for item in graph.picture.items}


def numbers(summary):
    return None if summary is None else summary.numbers


# --- names ------------------------------------------------------------------------------------------------------------


def test_variables_name_what_they_hold_by_the_first_name_that_is_public():
    x = leaf(1.0, 2.0)
    _hidden = x * x
    y = ag.sin(_hidden)
    z = y  # noqa: F841 (a second name)
    shown = ag.draw(y)
    assert [item.title for item in shown.picture.items] == ["x", "multiply", "y"]
    assert [item.operation for item in shown.picture.items] == ["", "multiply", "sin"]


def test_looking_for_names_keeps_nothing_alive_that_the_caller_deletes():
    x, kept = leaf(1.0, 2.0), 5
    y = ag.exp(x)
    value = weakref.ref(y)
    ag.draw(y)
    del y
    assert value() is None
    assert (kept, x.tolist()) == (5, [1, 2])


def test_what_a_notebook_remembers_of_its_cells_names_nothing():
    program = "x = leaf(1.0); y = ag.exp(x); Out[3] = y; shown = ag.draw(y)"
    cells = {3: None}
    variables = {"ag": ag, "leaf": leaf, "In": [""], "Out": cells, "_oh": cells}
    exec(program, variables)
    assert [item.title for item in variables["shown"].picture.items] == ["x", "y"]
    del variables["_oh"]  # nobody's but the user's own then
    exec(program, variables)
    assert [item.title for item in variables["shown"].picture.items] == ["x", "Out[3]"]


def test_a_variable_that_was_bound_again_names_only_what_it_holds_now():
    x = leaf(1.0)
    h = ag.sin(x)
    h = ag.cos(h)
    assert [item.title for item in ag.draw(h * 2).picture.items] == ["x", "sin", "h", "multiply"]


def test_entries_of_the_callers_containers_are_named_by_their_place():
    weights, biases = [leaf(1.0), leaf(2.0)], {"last": leaf(3.0)}
    total = weights[0] * weights[1] + biases["last"]
    assert {"weights[0]", "weights[1]", "biases['last']"} <= set(items(ag.draw(total)))


def test_parameters_are_called_as_their_module_calls_them_whatever_else_holds_them():
    model = nn.Linear(2, 1, rng=0)
    weight = model.weight  # noqa: F841 (a variable of the same name as the parameter)
    shown = items(ag.draw(model(np.ones((1, 2), np.float32))))
    assert {"weight", "bias"} <= set(shown)
    assert shown["weight"].kind == "parameter"
    assert shown["weight"].parameters == 2


def test_of_several_modules_each_stands_before_the_names_of_its_parameters():
    teacher, student = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=1)
    layers = [teacher]  # noqa: F841
    x = np.ones((1, 2), np.float32)
    shown = items(ag.draw(teacher(x) - student(x)))
    assert {"teacher.weight", "student.weight", "teacher.bias", "student.bias"} <= set(shown)


def test_a_part_of_a_model_is_no_second_model():
    before = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(before, nn.Linear(2, 1, rng=0))
    after = model[1]  # noqa: F841
    assert {"0.weight", "1.weight"} <= set(items(ag.draw(model(np.ones((1, 2), np.float32)))))


def test_a_mapping_or_a_module_says_all_the_names_and_variables_none():
    model = nn.Linear(2, 1, rng=0)
    y = model(np.ones((1, 2), np.float32))
    assert {item.title for item in ag.draw(y, {"slope": model.weight}).picture.items} >= {"slope", "parameter"}
    assert "y" not in items(ag.draw(y, model))
    assert "weight" in items(ag.draw(y, model))


def test_two_values_of_one_name_are_told_apart():
    names = Names()
    x, y = leaf(1.0), leaf(2.0)
    names.add("x", x)
    names.add("x", y)
    assert list(names.of_node.values()) == ["x", "x'"]


def test_a_module_that_cannot_tell_its_parameters_is_passed_over():
    class Broken(nn.Module):
        def named_parameters(self):
            raise RuntimeError("not built yet")

    broken, x = Broken(), leaf(1.0)
    assert names_in(sys._getframe()).of_node == {x.node: "x"}
    with pytest.raises(RuntimeError, match="not built yet"):
        names_given(broken)  # but not where it was asked for


def test_names_of_items_are_paths_and_ordinals_and_do_not_move():
    def program():
        x = leaf(1.0)
        with_place = []
        for name in ("net", "head"):
            token = enter_module(name)
            with_place.append(ag.sin(ag.sin(x)))
            leave_module(token)
        return ag.draw(with_place[0] + with_place[1], {"x": x})

    first = [item.name for item in program().picture.items]
    assert first == ["x", "net/sin", "net/sin_2", "head/sin", "head/sin_2", "add"]
    ag.sin(leaf(1.0)).backward()
    assert [item.name for item in program().picture.items] == first


def test_an_item_never_takes_the_name_of_a_leaf():
    sin = leaf(1.0)
    names = [item.name for item in ag.draw(ag.sin(ag.sin(sin))).picture.items]
    assert names[0] == "sin"
    assert len(set(names)) == 3


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_rules_of_a_long_list_look_at_its_shapes_once_and_not_for_every_entry():
    class Shape(tuple):
        hashed = 0

        def __hash__(self):
            Shape.hashed += 1
            return super().__hash__()

    entries = [leaf(1.0) for _ in range(100)]
    for entry in entries:
        entry.node.shape = Shape(entry.node.shape)
    picture = ag.draw(ag.stack(entries), {}, rules="words").picture
    assert len({edge.rule.words for edge in picture.items[-1].edges}) == 1
    assert Shape.hashed < 10 * len(entries)


# --- values and gradients ---------------------------------------------------------------------------------------------


def test_values_are_those_that_somebody_holds_and_nothing_is_computed():
    x = leaf(1.0, 2.0)
    y = (x * 3.0 + 1.0) * 5.0  # what multiply and add gave is held by nobody: constants suffice for their rules
    out = ag.exp(y).sum()
    shown = {item.name: numbers(item.value) for item in ag.draw(out, {"x": x}).picture.items}
    assert shown["x"] == "[1, 2]"
    assert shown["multiply"] is None
    assert shown["add"] is None
    assert shown["exp"] is not None  # it saved its result
    assert shown["sum"] is not None  # it was asked for


def test_what_an_operation_saved_is_the_value_of_what_it_read():
    x = leaf(3.0)
    out = ag.power(x + 1.0, 2.0)
    shown = {item.name: numbers(item.value) for item in ag.draw(out, {}).picture.items}
    assert shown["add"] == "[4]"
    out = ag.concatenate([x + 1.0, x + 2.0])
    stacked = ag.stack([out, out]) * 2
    assert len(ag.draw(stacked).picture.items) == 6


def test_gradients_are_of_leaves_of_retained_results_and_of_all_that_was_watched():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    z = ag.sin(y)
    (3 * z).sum().backward()
    expected = 3 * np.cos(4.0)
    shown = items(ag.draw(z))
    assert float(shown["y"].gradient.numbers[1:-1]) == pytest.approx(expected, rel=1e-3)  # four digits are written
    assert shown["x"].gradient.norm == pytest.approx(abs(4 * expected))
    assert shown["z"].gradient is None
    with ag.watch():
        z = ag.sin(x * x)
    z.sum().backward()
    assert {item.title: item.gradient is not None for item in ag.draw(z).picture.items} == dict.fromkeys(
        ["x", "multiply", "z"], True
    )


def test_lines_are_known_of_what_was_watched():
    x = leaf(2.0)
    with ag.watch():
        y = ag.sin(x)
    assert "test_viz_collecting.py" in str(items(ag.draw(y))["y"].place)
    assert items(ag.draw(ag.sin(x), {"x": x}))["sin"].place is None


def test_the_order_of_the_sweep_is_that_which_took_place_or_else_will():
    x = leaf(2.0)

    def branches():
        a, b = ag.sin(x), ag.cos(x)
        return (a * b).sum()

    expected = {"sin": 4, "cos": 3, "multiply": 2, "sum": 1}
    planned = {i.operation: i.sweep for i in ag.draw(branches()).picture.items if i.operations}
    with ag.watch():
        out = branches()
    out.backward()
    swept = {i.operation: i.sweep for i in ag.draw(out).picture.items if i.operations}
    assert planned == swept == expected
    assert [i.step for i in ag.draw(out).picture.items if i.operations] == [1, 2, 3, 4]


# --- arguments, options, what is saved --------------------------------------------------------------------------------


def test_options_are_shown_where_they_are_not_as_by_default():
    x = leaf(1.0, 2.0, 3.0)
    shown = {item.operation: item.options for item in ag.draw(ag.sum(x * 2, axis=0, keepdims=True)).picture.items}
    assert shown == {"": "", "multiply": "b=2", "sum": "axis=0, keepdims=True"}


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "0"),
        ((-1, -1), "(-1, -1)"),
        (slice(1, None), "[1:]"),
        ((slice(None, None, 2), 1), "[::2, 1]"),
        ((Ellipsis, None), "[..., None]"),
        (([0, 1], slice(None)), "[array (2,), :]"),
    ],
)
def test_an_index_is_shown_as_it_is_written(index, text):
    x = ag.tensor(np.ones((4, 5)), requires_grad=True)
    assert ag.draw(x[index]).picture.items[-1].options == f"index={text}"


def test_constants_are_items_unless_they_are_numbers_and_one_array_is_one_item():
    x, mask = leaf(1.0, 2.0), np.array([1.0, 0.0])
    out = x * mask * mask * 2.0
    graph = ag.draw(out)
    constants = [item for item in graph.picture.items if item.kind == "constant"]
    assert [(item.title, numbers(item.value)) for item in constants] == [("mask", "[1, 0]")]


def test_a_constant_without_a_name_is_not_called_as_a_variable_that_happens_to_be_equal():
    x, y, b = ag.tensor([1.0]), ag.tensor([0.0]), leaf(0.5)
    picture = ag.draw((x * b) * ((1 - y) * b)).picture
    assert [[picture.items[edge.source].title for edge in item.edges] for item in picture.items if item.operations] == [
        ["x", "b"],
        ["constant", "b"],
        ["multiply", "multiply"],
    ]
    p, q, w = ag.tensor([0.0, 1.0]), ag.tensor([1.0, 0.0]), ag.tensor(np.eye(2), requires_grad=True)
    assert [i.title for i in ag.draw((1 - q) @ w).picture.items] == ["constant", "w", "matmul"]
    assert [i.title for i in ag.draw(p @ w).picture.items] == ["p", "w", "matmul"]
    ones = np.ones(2)  # noqa: F841
    assert [i.title for i in ag.draw((q + p) @ w).picture.items] == ["constant", "w", "matmul"]


def test_a_tensor_of_which_a_graph_keeps_a_copy_has_its_name():
    p, w = ag.tensor([0.0, 1.0]), ag.tensor(np.eye(2), requires_grad=True)
    p.numpy()  # somebody may write into it from now on
    assert [i.title for i in ag.draw(p @ w).picture.items] == ["p", "w", "matmul"]


def test_a_constant_that_nobody_holds_any_more_is_said_to_be_one():
    x = leaf(1.0, 2.0)
    out = ((x + 1.0) ** 2).sum()
    assert [i.options for i in ag.draw(out).picture.items] == ["", "b=constant", "b=2", ""]
    out.backward()
    assert [i.options for i in ag.draw(out).picture.items] == ["", "b=constant", "b=constant", ""]
    images, weight = np.ones((1, 2)), leaf(1.0, 2.0)
    out = ag.linear(images, weight[None]).sum()
    out.backward()  # linear is not element by element: what went in may be the data
    assert [i.kind for i in ag.draw(out).picture.items].count("constant") == 1


def test_what_was_watched_knows_all_its_constants_even_when_it_is_freed():
    x = leaf(1.0, 2.0)
    with ag.watch():
        out = ((x + 1.0) ** 2).sum()
    out.backward()
    assert [i.options for i in ag.draw(out).picture.items] == ["", "b=1", "b=2", ""]


def test_what_is_saved_is_told_by_name_with_its_size_and_shapes_are_not_counted():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    product = items(ag.draw(x * w, {"x": x, "w": w}))["multiply"]
    assert [(s.name, s.shape, s.nbytes) for s in product.saved] == [("a", (2,), 16), ("b", (2,), 16)]
    assert items(ag.draw(ag.stack([x, w]), {"x": x}))["stack"].saved == ()
    assert items(ag.draw(ag.exp(x), {"x": x}))["exp"].saved[0].name == "out"


def test_arguments_of_a_sequence_are_numbered():
    x, w = leaf(1.0), leaf(2.0)
    last = ag.draw(ag.concatenate([x, w, x])).picture.items[-1]
    assert [(edge.source, edge.argument) for edge in last.edges] == [
        (0, "arrays[0]"),
        (1, "arrays[1]"),
        (0, "arrays[2]"),
    ]


def test_rules_of_edges_are_those_of_the_operation_and_only_if_asked_for():
    x, w = leaf(1.0), leaf(2.0)
    product = x * w
    assert [edge.rule for edge in ag.draw(product).picture.items[-1].edges] == [None, None]
    assert [e.rule.words for e in ag.draw(product, rules="words").picture.items[-1].edges] == ["g * b", "g * a"]
    where = ag.draw(ag.where(np.array([True]), x, w), rules="latex").picture.items[-1]
    assert [edge.rule is None for edge in where.edges] == [True, False, False]  # the condition has no derivative
    half = ag.draw(x * np.ones(1), rules="words").picture.items[-1]
    assert [edge.rule is None for edge in half.edges] == [False, True]  # to a constant no cotangent goes back


# --- places -----------------------------------------------------------------------------------------------------------


def in_module(name, compute):
    token = enter_module(name)
    result = compute()
    leave_module(token)
    return result


def test_each_call_of_a_module_is_a_group_and_shared_parameters_stand_around_them():
    layer = nn.Linear(2, 2, rng=0)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(ag.sin(self.layer(x)))

    model = Twice()
    out = in_module("net", lambda: model(np.ones((1, 2), np.float32)))
    shown = {item.name: item.path for item in ag.draw(out, model).picture.items}
    assert shown["net.layer/linear"] == "net.layer"
    assert shown["net.layer/linear_2"] == "net.layer (2)"
    assert shown["layer.weight"] == "net"
    groups = ag.draw(out, Twice()).picture.groups
    assert list(groups) == ["net", "net.layer", "net.layer (2)"]


def test_groups_know_the_classes_of_their_modules():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Sequential(nn.ReLU()))
    groups = ag.draw(model(np.ones((1, 2), np.float32)), model).picture.groups
    assert {path: group.type for path, group in groups.items()} == {"0": "Linear", "1": "Sequential", "1.0": "ReLU"}


def test_options_that_are_objects_are_shown_without_their_address():
    name = "shifted_by_an_object"
    try:

        @ag.elementwise(partials=[1], name=name)
        def shifted(xp, x, /, by=None, rounded=None):
            """x + 1."""
            return x + 1

        out = shifted(leaf(1.0), by=object(), rounded=np.floor)
        assert ag.draw(out).picture.items[-1].options == "by=object, rounded=floor"
    finally:
        ag.REGISTRY.pop(name, None)
