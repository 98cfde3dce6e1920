"""The conformance suite as a library: a right operation passes, and each wrong one is caught by the claim that should.

The operations are made up here, and taken out of the registry again.
"""

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import OptionError, ShapeError
from autograd_core.testing.claims.claim import Broken, Claim
from autograd_core.testing.conformance import CLAIMS, ClaimError, check_operation


@pytest.fixture(autouse=True)
def registry():
    """Whatever a test registers is forgotten."""
    before = set(ag.REGISTRY)
    yield
    for name in set(ag.REGISTRY) - before:
        del ag.REGISTRY[name]


DOMAIN = ag.Interval(-2, 2)


def cubed(**changes):
    """Cubes, defined rightly but for the changes."""
    partial = changes.pop("partial", lambda x: 3 * x * x)
    forward = changes.pop("forward", lambda x: x * x * x)
    documentation = changes.pop(
        "doc", "Cube, element by element.\n\nShapes: x (...) -> (...).\n\n>>> float(cube(2.0))\n8.0"
    )
    options = {"domain": DOMAIN, "reference": lambda x: np.asarray(x) ** 3, **changes}

    def cube(xp, x, /):
        return forward(x)

    cube.__doc__ = documentation
    return ag.elementwise(partials=[partial], **options)(cube)


def outer_product(**changes):
    """Outer products of vectors, defined rightly but for the changes."""
    vjps = changes.pop("vjps", [lambda g, y: g @ y, lambda g, x: x @ g])
    forward = changes.pop("forward", lambda x, y: x[:, None] * y)
    options = {
        "reference": np.outer,
        "examples": [ag.Example(x=(2,), y=(3,)), ag.Example(x=(1,), y=(0,))],
        "errors": [ag.Raises(ShapeError, "needs two vectors", x=(2, 2), y=(2,))],
        **changes,
    }

    def outer_product(xp, x, y, /):
        """Outer product of two vectors.

        Shapes: x (m,), y (n,) -> (m, n).

        >>> outer_product(np.ones(2), np.ones(1))
        array([[1.],
               [1.]])
        """
        if x.ndim != 1 or y.ndim != 1:
            raise ShapeError(f"outer_product: needs two vectors, got shapes {x.shape}, {y.shape}")
        return forward(x, y)

    return ag.multilinear(vjps=vjps, **options)(outer_product)


def test_right_operations_pass():
    for operation in (cubed(), outer_product()):
        report = check_operation(operation, rng=0)
        assert set(report.claims) | set(report.silent) == set(CLAIMS)
        assert "vjp_is_what_differences_say" in report.claims
        assert report.examples == frozenset(range(5 if operation.op.kind == "elementwise" else 2))
        assert report.checks > 3 * len(report.examples) * 10
        assert str(report).startswith(f"{operation.op.name}: {len(report.claims)} claims hold, {len(report.examples)}")
        assert check_operation(operation.op, rng=0) == report  # the record is as good as the function


def _written(x):
    x *= 1.0
    x += 1
    x -= 1
    x[...] = x + 1e-9
    return x * x * x


