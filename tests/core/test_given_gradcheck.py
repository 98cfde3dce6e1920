"""One decorator, one property test: what is drawn, what is checked, and what is left after shrinking."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, settings, strategies as st
from hypothesis.errors import InvalidArgument, Unsatisfiable

import autograd_core as ag
import nn
from autograd_core.errors import OptionError
from autograd_core.testing import GradientMismatch, GradientReport, given_gradcheck
from autograd_core.testing.strategies import away_from, broadcastable_shapes, distinct, interval, positive, shapes
from autograd_core.testing.tally import EFFORT, TALLY

FEW = 10  # examples, where it is not the numbers that matter


def square(x):
    return x * x


def square_vjp(x, g):
    return 2 * x * g


def wrong_above_one_and_a_half(x, g):
    return np.where(x > 1.5, 3 * x * g, 2 * x * g)


def matmul(a, b):
    return a @ b


def matmul_vjp(a, b, g):
    da, db = g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g
    return _summed_to(da, a.shape), _summed_to(db, b.shape)


def _summed_to(x, shape):
    extra = x.ndim - len(shape)
    axes = [*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1 != x.shape[extra + i])]
    return x.sum(tuple(axes), keepdims=True).reshape(shape)


class Watched:
    """A pair that notes the arguments it is called with."""

    def __init__(self):
        self.seen = []

    def __call__(self, x):
        self.seen.append(np.array(x))
        return x * x

    @property
    def shapes(self):
        return {x.shape for x in self.seen}


# --- a test by itself -------------------------------------------------------------------------------------------------

# collected by pytest like any other
test_a_right_gradient = given_gradcheck((square, square_vjp))
test_a_function_of_tensors = given_gradcheck(ag.tanh, order=2, max_examples=FEW)
test_several_inputs = given_gradcheck((matmul, matmul_vjp), shapes="(m,n),(n,p)->(m,p)")
test_a_module = given_gradcheck(nn.Linear(3, 2, rng=0), shapes=[(4, 3)], max_examples=FEW)
test_a_ufunc = given_gradcheck((np.log, lambda x, g: g / x), domain=positive(), max_examples=FEW)


class TestInAClass:
    test_a_right_gradient = given_gradcheck((square, square_vjp), max_examples=FEW)

    @given_gradcheck((square, square_vjp), max_examples=FEW)
    def test_a_body(self, x):
        assert isinstance(self, TestInAClass)
        assert (square(x) >= 0).all()

    @given_gradcheck(max_examples=FEW)
    def test_itself(self, x, y):
        assert isinstance(self, TestInAClass)
        return x * y


def test_it_is_a_function_without_fixtures():
    test = given_gradcheck((square, square_vjp))
    assert inspect.isfunction(test)
    assert not inspect.signature(test).parameters
    assert test.__name__ == "test_square"


def test_it_stands_where_it_was_written():
    test = given_gradcheck((square, square_vjp))
    line = inspect.currentframe().f_lineno - 1
    assert Path(test.__code__.co_filename) == Path(__file__)
    assert test.__code__.co_firstlineno == line


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_shapes_without_axes_and_without_elements_are_among_those_drawn():
    f = Watched()
    given_gradcheck((f, square_vjp))()
    assert () in f.shapes
    assert any(0 in shape for shape in f.shapes)
    assert any(len(shape) == 3 for shape in f.shapes)


def test_shapes_are_given_or_drawn_for_each_input():
    f = Watched()
    given_gradcheck((f, square_vjp), shapes=[(2, 3)], max_examples=FEW)()
    assert f.shapes == {(2, 3)}
    f = Watched()
    given_gradcheck((f, square_vjp), shapes=[shapes(min_dims=1, max_dims=1, min_side=2)], max_examples=FEW)()
    assert f.shapes <= {(2,), (3,), (4,)}


def test_all_shapes_can_come_from_one_strategy():
    seen = set()

    @given_gradcheck(shapes=broadcastable_shapes(2, max_dims=1), max_examples=FEW)
    def test(x, y):
        seen.add(np.broadcast_shapes(x.shape, y.shape))
        return x * y

    test()
    assert max(map(len, seen)) == 1


def test_types_are_drawn():
    seen = set()

    @given_gradcheck((square, square_vjp), dtypes=[np.float64, np.float32])
    def test(x):
        seen.add(x.dtype.name)

    test()
    assert seen == {"float64", "float32"}


def test_each_input_can_have_its_own_domain():
    @given_gradcheck(
        (lambda x, y: x / y, lambda x, y, g: (g / y, -g * x / y**2)), domain=[interval(-2, -1), positive()]
    )
    def test(x, y):
        assert (x < 0).all()
        assert (y > 0).all()

    with pytest.raises(GradientMismatch) as failure:  # the sum over axes that were broadcast is missing
        test()
    assert failure.value.report.cause.name in ("broadcast", "shape")


@pytest.mark.parametrize("seed", range(3))
def test_distinct_numbers_stay_distinct(seed):
    @given_gradcheck(shapes=[(4,)], domain=distinct(margin=0.1), rng=seed, max_examples=FEW)
    def test(x):
        assert np.diff(np.sort(x.data)).min() >= 0.1
        return x.max()

    test()


# --- shrinking --------------------------------------------------------------------------------------------------------


def _report_of(test):
    with pytest.raises(GradientMismatch) as failure:
        test()
    return failure.value.report


def test_the_smallest_number_that_fails_is_reported():
    report = _report_of(given_gradcheck((square, wrong_above_one_and_a_half)))
    (x,) = report.arguments
    assert x.shape == ()
    assert x == 2  # the simplest number above 1.5
    assert "np.array(2.0)" in report.reproduction


def test_a_cause_that_only_a_larger_input_shows_outlives_shrinking():
    """One number says a factor of 2; of several, only those below zero are wrong."""

    def leaky(x):
        return np.where(x > 0, x, 0.1 * x)

    report = _report_of(
        given_gradcheck(
            (leaky, lambda x, g: g * np.where((x > 0) | (x.size < 4), np.where(x > 0, 1, 0.1), 0.2)),
            shapes=[st.sampled_from([(4,), (16,)])],
            domain=away_from(0),
        )
    )
    assert report.arguments[0].shape == (4,)
    assert report.cause.name == "region"
    assert report.cause.message.startswith("before shrinking, at 16 numbers: ")


def test_a_signature_draws_just_the_axes_it_names():
    drawn = Watched()
    given_gradcheck((drawn, square_vjp), shapes="(m,n)->(m,n)", max_examples=FEW)()
    assert all(x.ndim == 2 for x in drawn.seen)


def test_the_smallest_shape_that_fails_is_reported():
    def total(x):
        return x.sum(-1)

    def wrong_from_three(x, g):
        return np.broadcast_to(g[..., None], x.shape) * (1.0 if x.shape[-1] < 3 else 0.5)

    report = _report_of(given_gradcheck((total, wrong_from_three), shapes="(n)->()"))
    (x,) = report.arguments
    assert x.shape == (3,)
    assert (x == 1).all()
    assert report.cause.name == "factor"


def test_what_hypothesis_adds_is_short():
    test = given_gradcheck((square, lambda x, g: x * g), shapes=[(5, 5)], mode="random", max_examples=1)
    with pytest.raises(GradientMismatch) as failure:
        test()
    notes = "\n".join(failure.value.__notes__)
    assert "x=<float64 array of shape (5, 5)>" in notes
    assert len(notes.splitlines()) < 6


# --- over a body ------------------------------------------------------------------------------------------------------


def test_the_body_runs_with_the_inputs():
    seen = []

    @given_gradcheck((matmul, matmul_vjp), shapes="(m,n),(n,p)->(m,p)", max_examples=FEW)
    def test(a, b):
        seen.append((a, b))
        assert np.array_equal(matmul(a, b), a @ b)

    test()
    assert len(seen) >= FEW


def test_the_body_does_not_run_where_the_gradient_is_wrong():
    @given_gradcheck((square, lambda x, g: x * g), shapes=[(2,)])
    def test(x):
        raise AssertionError("not reached")

    _report_of(test)


def test_the_body_can_fail():
    @given_gradcheck((square, square_vjp))
    def test(x):
        assert (x < 2).all()

    with pytest.raises(AssertionError) as failure:
        test()
    assert not isinstance(failure.value, GradientMismatch)
    assert any("x=np.array(2.)" in note for note in failure.value.__notes__)


def test_an_example_can_be_added():
    seen = []

    @example(x=np.array([0.125]))
    @given_gradcheck((square, square_vjp), max_examples=FEW)
    def test(x):
        seen.append(x.tolist())

    test()
    assert [0.125] in seen


@pytest.fixture(scope="session")
def seven():
    return 7


@given_gradcheck((square, square_vjp), max_examples=FEW)
def test_other_parameters_are_fixtures(x, seven):
    assert seven == 7


@given_gradcheck(
    (square, square_vjp),
    settings=settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=FEW),
)
def test_hypothesis_can_be_told_that_a_fixture_is_not_reset(x, tmp_path):
    assert tmp_path.exists()


def test_a_second_word_on_settings_is_refused():
    test = given_gradcheck((square, square_vjp))
    with pytest.raises(InvalidArgument, match="already been decorated with a settings object"):
        settings(max_examples=3)(test)


# --- of itself --------------------------------------------------------------------------------------------------------


@given_gradcheck
def test_a_function_checks_itself(x, y):
    return x * y + ag.sin(x)


@given_gradcheck(shapes=[(3,), (3,)], order=2, max_examples=FEW)
def test_it_may_have_options(x, y):
    return ag.sum(x * y * y)


def test_the_function_stays_to_be_had():
    @given_gradcheck(max_examples=FEW)
    def test(x):
        return x * x.detach()  # half of the gradient is cut off

    report = _report_of(test)
    assert report.function.endswith("test.function")
    assert test.function(ag.asarray(3.0)) == 9


# --- what cannot be judged --------------------------------------------------------------------------------------------


def test_kinks_are_replaced_by_other_inputs():
    def relu_vjp(x, g):
        return g * (x > 0)

    seen = []

    @given_gradcheck((lambda x: np.maximum(x, 0), relu_vjp), shapes=[()])
    def test(x):
        seen.append(float(x))

    test()
    assert 0.0 in seen  # drawn, not judged


def test_a_test_that_judges_nothing_does_not_pass(monkeypatch):
    from autograd_core.testing import given

    monkeypatch.setattr(given, "gradcheck", lambda *_, **__: GradientReport(True, 1, checked=2, failed=0, kinks=2))
    with pytest.raises(Unsatisfiable):
        given_gradcheck((square, square_vjp), shapes=[(2,)], max_examples=FEW)()


def test_inputs_that_are_all_empty_are_no_reason_to_fail():
    given_gradcheck((square, square_vjp), shapes=[(0, 3)], max_examples=FEW)()


# --- effort -----------------------------------------------------------------------------------------------------------


def _examples_of(**options):
    TALLY.take()
    given_gradcheck((square, square_vjp), shapes=[(5,)], **options)()
    return TALLY.take()["checks"]


def test_the_command_line_says_how_many_where_the_test_does_not(monkeypatch):
    monkeypatch.setattr(EFFORT, "examples", 4)
    assert _examples_of() == 4
    assert _examples_of(max_examples=3) == 3
    assert _examples_of(settings=settings(max_examples=2)) == 2
    monkeypatch.setattr(EFFORT, "profile", "ci")
    assert _examples_of() == 4
    monkeypatch.setattr(EFFORT, "examples", None)
    assert _examples_of() == 200


def test_the_command_line_says_the_mode_where_the_test_does_not(monkeypatch):
    def entries(**options):
        TALLY.take()
        given_gradcheck((square, square_vjp), shapes=[(5,)], max_examples=1, **options)()
        return TALLY.take()["entries"]

    assert entries() == 5
    monkeypatch.setattr(EFFORT, "mode", "random")
    assert entries() == 3  # directions
    assert entries(mode="full") == 5


def test_the_tally_counts_what_was_checked():
    TALLY.take()
    given_gradcheck((square, square_vjp), shapes=[(5,)], max_examples=2)()
    counts = TALLY.take()
    assert counts["functions"][0].startswith("square (")
    assert (counts["checks"], counts["entries"], counts["kinks"], counts["wrong"]) == (2, 10, 0, [])
    assert not TALLY.take()


# --- refusals ---------------------------------------------------------------------------------------------------------

PAIR = (square, square_vjp)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: given_gradcheck(PAIR, shapes=(2, 3)), r"for one input say \[\(2, 3\)\]"),
        (lambda: given_gradcheck(PAIR, shapes=[(2,), (3,)]), "square has 1 inputs, and there are 2 shapes"),
        (lambda: given_gradcheck(PAIR, shapes="(n,(m)"), "signature"),
        (lambda: given_gradcheck(PAIR, shapes=3), "a list with one shape for each input"),
        (lambda: given_gradcheck(PAIR, shapes=[(-1,)]), "a shape is a tuple of integers"),
        (lambda: given_gradcheck(PAIR, domain=[positive(), positive()]), "there are 2 domains"),
        (lambda: given_gradcheck(PAIR, domain="positive"), "a domain is made by"),
        (lambda: given_gradcheck((lambda *x: x[0], square_vjp)), "say shapes="),
        (lambda: given_gradcheck(lambda: 1.0), "no inputs to draw"),
        (
            lambda: given_gradcheck((matmul, matmul_vjp))(lambda a: None),
            "has 2 inputs, and <lambda>|function must take",
        ),
        (lambda: given_gradcheck(shapes=[()])(lambda x, y: x), "2 inputs, and there are 1 shapes"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(OptionError, match=words):
        make()()


def test_without_hypothesis_the_error_names_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; from autograd_core.testing import given_gradcheck"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "pip install 'autograd-core[test]'" in run.stderr
