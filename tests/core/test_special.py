"""SciPy's own functions on Tensors, what they refuse, and what is said where SciPy is not installed."""

import math
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops.special import origin
from autograd_core.testing.cases import First, draw_case, examples_of

OPERATIONS = [op for op in ag.REGISTRY.values() if op.name.startswith("special.")]


@pytest.fixture
def special():
    return pytest.importorskip("scipy.special", reason="scipy is not installed: special functions have no values")


def _id(op):
    return op.name


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.name != "special.polygamma"], ids=_id)
def test_scipys_function_of_the_name_stays_in_the_graph(op, special):
    case = draw_case(First(), op, examples_of(op)[0])
    tensors = [ag.tensor(x, requires_grad=True) for x in case.arrays]
    theirs = getattr(special, op.name.removeprefix("special."))
    got, ours = theirs(*case.filled(tensors)), op.call(*case.filled(tensors))
    np.testing.assert_array_equal(got.detach(), theirs(*case.filled(case.arrays)))
    for g, e in zip(ag.gradients(got.sum(), tensors), ag.gradients(ours.sum(), tensors), strict=True):
        np.testing.assert_array_equal(g.data, e.data)


def test_scipys_other_names(special):
    t = ag.tensor([0.3, 2.0], requires_grad=True)
    for theirs, ours in [
        (special.expit, ag.sigmoid),
        (special.digamma, ag.special.digamma),
        (special.psi, ag.special.psi),
        (special.i0, ag.i0),
        (special.cbrt, ag.cbrt),
        (special.exp2, ag.exp2),
        (special.expm1, ag.expm1),
        (special.log1p, ag.log1p),
    ]:
        np.testing.assert_allclose(theirs(t).detach(), theirs(t.detach().data), rtol=1e-14)
        np.testing.assert_array_equal(
            ag.gradients(theirs(t).sum(), t).data, ag.gradients(ours(t).sum(), t).data, err_msg=str(theirs)
        )


def test_keywords_of_scipys_ufuncs(special):
    x = np.array([0.2, 1.0, 0.7])
    mask = np.array([True, False, True])

    def masked(t):
        return special.logit(t, where=mask, out=ag.zeros(3))

    ag.gradcheck(lambda t: masked(t)[np.array([0, 2])], x)
    np.testing.assert_array_equal(masked(ag.tensor(x)).data, [special.logit(0.2), 0.0, special.logit(0.7)])
    assert special.erf(ag.tensor(x), dtype=np.float32).dtype == np.float32


def test_a_function_that_is_not_here_is_refused_in_words(special):
    with pytest.raises(ag.MissingRuleError, match=r"erfi is not differentiable here"):
        special.erfi(ag.tensor([1.0], requires_grad=True))


@pytest.mark.parametrize(
    ("name", "arguments", "held"),
    [
        ("iv", (1.0, 2.0), "v"),
        ("ive", (1.0, 2.0), "v"),
        ("jv", (1.0, 2.0), "v"),
        ("gammainc", (1.0, 2.0), "a"),
        ("gammaincc", (1.0, 2.0), "a"),
        ("polygamma", (1.0, 2.0), "n"),
        ("betainc", (1.0, 2.0, 0.5), "a"),
        ("betainc", (1.0, 2.0, 0.5), "b"),
    ],
)
def test_what_has_no_formula_is_refused_at_the_call(name, arguments, held, special):
    ours = getattr(ag.special, name)
    place = ours.op.arrays.index(held)
    given = [ag.tensor(x, requires_grad=i == place) for i, x in enumerate(arguments)]
    says = rf"special\.{name}: there is no derivative with respect to {held}; give {held}\.detach\(\)"
    with pytest.raises(ag.MissingRuleError, match=says):
        ours(*given)
    if name != "polygamma":
        with pytest.raises(ag.MissingRuleError, match=says):
            getattr(special, name)(*given)
    given[place] = given[place].detach()
    given[-1].requires_grad_()
    assert ours(*given).requires_grad


@pytest.mark.parametrize("op", OPERATIONS, ids=_id)
def test_narrow_types_and_python_numbers(op, special):
    case = draw_case(First(), op, examples_of(op)[0])
    for dtype in (np.float16, np.float32):
        narrow = [x.astype(dtype) for x in case.arrays]
        filled = [
            x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in case.filled(narrow)
        ]
        assert op.call(*filled).dtype == dtype
    assert np.asarray(op.call(*[1.0 if op.name != "special.polygamma" else 1] * len(op.arrays))).dtype == np.float64


def test_without_scipy_the_name_of_the_extra_is_said(monkeypatch):
    origin._package.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    try:
        with pytest.raises(
            ImportError, match=r"need SciPy, which is not installed; pip install 'autograd-core\[special\]'"
        ):
            ag.special.digamma(1.0)
        assert float(ag.special.erf(1.0)) == math.erf(1.0)  # Python's own
        assert float(ag.i0(0.0)) == 1.0  # NumPy's own need nothing
    finally:
        origin._package.cache_clear()