class _WrongOnce:
    """A derivative that is wrong in the third call only."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return 3 * x * x * (1.25 if self.calls == 3 else 1.0)


def _first_order_only(x):
    """The right number, cut off from what it was computed from."""
    return 3 * (ag.stop_gradient(x) if isinstance(x, ag.Tensor) else x) ** 2


BROKEN = [
    ("factor", "vjp_is_what_differences_say", lambda: cubed(partial=lambda x: 2 * x * x)),
    ("sign", "vjp_is_what_differences_say", lambda: cubed(partial=lambda x: -3 * x * x)),
    (
        "swapped",
        "vjp_is_what_differences_say",
        lambda: outer_product(
            vjps=[lambda g, y: g @ y, lambda g, x: x[::-1] @ g],
        ),
    ),
    (
        "not summed",  # what was broadcast by NumPy's rules the engine sums itself, but not this
        "vjp_is_what_differences_say",
        lambda: outer_product(vjps=[lambda g, y: (g * y)[:, 0] if y.shape[0] else g.sum(1), lambda g, x: x @ g]),
    ),
    (
        "not linear",
        "vjp_is_linear_in_its_cotangent",
        lambda: outer_product(vjps=[lambda g, y: g @ y + 1e-7 * (g * g).sum(1), lambda g, x: x @ g]),
    ),
    (
        "second order lost",
        "second_derivatives_are_what_differences_of_first_ones_say",
        lambda: cubed(partial=_first_order_only),
    ),
    (
        "fused differs",
        "the_recorded_sweep_gives_the_values_of_the_plain_one",
        lambda: cubed(fused=[lambda g, x: 3.000001 * g * x * x], domain=ag.Interval(0.5, 1)),
    ),
    ("mutates", "nothing_that_was_passed_in_is_written_to", lambda: cubed(forward=_written, reference=None)),
    ("wrong value", "value_is_that_of_the_reference", lambda: cubed(reference=lambda x: np.asarray(x) ** 3 + 1)),
    (
        "wide type",
        "single_precision_is_kept",
        lambda: cubed(forward=lambda x: x * x * np.float64(1) * x if x.dtype != np.float16 else x * x * x),
    ),
    (
        "narrow inside",
        "value_is_that_of_the_reference",
        lambda: cubed(forward=lambda x: (x.astype(np.float32) ** 3).astype(x.dtype)),
    ),
    (
        "shares memory",
        "results_do_not_share_memory_with_arguments",
        lambda: ag.elementwise(partials=[1.0], domain=DOMAIN)(_identity),
    ),
    ("docstring wrong", "the_examples_in_the_docstring_run", lambda: cubed(doc=_DOC + ">>> float(cube(2.0))\n9.0")),
    ("docstring without example", "the_examples_in_the_docstring_run", lambda: cubed(doc=_DOC)),
    ("docstring without shapes", "the_docstring_says_what_it_is", lambda: cubed(doc="Cube.")),
    ("docstring missing", "the_docstring_says_what_it_is", lambda: cubed(doc=None)),
    (
        "other words",
        "what_must_be_refused_is_refused_in_these_words",
        lambda: outer_product(errors=[ag.Raises(ShapeError, "wants matrices", x=(2, 2), y=(2,))]),
    ),
    (
        "other error",
        "what_must_be_refused_is_refused_in_these_words",
        lambda: outer_product(errors=[ag.Raises(OptionError, "needs two vectors", x=(2, 2), y=(2,))]),
    ),
    (
        "not refused",
        "what_must_be_refused_is_refused_in_these_words",
        lambda: outer_product(errors=[ag.Raises(ShapeError, "needs two vectors", x=(2,), y=(2,))]),
    ),
    (
        "subgradient",
        "the_derivative_at_a_kink_is_the_declared_one",
        lambda: cubed(subgradients=[ag.Subgradient({"x": 1.0}, {"x": 2.0}, "made up")]),
    ),
    ("no examples", "some_example_varies_all_arrays", lambda: outer_product(examples=[])),
    (
        "constant example",
        "some_example_varies_all_arrays",
        lambda: outer_product(examples=[ag.Example(x=(2,), y=np.ones(3)), ag.Example(x=(0,), y=np.ones(3))]),
    ),
    (
        "no empty example",
        "some_example_has_no_elements_or_no_axes",
        lambda: outer_product(examples=[ag.Example(x=(2,), y=(3,))]),
    ),
]

_DOC = "Cube, element by element.\n\nShapes: x (...) -> (...).\n\n"


def _identity(xp, x, /):
    """The same.

    Shapes: x (...) -> (...).

    >>> float(_identity(2.0))
    2.0
    """
    return x


@pytest.mark.parametrize(("claim", "define"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_each_broken_operation_is_caught_by_the_claim_that_should(claim, define):
    operation = define()
    with pytest.raises(ClaimError) as caught:
        check_operation(operation, claims=[claim], rng=0)
    error = caught.value
    assert (error.claim, error.operation) == (claim, operation.op.name)
    assert str(error).startswith(f"{operation.op.name} breaks the claim {claim}:\n  {CLAIMS[claim].statement[:20]}")
    assert error.__cause__ is not None
    assert not getattr(error, "__notes__", [])  # of what Hypothesis saw of the inside of the kit
    with pytest.raises(ClaimError):  # perhaps an earlier claim does not hold either
        check_operation(operation, rng=0)


def test_a_type_of_its_own_is_caught_though_the_values_are_right():
    wide = cubed(forward=lambda x: x * x * x * np.float64(1))
    with pytest.raises(ClaimError, match=r"result 0: has dtype float64, not float32, where the arguments are float32"):
        check_operation(wide, claims=["single_precision_is_kept"])
    del ag.REGISTRY["cube"]
    other = cubed(reference=lambda x: (np.asarray(x) ** 3).astype(np.longdouble))
    with pytest.raises(ClaimError, match=r"result 0: has dtype float64, not (float|longdouble)"):
        check_operation(other, claims=["value_is_that_of_the_reference"])


def test_the_text_has_the_call_as_code_and_the_numbers():
    operation = cubed(partial=lambda x: 3 * x * x if np.all(x < 1.5) else 2 * x * x)
    with pytest.raises(ClaimError) as caught:
        check_operation(operation, claims=["vjp_is_what_differences_say"], rng=0, max_examples=50)
    error, text = caught.value, str(caught.value)
    assert re.search(r"argument 0: the VJP gives \S+, differences \S+ \+- ", text)
    assert re.search(r"with the cotangent np\.array.* in the direction np\.array", text)
    assert "example:   Example(x=" in text
    assert re.search(r"operation: <elementwise operation cube>, .*test_check_operation\.py:\d+", text)
    (call,) = re.findall(r"call:      cube\((.*)\)$", text, re.MULTILINE)
    np.testing.assert_array_equal(eval(call, {"np": np}), error.case.arrays[0])


def test_what_fails_is_shrunk_unless_that_is_turned_off():
    """The smallest input at which the derivative is wrong has one 2 (the first whole number above 1.5) among ones."""

    def failing(**options):
        operation = cubed(partial=lambda x: 3 * x * x + (1.0 if np.any(x > 1.5) else 0.0))
        try:
            with pytest.raises(ClaimError) as caught:
                check_operation(operation, claims=["vjp_is_what_differences_say"], rng=0, max_examples=50, **options)
        finally:
            del ag.REGISTRY["cube"]
        return caught.value.case.arrays[0]

    shrunk = failing()
    assert sorted(shrunk.ravel())[:-1] == [1] * (shrunk.size - 1)
    assert shrunk.max() == 2
    assert len(np.unique(failing(shrink=False))) > 2 or failing(shrink=False).size == 1


def test_an_operation_that_fails_only_sometimes_is_said_to():
    operation = cubed(partial=_WrongOnce())
    with pytest.raises(
        ClaimError, match=r"On the same numbers it does not fail each time: is the operation repeatable\?"
    ):
        check_operation(operation, claims=["vjp_is_what_differences_say"])


def test_what_was_passed_in_is_shown_as_it_was():
    operation = cubed(forward=lambda x: np.multiply(x, 0, out=x), reference=None)
    with pytest.raises(ClaimError, match=r"argument 0 was written into: it is np.array\(0.0\) now") as caught:
        check_operation(operation, claims=["nothing_that_was_passed_in_is_written_to"])
    assert "call:      cube(np.array(1.0))" in str(caught.value)


def test_an_exception_in_a_rule_names_the_claim_and_the_call():
    def rule(x):
        raise ZeroDivisionError("in the rule")

    with pytest.raises(ClaimError, match="raised ZeroDivisionError: in the rule") as caught:
        check_operation(cubed(partial=rule))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_the_same_seed_draws_the_same_numbers():
    def drawn(**options):
        seen = []
        operation = cubed(forward=lambda x: seen.append(np.array(x)) or x * x * x)
        check_operation(operation, claims=["value_is_that_of_the_reference"], **options)
        del ag.REGISTRY["cube"]
        return [x.tobytes() for x in seen]

    assert drawn(rng=1) == drawn(rng=1) == drawn(rng=np.random.default_rng(1))
    assert drawn(rng=1) != drawn(rng=2)
    assert len(drawn(max_examples=7)) == 7 * 5


def test_some_claims_alone():
    report = check_operation(
        ag.argmax, claims=["an_operation_without_rules_gives_constants", "jvp_and_vjp_are_transposed"]
    )
    assert report.claims == ("an_operation_without_rules_gives_constants",)
    assert report.silent == ("jvp_and_vjp_are_transposed",)
    assert "nothing to say: jvp_and_vjp_are_transposed" in str(report)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: check_operation(np.tanh), r"an operation is needed: .* got <ufunc 'tanh'>"),
        (lambda: check_operation(ag.tanh, claims=["all"]), "there is no claim 'all'; there is value_is_that_of"),
        (lambda: check_operation(ag.tanh, claims="all"), r"say claims=\['all'\]"),
        (lambda: check_operation(ag.tanh, max_examples=0), "max_examples must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_checked_is_refused(call, match):
    with pytest.raises(OptionError, match=match):
        call()


def test_every_claim_is_documented_and_named_after_what_it_says():
    for name, claim in CLAIMS.items():
        assert isinstance(claim, Claim)
        assert claim.name == name
        assert claim.statement.split("\n")[0].strip()
        assert "_" in name
    assert issubclass(Broken, AssertionError)
