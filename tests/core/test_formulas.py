"""The formulas of rules: every operation has them, what they say is right, and what they print can be read."""

import ast
import math
import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.formulas import rule_at, rule_of
from autograd_core.formulas.latex import latex_of
from autograd_core.formulas.said import SAID, said_of
from autograd_core.formulas.simplified import spelled_out
from autograd_core.testing.cases import draw_case, examples_of

RULES = [
    (op, i)
    for op in ag.REGISTRY.values()
    if op.kind != "composed"
    for i, rule in enumerate(op.rules)
    if rule is not None
]
LEAST = 169  # formulas are expressions, which are compared with finite differences below; the others are programs


def _id(case):
    op, i = case
    return f"{op.name}-{op.arrays[i]}"


# --- every operation has one ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", RULES, ids=_id)
def test_every_rule_has_a_formula_and_none_is_a_placeholder(case):
    op, i = case
    rule = rule_of(op, i)
    assert rule is not None
    assert rule.words.strip()
    assert rule.latex.strip()
    assert not rule.words.startswith("VJP of")
    assert r"\partial" not in rule.latex
    assert rule.latex.count("{") == rule.latex.count("}")
    assert not re.search(r"\bxp\b|_aval|\b_[a-z]", rule.words), "the plumbing of a rule is no part of its formula"


def test_an_argument_without_a_derivative_has_no_formula():
    assert rule_of(ag.REGISTRY["where"], 0) is None


def test_what_is_said_by_hand_is_said_of_operations_that_exist():
    for name, arguments in SAID.items():
        for spelled in {name, *(name.replace("Nd", f"{n}d") for n in (1, 2))}:
            if "Nd" not in spelled:
                assert set(arguments) <= set(ag.REGISTRY[spelled].arrays)
                assert all(said_of(spelled, argument) == said for argument, said in arguments.items())


@pytest.mark.parametrize("case", RULES, ids=_id)
def test_matplotlib_can_read_the_latex(case):
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads the formulas (extra: demo)")
    mathtext.MathTextParser("path").parse(f"${rule_of(*case).latex}$")


# --- what it says is right --------------------------------------------------------------------------------------------


def _names():
    """What the words of formulas mean: NumPy's functions, and those of the operations, on arrays."""
    ours = {op.name.rpartition(".")[2]: op.call for op in ag.REGISTRY.values() if not hasattr(np, op.name)}
    special = {n: getattr(ag.special, n) for n in dir(ag.special) if callable(getattr(ag.special, n))}
    numpys = {n: getattr(np, n) for n in dir(np) if callable(getattr(np, n)) and not n.startswith("_")}
    linalg = {n: getattr(np.linalg, n) for n in ("inv", "solve", "det")}
    # the formulas speak of matrices; of a stack of them .T means the matrices within
    return {**numpys, **ours, **special, **linalg, "abs": np.abs, "pi": math.pi}


NAMES = _names()


class _Matrix(np.ndarray):
    """An array whose .T transposes the last two axes."""

    @property
    def T(self):
        return np.swapaxes(self, -1, -2) if self.ndim > 1 else self


def _matrix(array):
    return (array.astype(np.float64) if array.dtype.kind == "f" else array).view(_Matrix)


def _evaluated(words, node, known):
    """The words of a formula as Python computes them."""
    given = {name: _matrix(v) if isinstance(v, np.ndarray) else v for name, v in known.items()}
    return np.asarray(eval(words.partition(";")[0], {**NAMES, **given}))


# Central differences along a direction, step h: the truncation error is h**2 / 6 times a third derivative, 1e-12 times
# at most some hundreds in the domains that operations declare; rounding is eps / h = 2e-10 times the values.
STEP, TOLERANCE = 1e-6, 1e-5

PLAIN = [(op, i) for op, i in RULES if not isinstance(said_of(op.name, op.arrays[i]), tuple) and not op.variadic]


def test_most_formulas_are_expressions_and_all_of_those_element_by_element():
    assert len(PLAIN) >= LEAST
    assert {(op.name, i) for op, i in RULES if op.kind == "elementwise"} <= {(op.name, i) for op, i in PLAIN}


@pytest.mark.parametrize("case", PLAIN, ids=_id)
def test_a_formula_is_the_derivative_that_finite_differences_find(case):
    op, i = case
    rng, tried = np.random.default_rng(0), 0
    more = [ag.Example(x=(2, 3), ddof=1)] if op.name in ("var", "std") else []
    for example in (*examples_of(op), *more):
        drawn = draw_case(lambda n: int(rng.integers(n)), op, example)
        slots = [k for k, (position, _) in enumerate(drawn.slots) if position == i]
        plain = op.kind == "elementwise" or set(drawn.options) <= {"ddof", "ord"}
        if not slots or not plain or any(a.ndim > 2 for a in drawn.arrays):
            continue  # a formula speaks of matrices, and of what is done along no axis in particular
        leaves = [ag.tensor(a, requires_grad=True) for a in drawn.arrays]
        y = op.call(*drawn.filled(leaves), **drawn.options)
        if op.name == "clip" and (len(drawn.positional) < 3 or None in drawn.positional):
            continue  # then the formula has a bound that is not there
        if any(x.ndim < 2 for x in leaves) and op.name in ("linear", "linalg.solve", "linalg.inv"):
            continue
        node, x = y.node, leaves[slots[0]]
        known = dict(zip(op.arrays, drawn.filled(drawn.arrays), strict=False))
        known |= dict(zip(op.statics, node.statics, strict=True))
        g, t = rng.normal(size=y.shape), rng.normal(size=x.shape)
        known["onehot"] = lambda labels, x=x: np.eye(x.shape[-1])[labels]
        n = max(x.size, 1) if op.name != "cross_entropy" else math.prod(x.shape[:-1])
        words = rule_at(node, i, {}).words
        with np.errstate(all="ignore"):
            said = _evaluated(words, node, {"n": n, **known, "g": g, "out": y.data})
        if words == "0":
            said = np.broadcast_to(said, x.shape)

        def forward(s, k=slots[0], drawn=drawn, t=t):
            arrays = list(drawn.arrays)
            arrays[k] = arrays[k] + s * t
            return op.call(*drawn.filled(arrays), **drawn.options)

        differences = np.sum(g * (forward(STEP) - forward(-STEP))) / (2 * STEP)
        assert said.shape == x.shape
        scale = 1 + np.sum(np.abs(said * t))
        assert abs(np.sum(said * t) - differences) <= TOLERANCE * scale, f"{words}: {drawn}"
        tried += 1
    assert tried or op.kind != "elementwise"


