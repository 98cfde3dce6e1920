"""Every public function of NumPy's, with every keyword: differentiated and right, or refused in words; nothing between.

A keyword counts as right only if an example in the operation's record uses it, because the conformance suite then
compares it with NumPy and with finite differences to second order. Ufuncs' own keywords are compositions; they are
checked here.
"""

import inspect
import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import coverage, numpy_functions
from autograd_core.coverage import Status
from autograd_core.testing.cases import First, draw_case, examples_of
from autograd_core.testing.domains import points

FUNCTIONS = list(coverage.functions())
UFUNCS = list(coverage.ufuncs())
OPERATIONS = [a for a in FUNCTIONS if a.operation is not None]
KEYWORDS = [(a, key) for a in OPERATIONS for key in a.keywords if key != "out"]
SENTINEL = object()


def _id(thing):
    return thing.name if isinstance(thing, coverage.Answer) else str(thing)


OTHER_ORDER = {
    "choose": lambda t: [np.array([0, 1, 1]), [t, 2 * t]],
    "einsum": lambda t: ["i,i->i", t, t],
}
"""Calls of functions in which the arrays do not come first, as they do in the operation's record."""


def arguments_of(answer):
    """An example of the operation as a call of NumPy's function: positional arguments and options."""
    if answer.name in OTHER_ORDER:
        return OTHER_ORDER[answer.name](ag.tensor([1.0, 2.0, 3.0], requires_grad=True)), {}
    case = draw_case(First(), answer.operation, examples_of(answer.operation)[0])
    tensors = [ag.tensor(x, requires_grad=k in case.live) for k, x in enumerate(case.arrays)]
    args, options = case.filled(tensors), dict(case.options)
    for key, parameter in numpy_functions.signature_of(answer.function).parameters.items():
        if parameter.kind is parameter.POSITIONAL_ONLY and key in options:
            args.append(options.pop(key))
    return args, options


# --- functions --------------------------------------------------------------------------------------------------------


def test_numpy_is_all_there():
    names = {a.name for a in FUNCTIONS}
    assert {"sum", "linalg.svd", "fft.rfft", "lib.stride_tricks.sliding_window_view"} <= names
    assert len(names) == len(FUNCTIONS) > 250


@pytest.mark.parametrize("answer", [a for a in FUNCTIONS if a.status is Status.REFUSED], ids=_id)
def test_what_is_refused_is_refused_in_words_and_for_a_reason(answer):
    with pytest.raises(ag.MissingRuleError, match=r"^np\..* is not differentiable here: .*; use \.detach\(\)"):
        numpy_functions.answer_to(answer.function)(ag.tensor(X, requires_grad=True))
    assert answer.reason


def test_where_no_gradient_is_wanted_numpy_gives_the_value():
    t = ag.tensor(X, requires_grad=True)
    counts, edges = np.histogram(t.detach())
    np.testing.assert_array_equal(counts, np.histogram(X)[0])
    assert isinstance(counts, ag.Tensor)
    assert not edges.requires_grad
    with ag.no_grad():
        np.testing.assert_array_equal(np.union1d(t, t), np.unique(X))
    np.testing.assert_array_equal(np.fft.fft(t.detach()), np.fft.fft(X))  # an ndarray, because it is complex
    np.testing.assert_array_equal(np.subtract.accumulate(t.detach()), np.subtract.accumulate(X))
    for write in (lambda x: np.put(x, [0], 1.0), lambda x: np.add.at(x, 0, 1.0), lambda x: np.copyto(x, 1.0)):
        with pytest.raises(ag.MissingRuleError, match="writes into"):
            write(t.detach())
    np.testing.assert_array_equal(t.detach(), X)


@pytest.mark.parametrize("name", sorted(numpy_functions.REFUSED))
def test_a_reason_belongs_to_a_function_that_is_refused(name):
    assert next(a for a in FUNCTIONS if a.name == name).status is Status.REFUSED


@pytest.mark.parametrize(("answer", "key"), [(a, k) for a, k in KEYWORDS if a.keywords[k] is None], ids=_id)
def test_a_keyword_that_is_not_understood_is_refused_in_words(answer, key):
    args, options = arguments_of(answer)
    if numpy_functions.signature_of(answer.function).parameters[key].kind is inspect.Parameter.VAR_KEYWORD:
        key = "anything"
    with pytest.raises((ag.MissingRuleError, TypeError), match=key):
        numpy_functions.answer_to(answer.function)(*args, **options, **{key: SENTINEL})


