"""The graph of the sweep: going along it by the rules on its edges gives the gradients that the engine computes."""

import numpy as np
import pytest

import autograd_core as ag

nn = pytest.importorskip("nn")


def scalar(value):
    return ag.tensor(value, requires_grad=True)


def expression():
    with ag.watch():
        a, b = scalar(-4.0), scalar(2.0)
        c = a * b + b**3
        d = ag.tanh(c + a) * ag.sin(b) - c / b
        out = d**2 + ag.exp(d)
    out.backward()
    return out, {"a": a, "b": b}


def known(forward, item):
    """What a rule may read of an operation: its arguments by name, its numbers, and its result."""
    values = {edge.argument: float(forward.items[edge.source].value.numbers) for edge in item.edges}
    values |= {name: float(value) for name, _, value in (o.partition("=") for o in item.options.split(", ") if o)}
    return values | {"out": float(item.value.numbers), "cos": np.cos, "sin": np.sin, "log": np.log}


def test_the_rules_on_the_edges_lead_from_the_seed_to_the_gradients():
    """Each rule in words is evaluated as Python, in the order of the picture; sums are sums of what comes in."""
    out, names = expression()
    forward = ag.draw(out, names).picture
    backward = ag.draw(out, names, graph="backward", rules="words").picture
    of_name = {item.name: item for item in forward.items}
    cotangents = []
    for item in backward.items:
        came = []
        for edge in item.edges:
            g, source = cotangents[edge.source], backward.items[edge.source]
            if edge.rule is None:  # from the seed, or from a sum: as it is
                came.append(g)
            else:
                came.append(eval(edge.rule.words, known(forward, of_name[source.name.removesuffix("/vjp")]) | {"g": g}))
        cotangents.append(sum(came) if item.edges else 1.0)
    ends = {item.name: g for item, g in zip(backward.items, cotangents, strict=True) if item.kind == "gradient"}
    # values are written with four digits, of which a few are lost on the way
    for name, tensor in names.items():
        assert ends[f"{name}/gradient"] == pytest.approx(tensor.grad.item(), rel=0.02)


def test_what_is_used_several_times_gets_one_sum_of_as_many_cotangents():
    out, names = expression()
    uses = {}
    for item in ag.draw(out, names).picture.items:
        for edge in item.edges:
            uses[edge.source] = uses.get(edge.source, 0) + 1
    shared = sorted(count for count in uses.values() if count > 1)
    sums = [item for item in ag.draw(out, names, graph="backward").picture.items if item.kind == "sum"]
    assert sorted(len(item.edges) for item in sums) == shared


def test_a_value_that_is_both_arguments_gets_both_cotangents():
    x = scalar(3.0)
    items = ag.draw(x * x, {"x": x}, graph="backward", rules="words").picture.items
    (total,) = [item for item in items if item.kind == "sum"]
    assert [(edge.argument, edge.rule.words) for edge in total.edges] == [("a", "g * b"), ("b", "g * a")]


def test_items_come_in_the_order_of_the_sweep_with_shapes_of_their_cotangents():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    with ag.watch():
        loss = ag.cross_entropy(model(np.ones((5, 3), np.float32)), np.array([0, 1, 0, 1, 1]))
    loss.backward()
    picture = ag.draw(loss, model, graph="backward").picture
    swept = [item for item in picture.items if item.operations]
    assert [item.sweep for item in swept] == [1, 2, 3, 4]
    assert [item.step for item in picture.items] == list(range(1, len(picture.items) + 1))
    assert [(item.name, item.shape) for item in swept] == [
        ("cross_entropy/vjp", ()),
        ("2/linear/vjp", (5, 2)),
        ("1/tanh/vjp", (5, 4)),
        ("0/linear/vjp", (5, 4)),
    ]
    ends = {item.title: item for item in picture.items if item.kind == "gradient"}
    for name, parameter in model.named_parameters():
        end = ends[f"gradient of {name}"]
        assert (end.shape, end.path) == (parameter.shape, name.rpartition(".")[0])
        # the same numbers, summed in float64; parameters hold 24 bits
        assert end.gradient.norm == pytest.approx(float(np.linalg.norm(parameter.grad.numpy())), rel=1e-6)
    assert not any("labels" in item.title or item.kind == "constant" for item in picture.items)


def test_only_that_is_in_it_which_a_cotangent_reaches():
    x = scalar(2.0)
    ranks = ag.draw(ag.where(np.array(True), x, 1.0), {"x": x}, graph="backward").picture
    assert [item.kind for item in ranks.items] == ["input", "operation", "gradient"]
    assert ag.draw(ag.tensor(1.0), graph="backward").picture.items == []


def test_several_outputs_have_a_seed_each_and_one_that_is_also_used_gets_a_sum():
    x = scalar(2.0)
    y = ag.sin(x)
    items = ag.draw([y, y * 3.0], {"x": x}, graph="backward").picture.items
    assert [item.title for item in items] == [
        "seed of multiply",
        "VJP of multiply",
        "seed of sin",
        "sum for sin",
        "VJP of sin",
        "gradient of x",
    ]
    assert ag.draw(x, {"x": x}, graph="backward").picture.items[-1].kind == "gradient"


def test_folded_repetitions_and_modules_are_gone_back_through_as_one():
    h = x = scalar(1.0)
    for _ in range(50):
        h = ag.sin(h * 2.0 + 1.0)
    items = ag.draw(h + 1.0, {"x": x}, graph="backward").picture.items
    assert [(item.kind, item.count) for item in items] == [
        ("input", 1),
        ("operation", 1),
        ("repeat", 50),
        ("gradient", 1),
    ]


def test_a_very_deep_graph_goes_back_without_recursion_and_a_large_one_is_cut():
    y = scalar(1.0)
    for kind in np.random.default_rng(0).integers(0, 2, 8_000):
        y = ag.sin(y) if kind else -y
    picture = ag.draw(y, graph="backward").picture
    assert len(picture.items) <= 303
    assert picture.items[-1].kind == "hidden"
