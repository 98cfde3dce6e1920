"""A property-based test of a gradient from one line: inputs are drawn, checked, and shrunk to the smallest that fails.

Knows what is drawn and when; how a gradient is checked is in `gradcheck`, how arrays are drawn in `strategies`.
"""

import inspect
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, update_wrapper
from types import CodeType
from typing import Any, Literal

import numpy as np

from ..errors import OptionError
from .domains import DEFAULT_DOMAIN, Domain
from .gradcheck import gradcheck
from .hypothesis import PROFILES, HealthCheck, Phase, SearchStrategy, assume, given, settings as Settings, st
from .report import Array, Cause, GradientMismatch, GradientReport
from .strategies import broadcastable_shapes, gufunc_shapes, inputs
from .tally import EFFORT

Shape = tuple[int, ...]
Test = Callable[..., Any]


def given_gradcheck(
    f: Any = None,
    *,
    shapes: str | Sequence[int | Shape | SearchStrategy[Shape]] | SearchStrategy[Sequence[Shape]] | None = None,
    dtypes: Any = np.float64,
    domain: Domain | Sequence[Domain] = DEFAULT_DOMAIN,
    order: int = 1,
    mode: Literal["full", "random"] | None = None,
    samples: int | None = None,
    eps: float | Literal["auto"] = "auto",
    rtol: float | None = None,
    rng: int = 0,
    skip: Collection[str] = (),
    max_examples: int | None = None,
    settings: Settings | None = None,
) -> Test:
    """A test that the gradient of `f` is right at all inputs that Hypothesis draws.

    `f` is anything that `gradcheck` takes: a function of Tensors, a module, or a pair `(f, vjp)` of plain functions.
    The result is a test by itself; or it decorates a function, whose first parameters get the inputs once their
    gradient is found to be right, and whose others are fixtures. Without `f`, the decorated function itself is checked,
    and returns what is to be differentiated.

        test_softplus = given_gradcheck((softplus, softplus_vjp), domain=positive())

        @given_gradcheck((matmul, matmul_vjp), shapes="(m,n),(n,p)->(m,p)")
        def test_matmul(a, b):
            assert np.array_equal(matmul(a, b), a @ b)

        @given_gradcheck(shapes=[(3,), (3,)], order=2)
        def test_distance(x, y):
            return ag.sum((x - y) ** 2)

    `shapes` has one shape for each input, which may be a strategy; or it is a signature of a generalized ufunc, with
    just the axes it names (`gufunc_shapes(signature)` draws stacks of them too), or a strategy of all the shapes.
    Without it, each parameter of `f` that has no default gets an array, and these broadcast with each other; some have
    no axes or no elements. `dtypes` is a floating type or several to draw from. `domain`
    says what numbers, for all inputs or for each. `order` to `skip` are those of `gradcheck`.

    `max_examples` inputs are drawn; where it is not said, as many as the option --gradcheck-examples of pytest says, or
    the profile in force: that of --gradcheck-profile, else Hypothesis's own. `settings` takes the place of the profile,
    as for a body with fixtures that Hypothesis refuses because they are not made anew for each input. There is never a
    deadline. An input at which no number could be judged, because `f` has a kink or is not finite there, does not
    count: another is drawn, and if there are only such, Hypothesis is unable to satisfy assumptions and says so.

    Raises: OptionError for shapes, domains or parameters that do not fit. The test raises GradientMismatch, with the
    report of the smallest input that was found to fail.

    >>> from autograd_core.testing import given_gradcheck
    >>> from autograd_core.testing.strategies import positive
    >>> test_log = given_gradcheck((np.log, lambda x, g: g / x), domain=positive(), max_examples=10)
    >>> test_log()
    """
    options = {"order": order, "samples": samples, "eps": eps, "rtol": rtol, "rng": rng, "skip": skip}

    def test_of(function: Any) -> _GradientTest:
        count = _count(function, shapes)
        if isinstance(domain, list | tuple) and len(domain) != count:
            raise OptionError(
                f"given_gradcheck: {_name(function)} has {count} inputs, and there are {len(domain)} domains; "
                "give one for each, or one for all"
            )
        drawn = inputs(_shapes(shapes, count), domain, _dtypes(dtypes))
        return _GradientTest(function, count, drawn, options, mode, _settings(max_examples, settings))

    if f is None:
        return lambda function: test_of(function).of_itself()
    caller = sys._getframe(1)
    return test_of(f).alone(caller.f_globals.get("__name__", __name__), caller.f_code.co_filename, caller.f_lineno)