# --- how it reads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "i", "words", "latex"),
    [
        ("tanh", 0, "g * (1 - out * out)", r"\bar{y} \odot (1 - y \odot y)"),
        ("sigmoid", 0, "g * out * (1 - out)", r"\bar{y} \odot y \odot (1 - y)"),
        ("multiply", 0, "g * b", r"\bar{y} \odot b"),
        ("divide", 1, "-g * out / b", r"-\frac{\bar{y} \odot y}{b}"),
        ("square", 0, "2 * g * x", r"2\,\bar{y} \odot x"),
        ("sqrt", 0, "g / (2 * out)", r"\frac{\bar{y}}{2\,y}"),
        ("power", 0, "g * b * a ** (b - 1)", r"\bar{y} \odot b \odot a^{b - 1}"),
        ("exp", 0, "g * out", r"\bar{y} \odot y"),
        ("log", 0, "g / x", r"\frac{\bar{y}}{x}"),
        ("matmul", 0, "g @ b.T", r"\bar{y} b^{\top}"),
        ("linear", 1, "g.T @ x", r"\bar{y}^{\top} x"),
        ("linear", 2, "sum(g, axis=0)", r"\sum_{\mathrm{axis}\ 0} \bar{y}"),
        ("relu", 0, "g * (out > 0)", r"\bar{y} \odot [y > 0]"),
        ("where", 2, "where(condition, 0, g)", r"(1 - [c])\,\bar{z}"),
    ],
)
def test_formulas_read_as_in_a_textbook(name, i, words, latex):
    rule = rule_of(ag.REGISTRY[name], i)
    assert (rule.words, rule.latex) == (words, latex)


def test_of_several_lambdas_on_a_line_the_right_one_is_read():
    assert [rule_of(ag.REGISTRY["multiply"], i).words for i in range(2)] == ["g * b", "g * a"]
    both = [lambda out: out * 2, lambda out: out / 3]  # fmt: skip
    from autograd_core.formulas.rules import expression_of

    assert [ast.unparse(expression_of(f)) for f in both] == ["out * 2", "out / 3"]


def test_a_rule_without_a_source_is_named():
    namespace = {"ag": ag}
    exec("half = ag.elementwise(partials=[lambda x: 0.5 * x / x])(lambda xp, x, /: x / 2)", namespace)
    op = namespace["half"].op
    try:
        assert rule_of(op, 0).words == f"g * d {op.name} / d x"
    finally:
        del ag.REGISTRY[op.name]


def test_a_node_tells_the_axes_that_are_summed_over():
    x = ag.tensor(np.ones((2, 1)), requires_grad=True)
    rule = rule_at((x * np.ones((4, 2, 3))).node, 0)
    assert rule.words == "sum(g * b, axis=(0, 2), keepdims=True)"
    assert rule.latex == r"\sum_{\mathrm{axis}\ 0, 2} \bar{y} \odot b"


def test_an_axis_of_length_one_in_the_result_too_is_not_summed_over():
    x = ag.tensor(np.ones((1, 3)), requires_grad=True)
    assert rule_at((x * np.ones((2, 1, 3))).node, 0).words == "sum(g * b, axis=0)"


def test_a_node_tells_what_a_vector_gets_of_a_product():
    a, v = ag.tensor(np.ones((3, 2)), requires_grad=True), ag.tensor(np.ones(2), requires_grad=True)
    node = (a @ v).node
    assert [rule_at(node, i).words for i in range(2)] == ["outer(g, b)", "g @ a"]


def test_whoever_listens_to_an_operation_does_not_hide_its_formula():
    x = ag.tensor(1.0, requires_grad=True)
    y = ag.tanh(x)
    y.retain_grad()
    assert rule_of(y.node.op, 0) == rule_of(ag.REGISTRY["tanh"], 0)


def test_what_stands_for_a_whole_call_is_named():
    x = ag.tensor(1.0, requires_grad=True)
    y = ag.checkpoint(lambda x: x * x)(x)
    assert rule_of(y.node.parents[0].op, 0).words.startswith("VJP of ")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2 x f(x)", "2 * x * f(x)"),
        ("x**(a - 1) e**-x / gamma(a)", "x**(a - 1) * e**-x / gamma(a)"),
        ("log a", "log(a)"),
    ],
)
def test_what_mathematicians_write_is_understood(said, meant):
    assert ast.dump(ast.parse(spelled_out(said))) == ast.dump(ast.parse(meant))


def test_latex_keeps_text_from_being_commands():
    assert latex_of(ast.Name("net.0.weight_50%")) == r"\mathrm{net.0.weight\ 50\%}"