SQUARE = np.array([[0.7, -0.4, 1.1], [0.2, 1.9, 0.3], [-0.8, 0.5, 2.6]])
IN_A_LINE = {
    ("astype", "copy"): lambda x: np.astype(x, np.float64, copy=False),
    ("linspace", "retstep"): lambda x: np.linspace(x[0], x[1], 5, retstep=True),
    ("unique", "return_counts"): lambda x: np.unique(x, return_counts=True),
    ("unique", "return_index"): lambda x: np.unique(x, return_index=True),
    ("unique", "return_inverse"): lambda x: np.unique(x, return_inverse=True),
    ("unique", "sorted"): lambda x: np.unique(x, sorted=True),
    ("linalg.matrix_rank", "hermitian"): lambda x: np.linalg.matrix_rank(x @ x.T, hermitian=True),
    ("linalg.pinv", "hermitian"): lambda x: np.linalg.pinv(x @ x.T, hermitian=True),
    ("linalg.svd", "hermitian"): lambda x: np.linalg.svd(x + x.T, compute_uv=False, hermitian=True),
}
"""Keywords that add constants to the result, or promise something of the argument: no example can say that."""


@pytest.mark.parametrize(
    ("answer", "key"),
    [(a, k) for a, k in KEYWORDS if a.keywords[k] is not None and (a.name, k) not in IN_A_LINE],
    ids=_id,
)
def test_a_keyword_that_is_understood_has_an_example(answer, key):
    mine = answer.keywords[key]
    default = answer.operation.defaults.get(mine, SENTINEL)
    values = [e.arguments[mine] for e in examples_of(answer.operation) if mine in e.arguments]
    assert any(isinstance(v, np.ndarray) or v is not default for v in values), f"no example gives {mine}="


@pytest.mark.parametrize(("name", "key"), [k for k in IN_A_LINE if k in {(a.name, key) for a, key in KEYWORDS}])
def test_a_keyword_that_no_example_can_show_is_right_in_a_line(name, key):
    line = IN_A_LINE[name, key]

    def listed(result):
        return list(result) if isinstance(result, tuple) else [result]

    got, expected = listed(line(ag.tensor(SQUARE, requires_grad=True))), listed(line(SQUARE))
    for i, (y, e) in enumerate(zip(got, expected, strict=True)):
        np.testing.assert_allclose(y.detach(), e, rtol=1e-13, atol=1e-14)
        if y.requires_grad:
            ag.gradcheck(lambda x, i=i: listed(line(x))[i], SQUARE)
    assert any(y.requires_grad for y in got) or name == "linalg.matrix_rank"


@pytest.mark.parametrize("answer", [a for a in OPERATIONS if "out" in a.keywords], ids=_id)
def test_out_is_a_tensor_or_an_array_that_needs_no_gradient(answer):
    args, options = arguments_of(answer)
    expected = answer.function(*args, **options)
    into = ag.zeros(expected.shape, dtype=expected.dtype)
    assert answer.function(*args, **options, out=into) is into
    np.testing.assert_array_equal(into.detach(), expected.detach())
    assert into.requires_grad is expected.requires_grad
    array = np.zeros(expected.shape, expected.dtype)
    if expected.requires_grad:
        with pytest.raises(ag.GraphError, match="cannot carry"):
            answer.function(*args, **options, out=array)
    with ag.no_grad():
        assert answer.function(*args, **options, out=array) is array
    np.testing.assert_array_equal(array, expected.detach())


X = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
HOLES = np.array([[3.0, np.nan, 2.0], [0.0, 5.0, np.inf]])
BITS = np.array([1, 0, 1, 1, 0], np.uint8)
PLACES = np.array([2, 0, 1])
FILES = {"save", "savetxt", "savez", "savez_compressed"}
SAMPLES = {
    "allclose": lambda t: (t(X), t(X + 1e-12)),
    "argwhere": lambda t: (t(X),),
    "array2string": lambda t: (t(X), 40, 3),
    "array_equal": lambda t: (t(HOLES), t(HOLES), True),
    "array_equiv": lambda t: (t(X[0]), t(X)),
    "array_repr": lambda t: (t(X),),
    "array_str": lambda t: (t(X),),
    "can_cast": lambda t: (t(X).dtype, np.float32),
    "common_type": lambda t: (t(X), t(X.astype(np.float32))),
    "count_nonzero": lambda t: (t(X), 1),
    "diag_indices_from": lambda t: (t(X[:, :2]),),
    "digitize": lambda t: (t(X), t(np.array([1.0, 3.0])), True),
    "einsum_path": lambda t: ("ij,ij->i", t(X), t(X)),
    "flatnonzero": lambda t: (t(X),),
    "isclose": lambda t: (t(X), t(X + 1e-3), 0.0, 1e-2),
    "iscomplex": lambda t: (t(X),),
    "iscomplexobj": lambda t: (t(X),),
    "isin": lambda t: (t(X), t(np.array([1.0, 4.0]))),
    "isreal": lambda t: (t(X),),
    "isrealobj": lambda t: (t(X),),
    "ix_": lambda t: (t(PLACES), t(PLACES[:2])),
    "lexsort": lambda t: (t(X),),
    "may_share_memory": lambda t: (t(X), t(X.copy())),
    "min_scalar_type": lambda t: (t(np.float64(1.0)),),
    "nanargmax": lambda t: (t(HOLES), 1),
    "nanargmin": lambda t: (t(HOLES), 0),
    "nonzero": lambda t: (t(X),),
    "packbits": lambda t: (t(BITS),),
    "ravel_multi_index": lambda t: ((t(PLACES), t(PLACES)), (3, 3)),
    "shares_memory": lambda t: (t(X), t(X.copy())),
    "tril_indices_from": lambda t: (t(X), 1),
    "triu_indices_from": lambda t: (t(X), 1),
    "unpackbits": lambda t: (t(BITS),),
    "unravel_index": lambda t: (t(PLACES), (2, 3)),
}
"""For each function computed on values: arguments to call it with, those arrays as Tensors that `t` is applied to."""

ON_VALUES = [a for a in FUNCTIONS if a.status is Status.CONSTANT and not a.operation]


@pytest.mark.parametrize("answer", [a for a in ON_VALUES if a.name in FILES], ids=_id)
def test_a_file_holds_the_values(answer, tmp_path):
    t = ag.tensor(X, requires_grad=True)
    answer.function(tmp_path / "x.npz" if "savez" in answer.name else tmp_path / "x.npy", t)
    file = next(tmp_path.iterdir())
    read = np.loadtxt(file) if answer.name == "savetxt" else np.load(file)
    np.testing.assert_array_equal(read["arr_0"] if "savez" in answer.name else read, X)


@pytest.mark.parametrize("answer", [a for a in ON_VALUES if a.name not in FILES], ids=_id)
def test_a_function_of_values_is_numpys_and_gives_constants(answer):
    build = SAMPLES[answer.name]

    def values_of(result):
        listed = result if isinstance(result, tuple | list) else [result]
        return [x.detach() if isinstance(x, ag.Tensor) else x for x in listed]

    got = answer.function(*build(lambda x: ag.tensor(x, requires_grad=np.asarray(x).dtype.kind == "f")))
    expected = answer.function(*build(np.asarray))
    for y, e in zip(values_of(got), values_of(expected), strict=True):
        if isinstance(e, np.ndarray | np.generic):
            np.testing.assert_array_equal(y, e)
        else:
            assert y == e
    for y in got if isinstance(got, tuple | list) else [got]:
        assert not (isinstance(y, ag.Tensor) and y.requires_grad)
        assert isinstance(y, ag.Tensor) or not isinstance(y, np.ndarray)


# --- ufuncs -----------------------------------------------------------------------------------------------------------

CALLS = [a for a in UFUNCS if "." not in a.name and a.operation is not None]


def takes_floats(answer):
    """Whether all arguments may be floating point numbers; np.ldexp takes an integer too."""
    ufunc = answer.function.__self__
    return "d" * ufunc.nin in {types.partition("->")[0] for types in ufunc.types}


ELEMENTWISE = [
    a for a in CALLS if a.function.__self__.signature is None and a.function.__self__.nout == 1 and takes_floats(a)
]
MASK = np.array([[True, False, True], [False, True, True]])


def ufunc_of(answer):
    return answer.function.__self__


