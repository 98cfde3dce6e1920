"""Drawing as a whole: the same text in every run, whatever the graph went through, and errors in words."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine import enter_module, leave_module


def loss():
    x = ag.tensor(np.ones((2, 3)), requires_grad=True)
    w = ag.tensor(np.ones((4, 3)), requires_grad=True)
    return ag.cross_entropy(ag.linear(x, w), np.array([1, 2])), {"x": x, "w": w}


def titles(graph):
    return [item.title for item in graph.picture.items]


def assert_drawn(graph):
    """Every form of it can be written, its items stand after what they read, and no two have the same name."""
    for shown in (graph.picture, graph._whole):
        assert len({item.name for item in shown.items}) == len(shown.items)
        for i, item in enumerate(shown.items):
            assert all(0 <= edge.source < i for edge in item.edges)
            assert not item.path or item.path in shown.groups
    assert str(graph)
    assert graph.dot.startswith("digraph")
    assert graph.mermaid
    assert graph.html.startswith("<!doctype html>")


def test_every_value_and_gradient_of_an_expression_in_scalars_is_shown():
    """micrograd's expression, and its numbers, which follow from the chain rule by hand."""
    with ag.watch():
        a = ag.tensor(-4.0, requires_grad=True)
        b = ag.tensor(2.0, requires_grad=True)
        c = a + b
        d = a * b + b**3
        e = c - d
        f = e**2
        g = f / 2.0
    g.backward()
    shown = {item.title: (item.value.numbers, item.gradient.numbers) for item in ag.draw(g).picture.items}
    assert shown == {
        "a": ("-4", "2"),  # dg/de dc/da - dg/de b = e - e b
        "b": ("2", "14"),  # e - e (a + 3 b^2)
        "c": ("-2", "-2"),
        "multiply": ("-8", "2"),
        "power": ("8", "2"),
        "d": ("0", "2"),
        "e": ("-2", "-2"),
        "f": ("4", "0.5"),
        "g": ("2", "1"),
    }


PROGRAM = """
import numpy as np, autograd_core as ag, nn
{before}
class Block(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.inner, self.act = nn.Linear(4, 4, rng=k), nn.Tanh()
    def forward(self, x):
        return x + self.act(self.inner(x))
model = nn.Sequential(*[Block(k) for k in range(4)], nn.Linear(4, 2, rng=9))
images, labels = np.ones((3, 4), np.float32), np.array([0, 1, 0])
with ag.watch():
    loss = ag.cross_entropy(model(images), labels)
loss.backward()
for options in ({{}}, {{"fold": False}}, {{"graph": "backward", "rules": "words"}}, {{"depth": 0, "saved": True}}):
    graph = ag.draw(loss, order=True, **options)
    print(graph, graph.dot, graph.mermaid, graph.html)
"""


def test_the_same_program_gives_the_same_text_byte_for_byte():
    """Whatever the hash seed of the interpreter, and whatever else was computed before."""
    busy = "x = ag.tensor(1.0, requires_grad=True); _y = (ag.exp(x) * x).backward(); del x"
    texts = set()
    for seed, before in (("1", ""), ("2", ""), ("3", busy)):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(before=before)],
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        texts.add(run.stdout)
    assert len(texts) == 1
    assert not re.search(rb" at 0x[0-9a-f]{6}", texts.pop())  # no address of an object


def test_operations_shapes_names_and_numbers_are_shown():
    value, names = loss()
    items = ag.draw(3.0 * value, names).picture.items
    assert [(item.title, item.kind, item.shape, item.options) for item in items] == [
        ("x", "input", (2, 3), ""),
        ("w", "input", (4, 3), ""),
        ("linear", "operation", (2, 4), ""),
        ("constant", "constant", (2,), ""),
        ("cross_entropy", "operation", (), ""),
        ("multiply", "output", (), "b=3"),
    ]
    assert [[edge.source for edge in item.edges] for item in items] == [[], [], [0, 1], [], [2, 3], [4]]
    assert [edge.argument for edge in items[2].edges] == ["x", "weight"]


def test_modules_are_groups_and_their_parameters_stand_in_them():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.ReLU())
    graph = ag.draw(model(np.ones((1, 3), np.float32)).sum(), model)
    assert graph.picture.groups["0"].type == "Linear"
    assert [item.title for item in graph.picture.items if item.path == "0"][-3:] == ["0.weight", "0.bias", "linear"]


def test_what_a_graph_went_through_does_not_keep_it_from_being_drawn():
    value, names = loss()
    value.backward(retain_graph=True)
    assert_drawn(ag.draw(value, names))
    value.backward()  # and freed
    freed = ag.draw(value, names, saved=True)
    assert_drawn(freed)
    assert [item.saved for item in freed.picture.items if item.operations] == [None, None]


