"""What is claimed of all operations, checked of every operation in the registry: nobody writes tests for one of them.

Each test is one claim about one operation. It goes through all examples of the record; Hypothesis draws the numbers
from the record's domain. An operation is left out only where the claim says nothing about it, when the tests are
collected.

Note [Tolerances]
Float64 computes to one unit in the last place, EPS. An operation here adds up at most some dozens of products, and a
library function may be off by a few units; so two computations of the same thing may differ by 64 EPS of the largest
number that takes part (ROUNDING). Every tolerance is that, or a bound of what a finite difference leaves (`slope`).
"""

import doctest
import inspect
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings, strategies as st

import autograd_core as ag
from autograd_core.engine import reachable
from tests.strategies import COTANGENTS, Case, Draw, First, draw_array, draw_case, draw_like, examples_of

ROUNDING = 64
EPS = float(np.finfo(np.float64).eps)
# Draws for each example of each operation. A note names the example that failed; shrinking all of them takes long.
DRAWN = settings(max_examples=max(2, settings.default.max_examples // 16), phases=[Phase.reuse, Phase.generate])

OPERATIONS = list(ag.REGISTRY.values())
DIFFERENTIABLE = [op for op in OPERATIONS if op.kind == "composed" or any(r is not None for r in op.rules)]
CONSTANT = [op for op in OPERATIONS if op not in DIFFERENTIABLE]

# A face of a linear map, checked through its VJPs, which are its other faces; NumPy has no function to compare with.
_FACE = re.compile(r"_(input|weight|gather|scatter)$")
# Steps inside another operation, which are not public and have arguments that only that operation can make.
_INSIDE = re.compile(r"_(gather|scatter|packed)$")


def _id(op: Any) -> str:
    return op.name


def per_operation(
    operations: Sequence[ag.Op], where: Callable[[Case], bool] = lambda case: True
) -> Callable[[Callable[[Case, Draw], None]], Any]:
    """Make a claim about one call a test of each operation, over all its examples that it says something about."""

    def decorate(claim: Callable[[Case, Draw], None]) -> Any:
        @pytest.mark.parametrize("op", operations, ids=_id)
        @DRAWN
        @given(data=st.data())
        def test(op, data, tally):
            for i, example in enumerate(examples_of(op)):
                case = draw_case(data.draw, op, example)
                if not where(case):
                    continue
                try:
                    claim(case, data.draw)
                except Exception as error:
                    error.add_note(f"claim: {claim.__doc__}\noperation: {op.name}, {example}")
                    raise
                tally.count(op.name, i)

        test.__doc__ = claim.__doc__
        return test

    return decorate


# --- measuring --------------------------------------------------------------------------------------------------------


def magnitude(*arrays: Any) -> float:
    """The largest number that takes part, at least 1."""
    return max([1.0, *(float(np.max(np.abs(a))) for a in arrays if np.size(a))])


def assert_close(actual: Any, expected: Any, *others: Any, eps: float = EPS) -> None:
    """Equal up to rounding, see Note [Tolerances]; `others` are further numbers that take part."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    wide_actual, wide_expected = actual.astype(np.float64), expected.astype(np.float64)
    np.testing.assert_allclose(wide_actual, wide_expected, rtol=0, atol=ROUNDING * eps * magnitude(expected, *others))


def assert_same_bits(actual: Any, expected: Any) -> None:
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    assert actual.tobytes() == expected.tobytes(), f"{actual} has other bits than {expected}"


def inner(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """<x, y> over all arrays."""
    return float(sum((np.sum(np.multiply(x, y)) for x, y in zip(xs, ys, strict=True)), start=0.0))


def size(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """What the rounding of <x, y> is measured against: the sum of the absolute values."""
    return inner([np.abs(x) for x in xs], [np.maximum(np.abs(y), 1) for y in ys])


STEP = 2.0**-9


def slope(line: Callable[[float], float], scale: float) -> tuple[float, float]:
    """The derivative of `line` at 0, and a bound of its error.

    Central differences with a step h are off by c h**2 + O(h**4). Richardson's combination of h and h/2 removes the
    first term; what it removed is taken as the bound of what is left. The values themselves, rounded to ROUNDING EPS of
    `scale`, add at most 3 of that divided by h.
    """
    coarse = (line(STEP) - line(-STEP)) / (2 * STEP)
    fine = (line(STEP / 2) - line(-STEP / 2)) / STEP
    error = abs(fine - coarse) + 3 * ROUNDING * EPS * scale / STEP
    assert error <= 1e-2 * max(scale, abs(fine)), f"the difference is too coarse to see anything: {fine} +- {error}"
    return (4 * fine - coarse) / 3, error


# --- differentiating --------------------------------------------------------------------------------------------------


def leaves(case: Case) -> list[ag.Tensor]:
    """The drawn arrays as Tensors, those with a derivative as leaves that want one."""
    return [ag.tensor(x, requires_grad=k in case.live) for k, x in enumerate(case.arrays)]


def gradients(case: Case, cotangents: Sequence[Any], create_graph: bool = False) -> list[np.ndarray]:
    """The cotangents of the live arrays, which always have their shapes and types."""
    tensors = leaves(case)
    return pulled(case, tensors, case(*tensors), cotangents, create_graph)


def pulled(
    case: Case, tensors: Sequence[ag.Tensor], outputs: Any, cotangents: Sequence[Any], create_graph: bool = False
) -> list[np.ndarray]:
    live = [tensors[k] for k in case.live]
    found = ag.gradients(outputs, live, list(cotangents), create_graph=create_graph)
    for g, x in zip(found, live, strict=True):
        assert (g.shape, g.dtype) == (x.shape, x.dtype), "a gradient has the shape and type of what it belongs to"
    return [np.array(g.detach()) for g in found]


def of_live(case: Case) -> Callable[..., list[Any]]:
    """The operation as a function of its live arrays."""
    return lambda *live: case(*case.along(live))


def moved(case: Case, direction: Sequence[np.ndarray], t: float) -> list[np.ndarray]:
    return [x + t * d for x, d in zip(case.live_arrays, direction, strict=True)]


# --- the value --------------------------------------------------------------------------------------------------------


@per_operation([op for op in OPERATIONS if op.reference is not None])
def test_value_is_that_of_the_reference(case, draw):
    """The forward computation agrees with NumPy."""
    outputs, expected = case(*case.arrays), case.reference()
    for out, reference in zip(outputs, expected, strict=True):
        assert np.asarray(out).dtype == reference.dtype
        assert_close(out, reference, *case.arrays)


@per_operation(OPERATIONS)
def test_tensors_give_the_bits_that_arrays_give(case, draw):
    """Plain in, plain out; one Tensor among the arguments makes a Tensor, with the same bits."""
    plain = case(*case.arrays)
    assert not any(isinstance(y, ag.Tensor) for y in plain)
    recorded = case(*leaves(case)) if case.arrays else []
    with ag.no_grad():
        constant = case(*leaves(case)) if case.arrays else []
    for y, r, c in zip(plain, recorded, constant, strict=True):
        assert isinstance(r, ag.Tensor)
        assert r.requires_grad is bool(case.live)
        assert not c.requires_grad
        assert_same_bits(r.detach(), y)
        assert_same_bits(c, y)


@per_operation(CONSTANT)
def test_an_operation_without_rules_gives_constants(case, draw):
    """What has no derivative requires none, whatever it was computed from."""
    assert not any(y.requires_grad for y in case(*(ag.tensor(x, requires_grad=True) for x in case.arrays)))


# --- first order ------------------------------------------------------------------------------------------------------


@per_operation(DIFFERENTIABLE)
def test_vjp_is_what_differences_say(case, draw):
    """<VJP(u), d> is the derivative of <u, f> in the direction d, for each argument."""
    outputs = case(*case.arrays)
    u = draw_like(draw, outputs)
    grads = gradients(case, u)
    for k, g in zip(case.live, grads, strict=True):
        d = draw_array(draw, g.shape, COTANGENTS)

        def line(t, k=k, d=d):
            return inner(u, case(*(x + t * d if j == k else x for j, x in enumerate(case.arrays))))

        expected, error = slope(line, size(u, outputs) * magnitude(*case.arrays))
        actual = inner([g], [d])
        assert abs(actual - expected) <= error + ROUNDING * EPS * size([d], [g]), (
            f"argument {k}: the VJP gives {actual}, differences {expected} +- {error}"
        )


@per_operation(DIFFERENTIABLE)
def test_jvp_and_vjp_are_transposed(case, draw):
    """<u, J t> = <J' u, t>."""
    f, primals = of_live(case), case.live_arrays
    t = draw_like(draw, primals)
    value, pushed = ag.jvp(f, primals, t)
    u = draw_like(draw, value)
    again, pull = ag.vjp(f, *primals)
    back = pull(u)
    for y, p, a in zip(value, pushed, again, strict=True):
        assert (np.shape(p), p.dtype) == (np.shape(y), y.dtype)
        assert_same_bits(y, a)
    assert abs(inner(u, pushed) - inner(back, t)) <= ROUNDING * EPS * (size(u, pushed) + size(t, back))


@per_operation(DIFFERENTIABLE)
def test_vjp_is_linear_in_its_cotangent(case, draw):
    """J'(2 u - 3 w) = 2 J'u - 3 J'w, and J'0 = 0."""
    outputs = case(*case.arrays)
    u, w = draw_like(draw, outputs), draw_like(draw, outputs)
    combined = gradients(case, [2 * a - 3 * b for a, b in zip(u, w, strict=True)])
    for g, gu, gw in zip(combined, gradients(case, u), gradients(case, w), strict=True):
        assert_close(g, 2 * gu - 3 * gw, gu, gw)
    for g in gradients(case, [np.zeros_like(a) for a in u]):
        assert not np.any(g)


@per_operation(DIFFERENTIABLE)
def test_the_recorded_sweep_gives_the_values_of_the_plain_one(case, draw):
    """The rules on Tensors (never fused) and the rules on arrays (fused where there is a fused one) agree."""
    u = draw_like(draw, case(*case.arrays))
    for plain, recorded in zip(gradients(case, u), gradients(case, u, create_graph=True), strict=True):
        assert_close(plain, recorded)


# --- second order -----------------------------------------------------------------------------------------------------


@per_operation(DIFFERENTIABLE)
def test_second_derivatives_are_what_differences_of_first_ones_say(case, draw):
    """The gradient of <grad(sum(f**2)), v> is right in a random direction; the square gives linear operations one."""
    primals = case.live_arrays
    positions = tuple(range(len(primals)))
    v, d = draw_like(draw, primals), draw_like(draw, primals)

    def loss(*live):
        return sum(ag.sum(y * y) for y in of_live(case)(*live))

    first = ag.grad(loss, positions)

    def along_v(*live):
        return sum(ag.sum(g * a) for g, a in zip(first(*live), v, strict=True))

    second = ag.grad(along_v, positions)(*primals)
    for h, x in zip(second, primals, strict=True):
        assert (np.shape(h), h.dtype) == (np.shape(x), x.dtype)
    values = case(*case.arrays)
    scale = size(v, first(*primals)) * magnitude(*values, *primals)
    expected, error = slope(lambda t: inner(v, first(*moved(case, d, t))), scale)
    actual = inner(second, d)
    assert abs(actual - expected) <= error + ROUNDING * EPS * size(d, second), (
        f"the second sweep gives {actual}, differences {expected} +- {error}"
    )


# --- memory -----------------------------------------------------------------------------------------------------------


@per_operation(OPERATIONS)
def test_nothing_that_was_passed_in_is_written_to(case, draw):
    """Inputs, results, what the graph saved, and cotangents keep their bits, and a second sweep gives the same."""
    before = [x.tobytes() for x in case.arrays]
    case(*case.arrays)
    assert before == [x.tobytes() for x in case.arrays]
    for x in case.arrays:
        x.flags.writeable = False  # from here on a write raises
    case(*case.arrays)
    tensors = leaves(case)
    outputs = case(*tensors)
    if case.live:
        held = [t._array for t in (*tensors, *outputs)]
        for node in reachable(y.node for y in outputs):
            held += [value for value in node.saved if isinstance(value, np.ndarray)]
        u = [ag.tensor(a) for a in draw_like(draw, outputs)]
        held = [a for a in (*held, *(a._array for a in u)) if isinstance(a, np.ndarray)]
        bits = [a.tobytes() for a in held]
        for a in held:
            a.flags.writeable = False
        for create_graph in (False, True):
            once = pulled(case, tensors, outputs, u, create_graph)
            for g, again in zip(once, pulled(case, tensors, outputs, u, create_graph), strict=True):
                assert_same_bits(g, again)
        assert bits == [a.tobytes() for a in held]


# A composed operation may end in a view, which then looks into what the view was told to look into.
@per_operation([op for op in OPERATIONS if not op.views and op.kind != "composed"])
def test_results_do_not_share_memory_with_arguments(case, draw):
    """Only an operation declared as a view returns memory of its argument."""
    tensors = leaves(case)
    for y, t in zip(case(*case.arrays), case(*tensors), strict=True):
        for x, tx in zip(case.arrays, tensors, strict=True):
            assert not np.shares_memory(y, x)
            assert not np.shares_memory(t._array, tx._array)


@per_operation(DIFFERENTIABLE)
def test_gradients_belong_to_whoever_asked(case, draw):
    """Writing into one gradient changes no other, nor the cotangent, nor the next sweep."""
    tensors = leaves(case)
    outputs = case(*tensors)
    u = draw_like(draw, outputs)
    expected = pulled(case, tensors, outputs, u)
    kept = [a.copy() for a in u]
    live = [tensors[k] for k in case.live]
    for y, a in zip(outputs, u, strict=True):
        y.backward(a, retain_graph=True)
    direct = ag.gradients(outputs, live, u)
    _, pull = ag.vjp(of_live(case), *case.live_arrays)
    for grads in ([t.grad.data for t in live], [g.data for g in direct], [*pull(u)]):
        for i, (g, x) in enumerate(zip(grads, live, strict=True)):
            assert (g.shape, g.dtype) == (x.shape, x.dtype)
            assert_close(g, expected[i])
            if isinstance(g, np.ndarray):
                g[...] = np.nan
    for a, b in zip(u, kept, strict=True):
        assert_same_bits(a, b)
    for g, e in zip(pulled(case, tensors, outputs, u), expected, strict=True):
        assert_same_bits(g, e)


# --- layouts and types ------------------------------------------------------------------------------------------------


def _transposed(x: Any) -> Any:
    return ag.transpose(ag.tensor(np.array(x.T, order="C"), requires_grad=True))


def _strided(x: Any) -> Any:
    every_other = (slice(None, None, 2),) * x.ndim
    wide = np.full([2 * n for n in x.shape], np.nan)  # a read beside the numbers would show
    wide[every_other] = x
    return ag.tensor(wide, requires_grad=True)[every_other]


def _reversed(x: Any) -> Any:
    return ag.flip(ag.tensor(np.array(np.flip(x), order="C"), requires_grad=True))


@per_operation(OPERATIONS)
def test_the_layout_in_memory_does_not_matter(case, draw):
    """Transposed, strided and reversed arguments and cotangents give the same values and gradients."""
    outputs = case(*case.arrays)
    u = draw_like(draw, outputs)
    expected = gradients(case, u) if case.live else []
    for layout in (_transposed, _strided, _reversed):
        tensors = [layout(x) for x in case.arrays]
        for t, x in zip(tensors, case.arrays, strict=True):
            assert_same_bits(t.detach(), x)
        results = case(*tensors)
        for y, out in zip(results, outputs, strict=True):
            assert_close(y.detach(), out, *case.arrays)
        if case.live:
            cotangents = [layout(a).detach() for a in u]
            for g, e in zip(pulled(case, tensors, results, cotangents), expected, strict=True):
                assert_close(g, e, *u)


def _is_numpys(function: Any) -> bool:
    """Whether a reference is a function of NumPy's own, which knows what it does with integers."""
    return isinstance(function, np.ufunc) or str(getattr(function, "__module__", "")).startswith("numpy")


@pytest.mark.parametrize("dtype", [np.int64, np.uint8], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("op", [op for op in OPERATIONS if _is_numpys(op.reference)], ids=_id)
def test_whole_numbers_give_the_values_of_the_reference_or_are_refused(dtype, op, tally):
    """Whole numbers are constants; they must not wrap round unless NumPy's do.

    NumPy takes 8 bits to half precision in some functions; there it is the one that is inexact.
    """
    rng, eps = np.random.default_rng(0), float(np.finfo(np.float16 if dtype is np.uint8 else np.float64).eps)
    for i, example in enumerate(examples_of(op)):
        case = draw_case(First(), op, example)
        arrays = [(rng.permutation(x.size).reshape(x.shape) + 1).astype(dtype) for x in case.arrays]
        with np.errstate(all="ignore"):
            try:
                expected = case.having(arrays).reference()
                outputs = case(*arrays)
            except (ag.AutogradError, TypeError, ValueError, OverflowError):  # in words, ours or NumPy's
                continue
        for out, reference in zip(outputs, expected, strict=True):
            assert_close(out, reference, *arrays, eps=eps)
        tally.count(op.name, i)


def narrowed(case: Case, dtypes: Sequence[Any]) -> tuple[Case, Case]:
    """The same call in narrower types, and in float64 on the very same numbers."""
    narrow = [x.astype(t) for x, t in zip(case.arrays, dtypes, strict=True)]
    return case.having(narrow), case.having([x.astype(np.float64) for x in narrow])


@pytest.mark.parametrize("dtype", [np.float32, np.float16], ids=["float32", "float16"])
class TestNarrowTypes:
    """Half and single precision are kept, forwards and backwards."""

    @pytest.mark.parametrize("op", OPERATIONS, ids=_id)
    @DRAWN
    @given(data=st.data())
    def test_a_narrow_type_is_kept(self, dtype, op, data, tally):
        # In half precision intermediate results lose what the final ones would have had: 4 times the tolerance.
        eps = float(np.finfo(dtype).eps) * (4 if dtype is np.float16 else 1)
        for i, example in enumerate(examples_of(op)):
            case = draw_case(data.draw, op, example)
            narrow, wide = narrowed(case, [dtype] * len(case.arrays))
            exact = wide(*wide.arrays)
            for y, e in zip(narrow(*narrow.arrays), exact, strict=True):
                asked = case.options.get("dtype", dtype)
                assert y.dtype == (asked if e.dtype.kind == "f" else e.dtype)
                assert_close(y, e, *wide.arrays, eps=eps)
            if case.live:
                u = draw_like(data.draw, exact)
                for g, e in zip(gradients(narrow, u), gradients(wide, u), strict=True):
                    assert_close(g, e, *u, *wide.arrays, eps=eps)
            tally.count(op.name, i)


@per_operation([op for op in DIFFERENTIABLE if len(op.arrays) > 1 or op.variadic], lambda case: len(case.arrays) > 1)
def test_each_gradient_has_the_type_of_its_own_argument(case, draw):
    """Where single and double precision meet, every argument gets its gradient in its own type."""
    eps = float(np.finfo(np.float32).eps)
    u = draw_like(draw, case(*case.arrays))
    for odd in range(len(case.arrays)):
        for types in ((np.float32, np.float64), (np.float64, np.float32)):
            mixed, wide = narrowed(case, [types[0] if k == odd else types[1] for k in range(len(case.arrays))])
            for create_graph in (False, True):
                for g, e in zip(gradients(mixed, u, create_graph), gradients(wide, u), strict=True):
                    assert_close(g, e, *u, *wide.arrays, eps=eps)


# --- what the record declares -----------------------------------------------------------------------------------------


def _declared(op: ag.Op, arguments: Any, wrap: Callable[[Any], Any]) -> Any:
    """A call as an error or subgradient declares it: shapes filled with ones, everything else as given."""
    named = [name for name in op.arrays if name in arguments and name not in op.masks]
    last = 1 + max(op.arrays.index(name) for name in named)

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return wrap(np.ones(value))
        return [filled(v) for v in value] if isinstance(value, list) else value

    options = {name: value for name, value in arguments.items() if name not in named}
    return lambda: op.call(*(filled(arguments.get(name)) for name in op.arrays[:last]), **options)


@pytest.mark.parametrize("dtype", [complex, object, str], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("op", OPERATIONS, ids=_id)
def test_what_is_no_real_number_is_refused_in_words(op, dtype, tally):
    words = "complex numbers .* are not supported" if dtype is complex else "numbers or booleans are needed"
    example = next(e for e in examples_of(op) if any(isinstance(e.arguments.get(a), tuple | list) for a in op.arrays))
    case = draw_case(First(), op, example)
    for k, x in enumerate(case.arrays):
        with pytest.raises(ag.DTypeError, match=words):
            case(*case.arrays[:k], x.astype(dtype), *case.arrays[k + 1 :])
    tally.checks += 1


@pytest.mark.parametrize("wrap", [np.asarray, lambda x: ag.tensor(x, requires_grad=True)], ids=["arrays", "tensors"])
@pytest.mark.parametrize(
    ("op", "refusal"),
    [pytest.param(op, e, id=f"{op.name}-{i}") for op in OPERATIONS for i, e in enumerate(op.errors)],
)
def test_what_must_be_refused_is_refused_in_these_words(op, refusal, wrap, tally):
    assert issubclass(refusal.error, ag.AutogradError)
    with pytest.raises(refusal.error, match=refusal.match) as caught:
        _declared(op, refusal.arguments, wrap)()
    assert type(caught.value) is refusal.error
    who, colon, _ = str(caught.value).partition(":")
    assert colon
    assert who in ag.REGISTRY
    tally.checks += 1


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize(
    ("op", "point"),
    [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPERATIONS for i, s in enumerate(op.subgradients)],
)
def test_the_derivative_at_a_kink_is_the_declared_one(op, point, create_graph, tally):
    at = {
        name: ag.tensor(np.asarray(value, np.float64), requires_grad=name in point.gradients)
        for name, value in point.at.items()
    }
    out = op.call(*(at.get(name) for name in op.arrays if name in at))
    names = list(point.gradients)
    found = ag.gradients(ag.sum(out), [at[name] for name in names], create_graph=create_graph)
    for name, g in zip(names, found, strict=True):
        # declared values are 0, 1, halves and small integers, which are computed exactly
        np.testing.assert_array_equal(g.detach(), point.gradients[name], err_msg=f"{op.name}: {name}, {point.because}")
    tally.checks += 1


@pytest.mark.parametrize("op", OPERATIONS, ids=_id)
def test_the_record_is_complete(op, tally):
    text = inspect.getdoc(op.call)
    assert text, "a docstring"
    first = text.splitlines()[0]
    assert first.endswith("."), f"the first line is a sentence: {first!r}"
    assert "Shapes:" in text
    if not _INSIDE.search(op.name):
        assert callable(attrgetter(op.name)(ag)), f"public as ag.{op.name}"
        assert ">>>" in text, "an example that runs"
    assert op.reference is not None or _FACE.search(op.name), "a reference to agree with"
    assert examples_of(op), "examples"
    tally.checks += 1


@pytest.mark.parametrize("op", OPERATIONS, ids=_id)
def test_the_examples_reach_everything(op, tally):
    """Some example varies all arrays that have a derivative at once, and some has no elements or no axes."""
    shapes = [
        {
            name: value
            for name, value in example.arguments.items()
            if name in op.arrays and isinstance(value, tuple | list)
        }
        for example in examples_of(op)
    ]
    wanted = (
        set(op.arrays)
        if op.kind == "composed"
        else {a for a, r in zip(op.arrays, op.rules, strict=True) if r is not None}
    )
    assert any(wanted <= set(row) for row in shapes), f"no example varies all of {wanted} together"
    if not _INSIDE.search(op.name):  # those are reached with such shapes through the operation they belong to
        flat = [s for row in shapes for v in row.values() for s in (v if isinstance(v, list) else [v])]
        assert any(s == () or 0 in s for s in flat), "no example has a size of 0 or no axes"
    tally.checks += 1


@pytest.mark.parametrize("op", [op for op in OPERATIONS if not _INSIDE.search(op.name)], ids=_id)
def test_the_examples_in_the_docstring_run(op, tally):
    documented = attrgetter(op.name)(ag)
    assert isinstance(documented, FunctionType)
    runner = doctest.DocTestRunner(verbose=False)
    tests = doctest.DocTestFinder(recurse=False).find(documented, op.name, module=False, globs={"ag": ag, "np": np})
    report: list[str] = []
    for test in tests:
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)
    assert runner.tries
    tally.checks += 1