def inputs_of(answer):
    """Arrays of shape (2, 3) out of the operation's domain, different ones for different arguments."""
    op = answer.operation
    arrays = []
    for position, name in enumerate(op.arrays):
        domain = op.domain.get(name) if hasattr(op.domain, "get") else op.domain
        choice = points(domain or ag.Interval(-3, 3), position, len(op.arrays))
        rng = np.random.default_rng(position)
        arrays.append(rng.choice(choice, (2, 3)))
    return arrays


def differentiable(answer):
    return answer.status is Status.DIFFERENTIABLE


def assert_gradients_are_right(f, arrays):
    """Against finite differences, in every argument."""
    ag.gradcheck(f, *arrays)


@pytest.mark.parametrize("answer", [a for a in UFUNCS if a.status is Status.REFUSED], ids=_id)
def test_a_ufunc_or_method_that_is_refused_is_refused_in_words(answer):
    ufunc = ufunc_of(answer)
    method = answer.function.__name__
    arguments = [ag.tensor(X, requires_grad=True)] * ufunc.nin
    if method in ("reduce", "accumulate"):
        arguments = arguments[:1]
    elif method in ("at", "reduceat"):
        arguments = (
            [arguments[0], [0, 1], *arguments[1:]][: 1 + ufunc.nin] if method == "at" else [arguments[0], [0, 1]]
        )
    with pytest.raises(ag.MissingRuleError, match=rf"^np\.{ufunc.__name__}"):
        answer.function(*arguments)


@pytest.mark.parametrize("answer", ELEMENTWISE, ids=_id)
class TestKeywordsOfUfuncs:
    """`out=`, `where=`, `dtype=`, `casting=`: right; `order=`, `subok=`, `signature=`: refused."""

    def test_out_and_where(self, answer):
        ufunc, arrays = ufunc_of(answer), inputs_of(answer)
        plain = ufunc(*arrays)
        before = np.full(plain.shape, 7, plain.dtype)
        expected = ufunc(*arrays, where=MASK, out=before.copy())

        def masked(*tensors):
            out = ag.tensor(before)
            assert ufunc(*tensors, where=MASK, out=out) is out
            return out

        tensors = [ag.tensor(x, requires_grad=True) for x in arrays]
        np.testing.assert_array_equal(masked(*tensors).detach(), expected)
        array = before.copy()
        with ag.no_grad():
            assert ufunc(*tensors, where=MASK, out=array) is array
        np.testing.assert_array_equal(array, expected)
        if differentiable(answer):
            assert_gradients_are_right(masked, arrays)
            with pytest.raises(ag.GraphError, match="cannot carry"):
                ufunc(*tensors, out=array)
        with pytest.raises(ag.OptionError, match=r"where= leaves elements without a value"):
            ufunc(*tensors, where=MASK)

    def test_dtype_and_casting(self, answer):
        ufunc, arrays = ufunc_of(answer), inputs_of(answer)
        tensors = [ag.tensor(x, requires_grad=True) for x in arrays]
        try:
            expected = ufunc(*arrays, dtype=np.float32)
        except TypeError:
            with pytest.raises((ag.AutogradError, TypeError)):
                ufunc(*tensors, dtype=np.float32)
            return
        got = ufunc(*tensors, dtype=np.float32)
        assert got.dtype == expected.dtype == np.float32
        np.testing.assert_allclose(got.detach(), expected, rtol=4e-6)
        unsafe = ufunc(*tensors, dtype=np.float32, casting="unsafe")
        np.testing.assert_array_equal(unsafe.detach(), got.detach())
        if got.requires_grad:
            for g, exact in zip(
                ag.gradients(got.sum(), tensors), ag.gradients(ufunc(*tensors).sum(), tensors), strict=True
            ):
                assert g.dtype == np.float64
                np.testing.assert_allclose(g, exact, rtol=1e-4, atol=1e-4)
        with pytest.raises(ag.DTypeError, match="cannot cast float64 to float32"):
            ufunc(*tensors, dtype=np.float32, casting="safe")

    @pytest.mark.parametrize("options", [{"order": "F"}, {"subok": False}, {"signature": "dd->d"}, {"casting": "no"}])
    def test_what_has_no_meaning_for_a_tensor_is_refused(self, answer, options):
        ufunc, arrays = ufunc_of(answer), inputs_of(answer)
        tensors = [ag.tensor(x, requires_grad=True) for x in arrays]
        if differentiable(answer):
            with pytest.raises(ag.MissingRuleError, match=next(iter(options))):
                ufunc(*tensors, **options)
            return
        try:  # a constant is NumPy's own affair
            expected = ufunc(*arrays, **options)
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                ufunc(*tensors, **options)
        else:
            np.testing.assert_array_equal(ufunc(*tensors, **options), expected)


