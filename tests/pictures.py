"""Pictures made by hand, for tests of whatever draws them: one of every kind, and whatever Hypothesis thinks of."""

import numpy as np
from hypothesis import strategies as st

from autograd_core.places import Place
from autograd_core.viz.picture import KINDS, Edge, Formula, Group, Item, Picture, Saved
from autograd_core.viz.summaries import summarize


def item(name, kind="operation", value=None, gradient=None, sources=(), **rest):
    """An item that holds these numbers, computed from the items of these numbers."""
    array = None if value is None else np.asarray(value, float)
    held = {} if array is None else {"shape": array.shape, "dtype": "float64", "nbytes": array.nbytes}
    edges = [source if isinstance(source, Edge) else Edge(source) for source in sources]
    shown = None if array is None else summarize(array)
    grad = None if gradient is None else summarize(np.asarray(gradient, float))
    return Item(name, kind, rest.pop("title", name), value=shown, gradient=grad, edges=edges, **held, **rest)


def expression(**flags):
    """Micrograd's kind of expression, after its sweep."""
    rule = Formula("g · b", r"g \cdot b")
    return Picture(
        [
            item("a", "input", -4.0, 138.8, title="a"),
            item("b", "parameter", 2.0, 645.6),
            item("multiply", "operation", -8.0, -0.5, [Edge(0, "a", rule), 1], operation="multiply", step=1, sweep=2),
            item(
                "g",
                "output",
                24.70408,
                1.0,
                [2],
                operation="power",
                options="b=3",
                step=2,
                sweep=1,
                place=Place("train.py", 12),
                saved=(Saved("a", (), "float64", 8),),
            ),
        ],
        **flags,
    )


def everything(**flags):
    """An item of every kind, in groups, with numbers of every sort: few, many, an image, zero, NaN and infinite."""
    numbers = np.linspace(-1, 1, 784)
    values = [3.0, [[1.0, 2.0], [3.0, 4.0]], numbers, numbers.reshape(28, 28), np.zeros(20), [np.nan, 1.0], np.nan]
    grads = [1e-6, [[1.0, 2.0], [3.0, 4.0]], numbers, np.zeros(5), [np.inf, 1.0], np.nan, None]
    items = []
    for i, kind in enumerate(KINDS):
        path = ("", "net", "net.0")[i % 3]
        value, gradient = values[i % len(values)], grads[i % len(grads)]
        items.append(item(f"{kind} 1", kind, value, gradient, range(max(0, i - 2), i), path=path, operations=3))
    items[list(KINDS).index("repeat")].count = 12
    groups = {"net": Group("net", "net", type="Sequential"), "net.0": Group("net.0", "0", type="Linear")}
    return Picture(items, groups, title="Everything", notes=("One of each kind.",), **flags)


EVIL = '"<b>&amp;\\N \\ ]) %% end #35; `x` {} \n click \0 \x1b[31m \ud800 ☃ --> ]]> -- | \\'

words = st.one_of(st.text(max_size=12), st.sampled_from([EVIL, "x" * 500, "", "\\", '"', "<", "a.b", "&lt;"]))
numbers = st.sampled_from([None, np.float64(2.5), np.nan, np.eye(3), np.arange(20.0), np.zeros(3), np.eye(10)])


@st.composite
def pictures(draw):
    """Pictures with any words in them."""
    items = []
    for i in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(list(KINDS)))
        path = draw(st.sampled_from(["", "a", "a.b", "c"]) | words)
        sources = draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else []
        edges = [Edge(s, draw(words), Formula(draw(words), draw(words))) for s in sources]
        made = item(draw(words), kind, draw(numbers), draw(numbers), edges, title=draw(words), path=path)
        made.operation, made.options, made.saved = draw(words), draw(words), (Saved(draw(words), (2,), "float64", 16),)
        made.place = Place(draw(st.sampled_from(["train.py", 'a "b" <c>&.py', "x\\\\y.py"])), 3)
        items.append(made)
    groups = {path: Group(path, draw(words), type=draw(words)) for path in ("a", "a.b")}
    flags = {name: draw(st.booleans()) for name in ("values", "gradients", "saved", "order", "places")}
    return Picture(
        items,
        groups,
        draw(words),
        tuple(draw(st.lists(words, max_size=2))),
        theme=draw(st.sampled_from(["light", "dark", "print"])),
        rules=draw(st.sampled_from(["", "words", "latex"])),
        **flags,
    )
