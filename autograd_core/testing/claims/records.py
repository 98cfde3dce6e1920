"""Claims about the record itself: what it declares is so, and nothing is missing that the suite needs."""

import doctest
import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...errors import AutogradError, DTypeError
from ...examples import Raises, Subgradient
from ...op import REGISTRY, Op
from ...tensor import tensor
from ...transforms import gradients as gradients_of
from ..cases import code, draw_case, examples_of
from ..domains import First
from .claim import Broken, claim


def _refused(what: str, call: Callable[[], Any], error: type[Exception], match: str) -> str:
    """The words in which a call is refused."""
    try:
        result = call()
    except Exception as raised:  # of whatever type, which is what is judged
        if type(raised) is not error:
            raise Broken(f"{what}: raised {type(raised).__name__}, not {error.__name__}: {raised}") from raised
        if not re.search(match, str(raised)):
            raise Broken(f"{what}: the words do not match {match!r}: {raised}") from raised
        return str(raised)
    raise Broken(f"{what}: must be refused with {error.__name__}, and gave {result!r}")


@claim(lambda op: bool(examples_of(op)), about="record")
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


@claim(lambda op: bool(op.errors), about="record")
def what_must_be_refused_is_refused_in_these_words(op: Op) -> int:
    """Each of `errors` raises that very exception with those words, for arrays and Tensors, and names an operation."""
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


@claim(lambda op: bool(op.subgradients), about="record")
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
        if name in op.arrays
    }
    options = {name: value for name, value in point.at.items() if name not in at}
    out = op.call(*(at.get(name) for name in op.arrays if name in at), **options)
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


@claim(about="record")
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


@claim(about="record")
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


@claim(about="record")
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


@claim(about="record")
def some_example_has_no_elements_or_no_axes(op: Op) -> int:
    """Some example has an array of size 0, or a single number."""
    found = [value for example in examples_of(op) for value in _shapes_of(op, example).values()]
    if not any(s == () or 0 in s for v in found for s in (v if isinstance(v, list) else [v])):
        raise Broken("no example has a size of 0 or no axes")
    return 1


def _shapes_of(op: Op, example: Any) -> dict[str, Any]:
    return {k: v for k, v in example.arguments.items() if k in op.arrays and isinstance(v, tuple | list)}