def test_constants_and_containers_of_outputs_are_drawn():
    assert [item.kind for item in ag.draw(ag.tensor([1.0])).picture.items] == ["constant"]
    x = ag.tensor(1.0, requires_grad=True)
    graph = ag.draw({"a": [ag.sin(x), x], "b": (ag.tensor(2), ag.sin(x))})
    assert_drawn(graph)
    assert [item.kind for item in graph.picture.items] == ["input", "output", "output", "constant"]


def test_a_double_backward_graph_is_drawn():
    x = ag.tensor(2.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    assert titles(ag.draw(x.grad * 2.0))[-2:] == ["x.grad", "multiply"]
    slope = x.grad
    slope.backward()
    graph = ag.draw(slope)
    assert_drawn(graph)
    assert titles(graph)[-1] == "slope"


def test_functions_with_their_own_derivative_are_one_item_and_one_per_result():
    @ag.custom_vjp
    def both(x, y):
        return x * y, x + y

    both.defvjp(lambda x, y: ((x * y, x + y), (x, y)), lambda xy, g: (g[0] * xy[1] + g[1], g[0] * xy[0] + g[1]))
    x, y = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    product, total = both(x, y)
    assert titles(ag.draw(product * total)) == ["x", "y", "both", "product", "total", "multiply"]
    again = ag.checkpoint(lambda x: ag.exp(x) * y)
    assert titles(ag.draw([again(x)])) == ["x", "y", "checkpoint"]
    graph = ag.draw([again(x), product])
    assert_drawn(graph)
    assert [item.operation for item in graph.picture.items if item.operations] == ["both", "both[0]", "checkpoint"]


def test_a_graph_as_deep_as_they_come_is_drawn_without_recursion():
    y = ag.tensor(1.0, requires_grad=True)
    for i in range(100_000):
        y = -y if i % 3 else ag.sin(y)
    graph = ag.draw(y)
    assert sum(item.operations * item.count for item in graph.picture.items) == 100_000
    assert "×33333" in str(graph)


def test_modules_as_deep_as_they_come_are_drawn_without_recursion():
    y = ag.tensor(1.0, requires_grad=True)
    tokens = []
    for i in range(1200):
        tokens.append(enter_module(f"m{i}"))
        y = ag.sin(y)
    for token in reversed(tokens):
        leave_module(token)
    assert len(ag.draw(y).picture.items) <= 301


def test_names_cannot_break_the_text():
    x = ag.tensor(1.0, requires_grad=True)
    assert_drawn(ag.draw(x * x, {'a "quoted"\\name\nin two lines': x, "</script>": x + 1, "": x + 2}))


def test_what_cannot_be_drawn_is_refused_in_words():
    with pytest.raises(ag.DTypeError, match=r"only Tensors .* ndarray"):
        ag.draw(np.ones(3))
    with pytest.raises(ag.DTypeError, match="no Tensor"):
        ag.draw([])
    with pytest.raises(ag.DTypeError, match=r"names\['x'\] must be a Tensor, got float"):
        ag.draw(loss()[0], {"x": 1.0})
    with pytest.raises(ag.OptionError, match=r"names must be a mapping .* module, got list"):
        ag.draw(loss()[0], ["x"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("direction", "up", "one of 'TB', 'LR'"),
        ("theme", "blue", "'light', 'dark', 'print'"),
        ("graph", "both", "'forward', 'backward'"),
        ("rules", "html", "None, 'words', 'latex'"),
        ("rules", ["words"], "None, 'words', 'latex'"),
        ("depth", -1, "None or a whole number"),
        ("depth", True, "None or a whole number"),
        ("limit", 0, "a positive whole number"),
        ("limit", 2.5, "a positive whole number"),
        ("title", None, "text"),
        ("title", 3, "text"),
    ],
)
def test_an_option_that_is_none_is_refused_in_words(name, value, words):
    with pytest.raises(ag.OptionError, match=f"draw: {name} must be .*{words}"):
        ag.draw(loss()[0], **{name: value})


def test_what_is_not_to_be_shown_is_not_computed():
    value, names = loss()
    value.backward()
    items = ag.draw(value, names, values=False, gradients=False).picture.items
    assert all(item.value is None and item.gradient is None for item in items)


def test_graphviz_is_not_imported_before_a_picture_is_asked_for():
    code = "import sys, autograd_core as ag; ag.draw(ag.tensor(1.0)).dot; print('graphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