# --- the three forms --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _GradientTest:
    function: Any
    count: int  # of the inputs
    drawn: SearchStrategy[tuple[Array, ...]]
    options: dict[str, Any]
    mode: Literal["full", "random"] | None
    settings: Settings
    failed: list[GradientReport] = field(default_factory=list)  # that of the largest input seen to fail

    def check(self, function: Any, arrays: Sequence[Array], then: Callable[[], Any] = lambda: None) -> None:
        __tracebackhide__ = True
        try:
            report = gradcheck(function, *arrays, mode=self.mode or EFFORT.mode or "full", **self.options)
        except GradientMismatch as error:
            raise self._explained(error) from None
        then()
        assume(report.kinks < report.checked or not report.checked)

    def _explained(self, error: GradientMismatch) -> GradientMismatch:
        """The mismatch, with the cause that a larger input showed: few numbers tell little of why they are wrong."""
        report = error.report
        largest = max([report, *self.failed], key=lambda r: (r.failed > 0, r.checked))
        self.failed[:] = [largest]
        if largest.checked <= report.checked or largest.cause is None or largest.cause == report.cause:
            return error
        message = f"before shrinking, at {largest.checked} numbers: {largest.cause.message}"
        return GradientMismatch(replace(report, cause=Cause(largest.cause.name, message)))

    def alone(self, module: str, file: str, line: int) -> Test:
        """A test of the function, which can also decorate another."""
        names = _input_names(self.function, self.count)
        inner: Any = lambda **drawn: self.check(self.function, [_array(drawn[name]) for name in names])
        inner.__name__ = f"test_{_name(self.function)}"
        inner.__doc__ = f"The gradient of {_name(self.function)} is right."
        inner.__module__ = module
        inner.__signature__ = _signature(names)
        place = inner.__code__.replace(co_filename=file, co_firstlineno=line, co_name=inner.__name__)
        drawing = self._drawing(_placed(inner, place), names)
        # in a class it is called with the instance, which is nothing to decorate
        either = lambda body=None: self.before(body) if inspect.isroutine(body) else drawing()
        test: Any = update_wrapper(_placed(either, place), drawing)
        test.__signature__ = _signature([])
        return test

    def before(self, body: Callable[..., Any]) -> Test:
        """A test of the function, and then of what the body says of the same inputs."""
        own = _own_parameters(body)
        names = own[: self.count]
        if len(names) < self.count:
            raise OptionError(
                f"given_gradcheck: {_name(self.function)} has {self.count} inputs, and {_name(body)} must take as "
                f"many; it takes {', '.join(own) or 'none'}"
            )

        def run(**given: Any) -> None:
            __tracebackhide__ = True
            given |= {name: _array(given[name]) for name in names}
            self.check(self.function, [given[name].copy() for name in names], partial(body, **given))

        inner = update_wrapper(lambda **given: run(**given), body)
        return self._drawing(_placed(inner, body.__code__), names)

    def of_itself(self) -> Test:
        """A test of the function in its own place; it stays to be had as the attribute `function`."""
        function = self.function
        names = _own_parameters(function)
        if len(names) != self.count:
            raise OptionError(
                f"given_gradcheck: {_name(function)} takes {', '.join(names) or 'no inputs'}, and there are "
                f"{self.count} shapes; all its parameters are inputs (for a test with fixtures, name a function: "
                "given_gradcheck(f, ...))"
            )

        def run(**given: Any) -> None:
            __tracebackhide__ = True
            bound = function.__get__(given["self"]) if "self" in given else function
            self.check(bound, [_array(given[name]) for name in names])

        inner = update_wrapper(lambda **given: run(**given), function)
        test: Any = self._drawing(_placed(inner, function.__code__), names)
        test.function = function
        function.__qualname__ = f"{function.__qualname__}.function"  # by which a reproduction imports it
        return test

    def _drawing(self, inner: Any, names: Sequence[str]) -> Test:
        """Hypothesis's test, which draws all inputs at once and shows them by their names."""
        drawn = st.shared(self.drawn)
        each = {name: drawn.map(partial(_shown, position=i)) for i, name in enumerate(names)}
        return self.settings(given(**each)(inner))


class _Shown:
    """An array that is shown in short where Hypothesis prints the input that failed."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __repr__(self) -> str:
        if self.array.size <= 16:
            return f"np.{' '.join(repr(self.array).split())}"
        return f"<{self.array.dtype} array of shape {self.array.shape}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def _shown(arrays: Sequence[Array], position: int) -> _Shown:
    return _Shown(arrays[position])


def _array(drawn: Any) -> Array:
    """Also what somebody wrote into an @example."""
    return drawn.array if isinstance(drawn, _Shown) else np.asarray(drawn)


def _placed(function: Any, place: CodeType) -> Any:
    """The function, which must stand on one line, in another's place: there pytest and tracebacks find the test."""
    function.__code__ = function.__code__.replace(
        co_filename=place.co_filename, co_firstlineno=place.co_firstlineno, co_name=place.co_name
    )
    return function


# --- what is drawn, and how often -------------------------------------------------------------------------------------