@pytest.mark.parametrize("answer", [a for a in ELEMENTWISE if differentiable(a)], ids=_id)
def test_an_element_that_takes_no_part_does_not_matter(answer):
    ufunc, arrays = ufunc_of(answer), inputs_of(answer)
    for x in arrays:
        x[~MASK] = np.nan
    tensors = [ag.tensor(x, requires_grad=True) for x in arrays]
    out = ag.zeros((2, 3))
    ufunc(*tensors, where=MASK, out=out)
    np.testing.assert_array_equal(out.detach().data[~MASK], 0)
    for g in ag.gradients(out.sum(), tensors):
        np.testing.assert_array_equal(g.data[~MASK], 0)
        assert np.all(np.isfinite(g.data))


METHODS = [a for a in UFUNCS if "." in a.name and a.operation is not None]


@pytest.mark.parametrize("answer", [a for a in METHODS if a.name.endswith(".outer") and takes_floats(a)], ids=_id)
def test_outer(answer):
    ufunc = ufunc_of(answer)
    a, b = inputs_of(answer)
    a, b = a[0], b[:, :2]
    # np.power and np.float_power have loops of their own, which may differ in the last bit
    rtol = 2.0**-51 if ufunc is np.float_power else 0
    expected = ufunc.outer(a, b)
    np.testing.assert_allclose(
        ufunc.outer(ag.tensor(a, requires_grad=True), ag.tensor(b)).detach(), expected, rtol=rtol
    )
    np.testing.assert_allclose(ufunc.outer(ag.tensor(a), b).detach(), expected, rtol=rtol)
    if differentiable(answer):
        assert_gradients_are_right(ufunc.outer, [a, b])


REDUCE_OPTIONS = [
    {},
    {"axis": 1},
    {"axis": None},
    {"axis": (0, 1)},
    {"axis": -1, "keepdims": True},
    {"axis": 1, "dtype": np.float64},
    {"axis": 0, "initial": 2.0},
    {"axis": 1, "initial": -1.0, "where": MASK},
]


@pytest.mark.parametrize("options", REDUCE_OPTIONS, ids=repr)
@pytest.mark.parametrize("answer", [a for a in METHODS if a.name.endswith(".reduce")], ids=_id)
def test_reduce(answer, options):
    ufunc = ufunc_of(answer)
    t = ag.tensor(X, requires_grad=True)
    missing = [k for k in options if k not in answer.operation.defaults]
    if missing:
        with pytest.raises(ag.MissingRuleError, match=missing[0]):
            ufunc.reduce(t, **options)
        return
    got = ufunc.reduce(t, **options)
    np.testing.assert_allclose(got.detach(), ufunc.reduce(X, **options), rtol=1e-14)
    into = ag.zeros(got.shape, dtype=got.dtype)
    assert ufunc.reduce(t, **options, out=into) is into
    np.testing.assert_array_equal(into.detach(), got.detach())
    if differentiable(answer):
        assert_gradients_are_right(lambda x: ufunc.reduce(x, **options), [X + 0.1])


@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"axis": -1, "dtype": np.float64}], ids=repr)
@pytest.mark.parametrize("answer", [a for a in METHODS if a.name.endswith(".accumulate")], ids=_id)
def test_accumulate(answer, options):
    ufunc = ufunc_of(answer)
    missing = [k for k in options if k not in answer.operation.defaults]
    if missing:
        with pytest.raises(ag.MissingRuleError, match=missing[0]):
            ufunc.accumulate(ag.tensor(X), **options)
        return
    got = ufunc.accumulate(ag.tensor(X, requires_grad=True), **options)
    np.testing.assert_allclose(got.detach(), ufunc.accumulate(X, **options), rtol=1e-14)
    if differentiable(answer):
        assert_gradients_are_right(lambda x: ufunc.accumulate(x, **options), [X + 0.1])
