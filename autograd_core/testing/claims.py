"""What is claimed of every operation: each function here is one claim, named after what it says.

A claim is about one call (a `Case` with its arrays) or about the record itself, and raises if it does not hold. It draws
nothing but directions and cotangents, through a `Pick`. Which calls there are, and how often, `conformance` knows.

Note [Tolerances]
Float64 computes to one unit in the last place, EPS. An operation adds up at most some dozens of products, and a library
function may be off by a few units; so two computations of the same thing may differ by 64 EPS of the largest number
that takes part (ROUNDING). Every tolerance is that, or a bound of what a finite difference leaves (`slope`).
"""

import doctest
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..engine import reachable
from ..errors import AutogradError, DTypeError
from ..examples import Raises, Subgradient
from ..op import REGISTRY, Op
from ..recording import no_grad
from ..tensor import Tensor, tensor
from ..transforms import grad, jvp, vjp
from ..transforms import gradients as gradients_of
from .cases import Case, First, code, draw_case, examples_of
from .domains import COTANGENTS, Array, Pick, pick_array, pick_cotangents

ROUNDING = 64
EPS = float(np.finfo(np.float64).eps)


class Broken(AssertionError):
    """A claim does not hold; the text has the numbers."""


@dataclass(frozen=True)
class Claim:
    """Something that must hold of every operation that it `applies` to.

    `check` takes a case and a `Pick` if the claim is about calls, else the record, and then returns how many things it
    looked at. With `once` a call is looked at for one choice of numbers only. `where` leaves calls out.
    """

    name: str
    check: Callable[..., Any]
    applies: Callable[[Op], bool]
    about: str = "call"  # or "record"
    once: bool = False
    where: Callable[[Case], bool] = lambda case: True

    @property
    def statement(self) -> str:
        """What is claimed, in words."""
        return inspect.getdoc(self.check) or self.name

    def __repr__(self) -> str:
        return f"<claim {self.name}>"


CLAIMS: dict[str, Claim] = {}
"""Every claim by its name."""