def _settings(max_examples: int | None, given: Settings | None) -> Settings:
    """What the test says, then what the command line says, then the profile."""
    if EFFORT.profile is not None and EFFORT.profile not in PROFILES:
        raise OptionError(f"given_gradcheck: there is no profile {EFFORT.profile!r}; say {', '.join(PROFILES)}")
    profile = PROFILES[EFFORT.profile] if EFFORT.profile else Settings()
    number = max_examples or (given.max_examples if given else EFFORT.examples or profile.max_examples)
    base = given or profile
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]  # a check takes its time, and may be left out at kinks
    return Settings(
        base,
        max_examples=number,
        deadline=None,
        report_multiple_bugs=False,  # one report is enough to read
        phases=[phase for phase in base.phases if phase is not Phase.explain],  # the report does
        suppress_health_check=[*base.suppress_health_check, *slow],
    )


def _count(function: Any, shapes: Any) -> int:
    """How many inputs there are."""
    if isinstance(shapes, tuple) and shapes and all(isinstance(n, int) for n in shapes):
        raise OptionError(f"given_gradcheck: shapes has one shape for each input; for one input say [{shapes}]")
    least, most = _arity(function)
    if isinstance(shapes, str):
        gufunc_shapes(shapes)  # or it cannot be read
        count = shapes.partition("->")[0].count("(")
    elif isinstance(shapes, list | tuple):
        count = len(shapes)
    elif least is None:
        raise OptionError(
            f"given_gradcheck: {_name(function)} does not say how many inputs it has; say shapes=[...], one for each"
        )
    else:
        count = least
    if not count:
        raise OptionError(f"given_gradcheck: {_name(function)} has no inputs to draw")
    if least is not None and not least <= count <= most:
        raise OptionError(f"given_gradcheck: {_name(function)} has {least} inputs, and there are {count} shapes")
    return count


def _shapes(shapes: Any, count: int) -> Any:
    """The shapes of all inputs, or a strategy of them."""
    if shapes is None:
        return broadcastable_shapes(count)
    if isinstance(shapes, str):
        return gufunc_shapes(shapes, max_dims=0)
    if isinstance(shapes, SearchStrategy):
        return shapes
    if not isinstance(shapes, list | tuple):
        raise OptionError(
            "given_gradcheck: shapes is a list with one shape for each input, a signature such as "
            f"'(m,n),(n,p)->(m,p)', or a strategy of all the shapes; got {shapes!r}"
        )
    if not any(isinstance(shape, SearchStrategy) for shape in shapes):
        return shapes
    return st.tuples(*(shape if isinstance(shape, SearchStrategy) else st.just(shape) for shape in shapes))


def _dtypes(dtypes: Any) -> Any:
    return st.sampled_from([np.dtype(dtype) for dtype in dtypes]) if isinstance(dtypes, list | tuple) else dtypes


# --- what functions say of themselves ---------------------------------------------------------------------------------


def _plain(function: Any) -> Any:
    """What has the parameters: the function of a pair, the `forward` of a module."""
    function = function[0] if isinstance(function, tuple | list) and function else function
    return function.forward if hasattr(function, "named_parameters") else function


def _name(function: Any) -> str:
    """A name for the test of the function."""
    first = function[0] if isinstance(function, tuple | list) and function else function
    name = getattr(first, "__name__", type(first).__name__)
    return name if name.isidentifier() else "function"


def _positional(function: Any) -> list[inspect.Parameter] | None:
    """The parameters that take inputs; None if nobody knows."""
    function = _plain(function)
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a built-in function without a signature
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    positional = [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return positional[1:] if _has_owner(positional) else positional


def _has_owner(parameters: Sequence[inspect.Parameter]) -> bool:
    """Whether the first is the instance of a class: of a test, which is decorated before it is bound."""
    return bool(parameters) and parameters[0].name == "self"


def _arity(function: Any) -> tuple[int | None, int]:
    """How many inputs a function must be given, None if nobody knows, and how many it may be given."""
    plain, parameters = _plain(function), _positional(function)
    if isinstance(plain, np.ufunc):
        return plain.nin, plain.nin
    if parameters is None:
        return None, 0
    return sum(p.default is p.empty for p in parameters), len(parameters)


def _input_names(function: Any, count: int) -> list[str]:
    named = [p.name for p in (_positional(function) or [])[:count]]
    return named if len(named) == count else ["x"] if count == 1 else [f"x{i}" for i in range(count)]


def _own_parameters(body: Callable[..., Any]) -> list[str]:
    """The names of the parameters of a test, without that of the instance of its class."""
    found = [p for p in inspect.signature(body).parameters.values() if p.default is p.empty]
    return [p.name for p in (found[1:] if _has_owner(found) else found)]


def _signature(names: Sequence[str]) -> inspect.Signature:
    return inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names])