def _claim(
    applies: Callable[[Op], bool] = lambda op: True, name: str | None = None, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    def decorate(check: Callable[..., Any]) -> Callable[..., Any]:
        known = name or check.__name__
        CLAIMS[known] = Claim(known, check, applies, **options)
        return check

    return decorate


def _differentiable(op: Op) -> bool:
    return op.differentiable


# --- measuring --------------------------------------------------------------------------------------------------------


def magnitude(*arrays: Any) -> float:
    """The largest number that takes part, at least 1."""
    return max([1.0, *(float(np.max(np.abs(a))) for a in arrays if np.size(a))])


def _close(what: str, actual: Any, expected: Any, *others: Any, eps: float = EPS) -> None:
    """Equal up to rounding, see Note [Tolerances]; `others` are further numbers that take part."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    _same_shape(what, actual, expected)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    tolerance = ROUNDING * eps * magnitude(expected, *others)
    with np.errstate(invalid="ignore"):
        off = ~((np.abs(a - e) <= tolerance) | (a == e) | (np.isnan(a) & np.isnan(e)))
    if off.any():
        at = np.unravel_index(np.argmax(off), off.shape)
        where = f" at {tuple(map(int, at))}" if off.ndim else ""
        raise Broken(
            f"{what}{where}: {float(a[at])!r}, not {float(e[at])!r}; {int(off.sum())} of {off.size} numbers are off "
            f"by more than {tolerance:.1e}"
        )


def _same_shape(what: str, actual: Any, expected: Any) -> None:
    if np.shape(actual) != np.shape(expected):
        raise Broken(f"{what}: has shape {np.shape(actual)}, not {np.shape(expected)}")


def _same_kind(what: str, actual: Any, expected: Any) -> None:
    """The same shape and dtype."""
    _same_shape(what, actual, expected)
    if actual.dtype != expected.dtype:
        raise Broken(f"{what}: has dtype {actual.dtype}, not {expected.dtype}")


def _same_bits(what: str, actual: Any, expected: Any) -> None:
    actual, expected = np.asarray(actual), np.asarray(expected)
    _same_kind(what, actual, expected)
    if actual.tobytes() != expected.tobytes():
        raise Broken(f"{what}: {code(actual)} has other bits than {code(expected)}")


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
    if not error <= 1e-2 * max(scale, abs(fine)):
        raise Broken(
            f"the difference is too coarse to see anything: {fine} +- {error}; is there a kink or a pole in the domain?"
        )
    return (4 * fine - coarse) / 3, error


# --- differentiating --------------------------------------------------------------------------------------------------


def leaves(case: Case) -> list[Tensor]:
    """The drawn arrays as Tensors, those with a derivative as leaves that want one."""
    return [tensor(x, requires_grad=k in case.live) for k, x in enumerate(case.arrays)]


def gradients(case: Case, cotangents: Sequence[Any], create_graph: bool = False) -> list[Array]:
    """The cotangents of the live arrays, which always have their shapes and types."""
    tensors = leaves(case)
    return pulled(case, tensors, case(*tensors), cotangents, create_graph)


def pulled(
    case: Case, tensors: Sequence[Tensor], outputs: Any, cotangents: Sequence[Any], create_graph: bool = False
) -> list[Array]:
    live = [tensors[k] for k in case.live]
    found = gradients_of(outputs, live, list(cotangents), create_graph=create_graph)
    for k, g, x in zip(case.live, found, live, strict=True):
        _same_kind(f"the gradient of argument {k}", g, x)
    return [np.array(g.detach()) for g in found]


def of_live(case: Case) -> Callable[..., list[Any]]:
    """The operation as a function of its live arrays."""
    return lambda *live: case(*case.along(live))


def moved(case: Case, direction: Sequence[Array], t: float) -> list[Array]:
    return [x + t * d for x, d in zip(case.live_arrays, direction, strict=True)]


# --- the value --------------------------------------------------------------------------------------------------------


@_claim(lambda op: op.reference is not None)
def value_is_that_of_the_reference(case: Case, pick: Pick) -> None:
    """The forward computation agrees with the reference, in value and dtype."""
    for k, (out, expected) in enumerate(zip(case(*case.arrays), case.reference(), strict=True)):
        _same_kind(f"result {k}", np.asarray(out), expected)
        _close(f"result {k}", out, expected, *case.arrays)


@_claim()
def tensors_give_the_bits_that_arrays_give(case: Case, pick: Pick) -> None:
    """Plain in, plain out; one Tensor among the arguments makes a Tensor, with the same bits."""
    plain = case(*case.arrays)
    if any(isinstance(y, Tensor) for y in plain):
        raise Broken("arrays alone give a Tensor")
    recorded = case(*leaves(case)) if case.arrays else []
    with no_grad():
        constant = case(*leaves(case)) if case.arrays else []
    for k, (y, r, c) in enumerate(zip(plain, recorded, constant, strict=True)):
        if not isinstance(r, Tensor):
            raise Broken(f"result {k}: Tensors give a {type(r).__name__}")
        if r.requires_grad is not bool(case.live):
            raise Broken(f"result {k}: requires_grad is {r.requires_grad}")
        if c.requires_grad:
            raise Broken(f"result {k}: requires a gradient though computed under no_grad")
        _same_bits(f"result {k} on Tensors", r.detach(), y)
        _same_bits(f"result {k} under no_grad", c, y)


@_claim(lambda op: not op.differentiable)
def an_operation_without_rules_gives_constants(case: Case, pick: Pick) -> None:
    """What has no derivative requires none, whatever it was computed from."""
    for k, y in enumerate(case(*(tensor(x, requires_grad=True) for x in case.arrays))):
        if y.requires_grad:
            raise Broken(f"result {k} requires a gradient")


# --- first order ------------------------------------------------------------------------------------------------------


@_claim(_differentiable)
def vjp_is_what_differences_say(case: Case, pick: Pick) -> None:
    """<VJP(u), d> is the derivative of <u, f> in the direction d, for each argument."""
    outputs = case(*case.arrays)
    u = pick_cotangents(pick, outputs)
    for k, g in zip(case.live, gradients(case, u), strict=True):
        d = pick_array(pick, g.shape, COTANGENTS)

        def line(t: float, k: int = k, d: Array = d) -> float:
            return inner(u, case(*(x + t * d if j == k else x for j, x in enumerate(case.arrays))))

        expected, error = slope(line, size(u, outputs) * magnitude(*case.arrays))
        actual = inner([g], [d])
        if not abs(actual - expected) <= error + ROUNDING * EPS * size([d], [g]):
            raise Broken(
                f"argument {k}: the VJP gives {actual}, differences {expected} +- {error:.1e}\n"
                f"  with the cotangent {', '.join(map(code, u))} in the direction {code(d)}"
            )


@_claim(_differentiable)
def jvp_and_vjp_are_transposed(case: Case, pick: Pick) -> None:
    """<u, J t> = <J' u, t>."""
    f, primals = of_live(case), case.live_arrays
    t = pick_cotangents(pick, primals)
    value, pushed = jvp(f, primals, t)
    u = pick_cotangents(pick, value)
    again, pull = vjp(f, *primals)
    back = pull(u)
    for k, (y, p, a) in enumerate(zip(value, pushed, again, strict=True)):
        _same_kind(f"the tangent of result {k}", p, y)
        _same_bits(f"result {k}", y, a)
    forwards, backwards = inner(u, pushed), inner(back, t)
    if not abs(forwards - backwards) <= ROUNDING * EPS * (size(u, pushed) + size(t, back)):
        raise Broken(f"<u, J t> is {forwards}, <J' u, t> is {backwards}\n  with t = {code(t)}, u = {code(u)}")


@_claim(_differentiable)
def vjp_is_linear_in_its_cotangent(case: Case, pick: Pick) -> None:
    """J'(2 u - 3 w) = 2 J'u - 3 J'w, and J'0 = 0."""
    outputs = case(*case.arrays)
    u, w = pick_cotangents(pick, outputs), pick_cotangents(pick, outputs)
    combined = gradients(case, [2 * a - 3 * b for a, b in zip(u, w, strict=True)])
    for k, g, gu, gw in zip(case.live, combined, gradients(case, u), gradients(case, w), strict=True):
        _close(f"J'(2 u - 3 w) of argument {k}", g, 2 * gu - 3 * gw, gu, gw)
    for k, g in zip(case.live, gradients(case, [np.zeros_like(a) for a in u]), strict=True):
        if np.any(g):
            raise Broken(f"a cotangent of zeros gives argument {k} the gradient {code(g)}")


@_claim(_differentiable)
def the_recorded_sweep_gives_the_values_of_the_plain_one(case: Case, pick: Pick) -> None:
    """The rules on Tensors (never fused) and the rules on arrays (fused where there is a fused one) agree."""
    u = pick_cotangents(pick, case(*case.arrays))
    for k, plain, recorded in zip(case.live, gradients(case, u), gradients(case, u, create_graph=True), strict=True):
        _close(f"the gradient of argument {k}, plain and not recorded", plain, recorded)


# --- second order -----------------------------------------------------------------------------------------------------


@_claim(_differentiable)
def second_derivatives_are_what_differences_of_first_ones_say(case: Case, pick: Pick) -> None:
    """The gradient of <grad(sum(f**2)), v> is right in a random direction; the square gives linear operations one."""
    primals = case.live_arrays
    positions = tuple(range(len(primals)))
    v, d = pick_cotangents(pick, primals), pick_cotangents(pick, primals)

    def loss(*live: Any) -> Any:
        return sum(ops.sum(y * y) for y in of_live(case)(*live))

    first = grad(loss, positions)

    def along_v(*live: Any) -> Any:
        return sum(ops.sum(g * a) for g, a in zip(first(*live), v, strict=True))

    second = grad(along_v, positions)(*primals)
    for k, h, x in zip(case.live, second, primals, strict=True):
        _same_kind(f"the second derivative by argument {k}", h, x)
    values = case(*case.arrays)
    scale = size(v, first(*primals)) * magnitude(*values, *primals)
    expected, error = slope(lambda t: inner(v, first(*moved(case, d, t))), scale)
    actual = inner(second, d)
    if not abs(actual - expected) <= error + ROUNDING * EPS * size(d, second):
        raise Broken(
            f"the second sweep gives {actual}, differences of the first {expected} +- {error:.1e}\n"
            f"  of sum(f**2), in the directions {code(v)} and {code(d)}"
        )


# --- memory -----------------------------------------------------------------------------------------------------------


@_claim()
def nothing_that_was_passed_in_is_written_to(case: Case, pick: Pick) -> None:
    """Inputs, results, what the graph saved, and cotangents keep their bits, and a second sweep gives the same."""
    before = [x.tobytes() for x in case.arrays]
    case(*case.arrays)
    for k, (x, bits) in enumerate(zip(case.arrays, before, strict=True)):
        if x.tobytes() != bits:
            raise Broken(f"argument {k} was written into: it is {code(x)} now")
    for x in case.arrays:
        x.flags.writeable = False  # from here on a write raises
    case(*case.arrays)
    tensors = leaves(case)
    outputs = case(*tensors)
    if case.live:
        kept: list[Any] = [t._array for t in (*tensors, *outputs)]
        for node in reachable(y.node for y in outputs):
            kept += node.saved
        u = [tensor(a) for a in pick_cotangents(pick, outputs)]
        held = [a for a in (*kept, *(a._array for a in u)) if isinstance(a, np.ndarray)]
        bits_of_all = [a.tobytes() for a in held]
        for a in held:
            a.flags.writeable = False
        for create_graph in (False, True):
            once = pulled(case, tensors, outputs, u, create_graph)
            for k, g, again in zip(case.live, once, pulled(case, tensors, outputs, u, create_graph), strict=True):
                _same_bits(f"the gradient of argument {k} in a second sweep", again, g)
        if bits_of_all != [a.tobytes() for a in held]:
            raise Broken("a sweep wrote into an argument, a result, a cotangent, or what the graph saved")


# A composed operation may end in a view, which then looks into what the view was told to look into.
@_claim(lambda op: not op.views and op.kind != "composed")
def results_do_not_share_memory_with_arguments(case: Case, pick: Pick) -> None:
    """Only an operation declared as a view returns memory of its argument."""
    tensors = leaves(case)
    for j, (y, t) in enumerate(zip(case(*case.arrays), case(*tensors), strict=True)):
        for k, (x, tx) in enumerate(zip(case.arrays, tensors, strict=True)):
            if np.shares_memory(y, x) or np.shares_memory(t._array, tx._array):
                raise Broken(f"result {j} shares memory with argument {k}; if it must, declare views=True")


@_claim(_differentiable)
def gradients_belong_to_whoever_asked(case: Case, pick: Pick) -> None:
    """Writing into one gradient changes no other, nor the cotangent, nor the next sweep."""
    tensors = leaves(case)
    outputs = case(*tensors)
    u = pick_cotangents(pick, outputs)
    expected = pulled(case, tensors, outputs, u)
    kept = [a.copy() for a in u]
    live = [tensors[k] for k in case.live]
    for y, a in zip(outputs, u, strict=True):
        y.backward(a, retain_graph=True)
    direct = gradients_of(outputs, live, u)
    _, pull = vjp(of_live(case), *case.live_arrays)
    for grads in ([t.grad.data for t in live if t.grad is not None], [g.data for g in direct], [*pull(u)]):
        for k, g, x, e in zip(case.live, grads, live, expected, strict=True):
            what = f"the gradient of argument {k}, after another was written into"
            _same_kind(what, g, x)
            _close(what, g, e)
            if isinstance(g, np.ndarray):
                g[...] = np.nan
    for a, b in zip(u, kept, strict=True):
        _same_bits("the cotangent, after a gradient was written into", a, b)
    for k, g, e in zip(case.live, pulled(case, tensors, outputs, u), expected, strict=True):
        _same_bits(f"the gradient of argument {k} in the next sweep, after one was written into", g, e)


# --- layouts and types ------------------------------------------------------------------------------------------------


def _transposed(x: Any) -> Any:
    return ops.transpose(tensor(np.array(x.T, order="C"), requires_grad=True))


def _strided(x: Any) -> Any:
    every_other = (slice(None, None, 2),) * x.ndim
    wide = np.full([2 * n for n in x.shape], np.nan)  # a read beside the numbers would show
    wide[every_other] = x
    return tensor(wide, requires_grad=True)[every_other]


def _reversed(x: Any) -> Any:
    return ops.flip(tensor(np.array(np.flip(x), order="C"), requires_grad=True))


@_claim()
def the_layout_in_memory_does_not_matter(case: Case, pick: Pick) -> None:
    """Transposed, strided and reversed arguments and cotangents give the same values and gradients."""
    outputs = case(*case.arrays)
    u = pick_cotangents(pick, outputs)
    expected = gradients(case, u) if case.live else []
    for layout in (_transposed, _strided, _reversed):
        how = layout.__name__.removeprefix("_")
        tensors = [layout(x) for x in case.arrays]
        for t, x in zip(tensors, case.arrays, strict=True):
            _same_bits(f"a {how} argument", t.detach(), x)
        results = case(*tensors)
        for k, (y, out) in enumerate(zip(results, outputs, strict=True)):
            _close(f"result {k} of {how} arguments", y.detach(), out, *case.arrays)
        if case.live:
            cotangents = [layout(a).detach() for a in u]
            found = pulled(case, tensors, results, cotangents)
            for k, g, e in zip(case.live, found, expected, strict=True):
                _close(f"the gradient of argument {k} for {how} arguments", g, e, *u)


def _has_numpys_reference(op: Op) -> bool:
    """Whether the reference is a function of NumPy's own, which knows what it does with integers."""
    function = op.reference
    return isinstance(function, np.ufunc) or str(getattr(function, "__module__", "")).startswith("numpy")


def _whole_numbers(dtype: Any, exact: Any) -> None:
    def claim(case: Case, pick: Pick) -> None:
        rng, eps = np.random.default_rng(0), float(np.finfo(exact).eps)
        arrays = [(rng.permutation(x.size).reshape(x.shape) + 1).astype(dtype) for x in case.arrays]
        with np.errstate(all="ignore"):
            try:
                expected = case.having(arrays).reference()
                outputs = case(*arrays)
            except (AutogradError, TypeError, ValueError, OverflowError):  # in words, ours or NumPy's
                return
        for k, (out, reference) in enumerate(zip(outputs, expected, strict=True)):
            _close(f"result {k} for {dtype.__name__}", out, reference, *arrays, eps=eps)

    claim.__doc__ = (
        f"Whole numbers ({dtype.__name__}) give the values of NumPy's reference, or are refused: they must not wrap "
        "round unless NumPy's do."
    )
    name = f"whole_numbers_give_the_values_of_the_reference_or_are_refused_{dtype.__name__}"
    _claim(_has_numpys_reference, name=name, once=True)(claim)


_whole_numbers(np.int64, exact=np.float64)
_whole_numbers(np.uint8, exact=np.float16)  # NumPy takes 8 bits to half precision in some functions, and is inexact


def narrowed(case: Case, dtypes: Sequence[Any]) -> tuple[Case, Case]:
    """The same call in narrower types, and in float64 on the very same numbers."""
    narrow = [x.astype(t) for x, t in zip(case.arrays, dtypes, strict=True)]
    return case.having(narrow), case.having([x.astype(np.float64) for x in narrow])


def _kept(case: Case, pick: Pick, dtype: Any, eps: float) -> None:
    narrow, wide = narrowed(case, [dtype] * len(case.arrays))
    exact = wide(*wide.arrays)
    for k, (y, e) in enumerate(zip(narrow(*narrow.arrays), exact, strict=True)):
        expected = np.dtype(case.options.get("dtype", dtype)) if e.dtype.kind == "f" else e.dtype
        if y.dtype != expected:
            raise Broken(f"result {k}: has dtype {y.dtype}, not {expected}, where the arguments are {dtype.__name__}")
        _close(f"result {k} in {dtype.__name__}", y, e, *wide.arrays, eps=eps)
    if case.live:
        u = pick_cotangents(pick, exact)
        for k, g, e in zip(case.live, gradients(narrow, u), gradients(wide, u), strict=True):
            _close(f"the gradient of argument {k} in {dtype.__name__}", g, e, *u, *wide.arrays, eps=eps)


@_claim()
def single_precision_is_kept(case: Case, pick: Pick) -> None:
    """In float32 results and gradients have dtype float32, and the values that float64 gives, as far as they go."""
    _kept(case, pick, np.float32, float(np.finfo(np.float32).eps))


@_claim()
def half_precision_is_kept(case: Case, pick: Pick) -> None:
    """In float16 results and gradients have dtype float16, and the values that float64 gives, as far as they go.

    Intermediate results lose what the final ones would have had: 4 times the tolerance.
    """
    _kept(case, pick, np.float16, 4 * float(np.finfo(np.float16).eps))


@_claim(lambda op: op.differentiable and (len(op.arrays) > 1 or op.variadic), where=lambda case: len(case.arrays) > 1)
def each_gradient_has_the_type_of_its_own_argument(case: Case, pick: Pick) -> None:
    """Where single and double precision meet, every argument gets its gradient in its own type."""
    eps = float(np.finfo(np.float32).eps)
    u = pick_cotangents(pick, case(*case.arrays))
    for odd in range(len(case.arrays)):
        for types in ((np.float32, np.float64), (np.float64, np.float32)):
            mixed, wide = narrowed(case, [types[0] if k == odd else types[1] for k in range(len(case.arrays))])
            for create_graph in (False, True):
                found = zip(case.live, gradients(mixed, u, create_graph), gradients(wide, u), strict=True)
                for k, g, e in found:
                    what = f"the gradient of argument {k}, argument {odd} in {types[0].__name__}, others not"
                    _close(what, g, e, *u, *wide.arrays, eps=eps)


# --- what the record declares -----------------------------------------------------------------------------------------


def _refused(what: str, call: Callable[[], Any], error: type[Exception], match: str) -> str:
    """The words in which a call is refused."""
    try:
        result = call()
    except Exception as raised:
        if type(raised) is not error:
            raise Broken(f"{what}: raised {type(raised).__name__}, not {error.__name__}: {raised}") from raised
        if not re.search(match, str(raised)):
            raise Broken(f"{what}: the words do not match {match!r}: {raised}") from raised
        return str(raised)
    raise Broken(f"{what}: must be refused with {error.__name__}, and gave {result!r}")


@_claim(lambda op: bool(examples_of(op)), about="record")
def what_is_no_real_number_is_refused_in_words(op: Op) -> int:
    """Complex numbers, objects and strings raise DTypeError, in each argument."""
    example = next(
        (e for e in examples_of(op) if any(isinstance(e.arguments.get(a), tuple | list) for a in op.arrays)), None
    )
    if example is None:
        raise Broken("no example has a shape to draw")
    case = draw_case(First(), op, example)
    for dtype in (complex, object, str):
        words = "complex numbers .* are not supported" if dtype is complex else "numbers or booleans are needed"
        for k, x in enumerate(case.arrays):
            arrays = [*case.arrays[:k], x.astype(dtype), *case.arrays[k + 1 :]]
            _refused(f"argument {k} of {dtype.__name__}", lambda a=arrays: case(*a), DTypeError, words)  # type: ignore[misc]
    return 3


def _declared(op: Op, arguments: Any, wrap: Callable[[Any], Any]) -> Callable[[], Any]:
    """A call as an error declares it: shapes filled with ones, everything else as given."""
    named = [name for name in op.arrays if name in arguments and name not in op.masks]
    last = 1 + max((op.arrays.index(name) for name in named), default=-1)

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return wrap(np.ones(value))
        return [filled(v) for v in value] if isinstance(value, list) else value

    options = {name: value for name, value in arguments.items() if name not in named}
    return lambda: op.call(*(filled(arguments.get(name)) for name in op.arrays[:last]), **options)


@_claim(lambda op: bool(op.errors), about="record")
def what_must_be_refused_is_refused_in_these_words(op: Op) -> int:
    """Each of `errors` raises just that exception with those words, on arrays and on Tensors, and names an operation."""
    for refusal in op.errors:
        _check_refusal(op, refusal)
    return 2 * len(op.errors)


def _check_refusal(op: Op, refusal: Raises) -> None:
    what = f"{op.name}({', '.join(f'{k}={v!r}' for k, v in refusal.arguments.items())})"
    if not issubclass(refusal.error, AutogradError):
        raise Broken(f"{what}: the exception must be an AutogradError, not {refusal.error.__name__}")
    for wrap in (np.asarray, lambda x: tensor(x, requires_grad=True)):
        words = _refused(what, _declared(op, refusal.arguments, wrap), refusal.error, refusal.match)
        who, colon, _ = words.partition(":")
        if not colon or who not in REGISTRY:
            raise Broken(f"{what}: the message begins with the name of an operation and a colon, not with {who!r}")


@_claim(lambda op: bool(op.subgradients), about="record")
def the_derivative_at_a_kink_is_the_declared_one(op: Op) -> int:
    """Each of `subgradients` is what a sweep gives, plain and recorded."""
    for point in op.subgradients:
        for create_graph in (False, True):
            _check_subgradient(op, point, create_graph)
    return 2 * len(op.subgradients)


def _check_subgradient(op: Op, point: Subgradient, create_graph: bool) -> None:
    at = {
        name: tensor(np.asarray(value, np.float64), requires_grad=name in point.gradients)
        for name, value in point.at.items()
    }
    out = op.call(*(at.get(name) for name in op.arrays if name in at))
    names = list(point.gradients)
    found = gradients_of(ops.sum(out), [at[name] for name in names], create_graph=create_graph)
    for name, g in zip(names, found, strict=True):
        # declared values are 0, 1, halves and small integers, which are computed exactly
        expected = np.broadcast_to(point.gradients[name], g.shape)
        if not np.array_equal(g.detach(), expected, equal_nan=True):
            where = ", ".join(f"{k}={v!r}" for k, v in point.at.items())
            raise Broken(
                f"the derivative by {name} at {where} is {code(np.asarray(g.detach()))}, declared is "
                f"{point.gradients[name]!r} ({point.because})"
            )


@_claim(about="record")
def the_docstring_says_what_it_is(op: Op) -> int:
    """The first line of the docstring is a sentence, and the shapes are said."""
    text = inspect.getdoc(op.call) or ""
    if not text:
        raise Broken("there is no docstring")
    first = text.splitlines()[0]
    if not first.endswith("."):
        raise Broken(f"the first line of the docstring is not a sentence: {first!r}")
    if "Shapes:" not in text:
        raise Broken("the docstring does not say the shapes; write a line `Shapes: x (...) -> (...).`")
    return 1


@_claim(about="record")
def the_examples_in_the_docstring_run(op: Op) -> int:
    """There are examples in the docstring, and they print what they say."""
    runner = doctest.DocTestRunner(verbose=False)
    own = inspect.unwrap(op.forward).__globals__
    import autograd_core  # the whole package, which this module is part of

    globs = {**own, "ag": autograd_core, "np": np, op.call.__name__: op.call}
    report: list[str] = []
    for test in doctest.DocTestFinder(recurse=False).find(op.call, op.name, module=False, globs=globs):
        runner.run(test, out=report.append)
    if runner.failures:
        raise Broken("".join(report))
    if not runner.tries:
        raise Broken("there is no example in the docstring; write one after >>>")
    return 1


@_claim(about="record")
def some_example_varies_all_arrays(op: Op) -> int:
    """Some example has shapes to draw for all arrays at once that have a derivative."""
    examples = examples_of(op)
    if not examples:
        raise Broken("the record has no examples; only elementwise operations can do without: examples=[Example(...)]")
    live = (
        op.arrays if op.kind == "composed" else [a for a, r in zip(op.arrays, op.rules, strict=True) if r is not None]
    )
    if not any(set(live) <= set(_shapes_of(op, example)) for example in examples):
        raise Broken(f"no example varies all of {', '.join(live)} together")
    return 1


@_claim(about="record")
def some_example_has_no_elements_or_no_axes(op: Op) -> int:
    """Some example has an array of size 0, or a single number."""
    found = [value for example in examples_of(op) for value in _shapes_of(op, example).values()]
    if not any(s == () or 0 in s for v in found for s in (v if isinstance(v, list) else [v])):
        raise Broken("no example has a size of 0 or no axes")
    return 1


def _shapes_of(op: Op, example: Any) -> dict[str, Any]:
    return {k: v for k, v in example.arguments.items() if k in op.arrays and isinstance(v, tuple | list)}
