"""From a record to two functions: the public one that applies the operation, and the one that pulls cotangents back.

Note [Generated functions]
Both are generated as source text, as in the standard library's dataclasses. The public function then has the very
signature of the operation, which Python binds natively (defaults included), and neither loops over arguments, rules or
names when it runs. This is the hot path: what it does per call is what an eager step costs on small arrays. To read
what is generated, print `source_of_call(op)` or `source_of_pull(op)`.

They are compiled when they are first called, because a program uses few of the operations there are, and compiling all
would be most of what importing costs: until then the public function runs the code of `_first_call`.
"""

import linecache
import operator
from collections.abc import Callable
from functools import cache
from math import isfinite
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

import numpy as np

from .arrays import Array, as_array, held_beyond_attribute_and_locals, snapshot
from .engine import CONTEXT, Context, Variable, constant, record, why_lost
from .errors import AutogradError, DTypeError, IndexingError, OptionError, ShapeError
from .layout import sum_to

if TYPE_CHECKING:
    from .op import Op


class Aval:
    """Shape and dtype of an argument that has no node of its own to tell them."""

    __slots__ = ("dtype", "shape")

    def __init__(self, value: Array) -> None:
        self.shape = np.shape(value)
        self.dtype = getattr(value, "dtype", None) or np.result_type(value)


def fit(xp: Any, g: Any, aval: Any) -> Any:
    """Bring a cotangent into the space of its argument: sum over broadcast axes, cast to its dtype."""
    extra = g.ndim - len(aval.shape)
    narrow = [i + extra for i, n in enumerate(aval.shape) if n == 1 and g.shape[i + extra] != 1]
    axes = (*range(extra), *narrow)
    if axes:
        g = (sum_to(g, axes) if xp is np else xp.sum(g, axis=axes)).reshape(aval.shape)
    return g if g.dtype == aval.dtype else g.astype(aval.dtype)


def absorbing(xp: Any, g: Any, partial: Any) -> Any:
    """``g * partial``, where a cotangent of exactly zero absorbs an infinite or undefined partial."""
    raw = partial._array if isinstance(partial, Variable) else partial
    if isfinite(raw) if not isinstance(raw, np.ndarray) else np.isfinite(raw).all():
        return g * partial
    absorbed = ~np.isfinite(raw) & ((g._array if isinstance(g, Variable) else g) == 0)
    return g * xp.where(absorbed, xp.zeros_like(g), partial)


@cache
def _code(source: str, file: str) -> CodeType:
    """The code of the one function in a source text. Operations of the same signature share it: compiling is slow."""
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)  # so that tracebacks show it
    module = compile(source, file, "exec")
    return next(c for c in module.co_consts if isinstance(c, CodeType))


def _compiled(source: str) -> CodeType:
    return _code(source, f"<generated {hash(source):x}>")


# --- applying ---------------------------------------------------------------------------------------------------------


def source_of_call(op: "Op") -> str:
    """The text of the public function of an operation."""
    required = [name for name in op.arrays if name not in op.optional]
    anywhere = [name for name in (*op.arrays, *op.statics) if name not in {*required, *op.keywords}]
    named = [name for name in (*op.statics, *op.arrays) if name in op.keywords]
    signature = [*required, "/", *anywhere, *(["*"] if named else []), *named]
    declared = ", ".join(f"{name}=None" if name in op.defaults else name for name in signature)
    statics = "".join(f"{name}, " for name in op.statics)
    values = "".join(f"{name}_value, " for name in op.arrays)
    given = "".join(
        (f"{name}={value}, " if name in op.keywords else f"{value}, ")
        for name, value in [*((a, f"{a}_value") for a in op.arrays if a not in op.masks), *((s, s) for s in op.statics)]
    ) + "".join(f"{name}={name}_value, " for name in op.masks)
    if op.variadic:
        name = op.arrays[0]
        body, tracked, parents, arguments = _unwrap_sequence(name), f"{name}_tracked", f"{name}_node", name
    else:
        nodes = [f"{name}_node" if rule is not None else "None" for name, rule in zip(op.arrays, op.rules, strict=True)]
        body = "".join(_unwrap_option(name) if name in op.masks else _unwrap(name) for name in op.arrays)
        tracked = " or ".join(f"{node} is not None" for node in nodes if node != "None") or "False"
        parents, arguments = f"({', '.join(nodes)},)", f"({', '.join(op.arrays)},)"
    saved = "".join(f"{_saved(op, name)}, " for name in op.residuals)
    exposed = f"({' or '.join(f'{name}_shared' for name in op.arrays)}) and out.base is not None"
    return (
        f"def call({declared}):\n"
        f"    cls = None\n"
        f"{body}"
        f"    context = get_context()\n"
        f"    try:\n"
        f"        out{', aux' if op.aux else ''} = forward({'' if forward_in_numpy(op) else 'np, '}{given})\n"
        f"    except (AutogradError, ValueError, TypeError, IndexError, OverflowError) as error:\n"
        f"        blame(op, error, ({values}), context)\n"
        f"    if cls is None:\n"
        f"        return out\n"
        f"    if context.recording and ({tracked}):\n"
        f"        result = record(cls, out, op, {parents}, ({saved}), ({statics}), context)\n"
        f"    else:\n"
        f"        result = constant(cls, out)\n"
        f"        result.lost = why_lost(op, context, {arguments})\n"
        + (f"    result.shared = {exposed}\n    look(result, {op.arrays[0]})\n" if op.views else "")
        + "    return result\n"
    )


def forward_in_numpy(op: "Op") -> Callable[..., Any] | None:
    """The one function that a forward such as ``return xp.exp(x)`` or ``return a + b`` does nothing but call, or None.

    To call it directly saves a call, a tenth of what it takes to record an operation.
    """
    code = op.forward.__code__
    plain = code.co_argcount == 1 + len(op.arrays) and not (op.statics or op.masks or op.variadic)
    said = _SAID.get(code.co_code) if plain else None
    return getattr(np, code.co_names[0]) if said == "xp" else said


_SAID: dict[bytes, Any] = {
    (lambda xp, x: xp.f(x)).__code__.co_code: "xp",
    (lambda xp, a, b: xp.f(a, b)).__code__.co_code: "xp",
    (lambda xp, a, b: a + b).__code__.co_code: operator.add,
    (lambda xp, a, b: a * b).__code__.co_code: operator.mul,
}


def _unwrap(name: str) -> str:
    return (
        f"    if isinstance({name}, Variable):\n"
        f"        cls = {name}.result_class\n"
        f"        {name}_value, {name}_node, {name}_shared = {name}._array, {name}.node, {name}.shared\n"
        f"    else:\n"
        f"        {name}_value, {name}_node, {name}_shared = as_array({name}, name_of_op), None, True\n"
    )


def _unwrap_option(name: str) -> str:
    return (
        f"    if {name} is True:\n        {name}_value, {name}_node, {name}_shared = True, None, False\n    else:\n"
    ) + "".join(f"    {line}\n" for line in _unwrap(name).splitlines())


def _unwrap_sequence(name: str) -> str:
    return (
        f"    {name} = tuple({name})\n"
        f"    {name}_shared = {name}_tracked = False\n"
        f"    {name}_value, {name}_node = [], []\n"
        f"    for x in {name}:\n"
        f"        if isinstance(x, Variable):\n"
        f"            cls = x.result_class\n"
        f"            {name}_value.append(x._array)\n"
        f"            {name}_node.append(x.node)\n"
        f"            {name}_shared |= x.shared\n"
        f"            {name}_tracked |= x.node is not None\n"
        f"        else:\n"
        f"            {name}_value.append(as_array(x, name_of_op))\n"
        f"            {name}_node.append(None)\n"
        f"            {name}_shared = True\n"
    )


def _saved(op: "Op", name: str) -> str:
    """The expression that keeps a residual, or None in its place if no rule that will run asks for it."""
    if op.variadic:
        array = op.arrays[0]
        if name == array:
            return f"tuple(map(snapshot, {array}_value) if {array}_shared else {array}_value)"
        return "out" if name == "out" else f"tuple(map(Aval, {array}_value))"
    if name in ("out", "aux"):
        value = name
    elif name.endswith("_aval") and name not in op.arrays:
        value = f"Aval({name.removesuffix('_aval')}_value)"
    else:
        value = f"(keep({name}, {name}_value) if {name}_shared else {name}_value)"
    users = op.readers(name)
    if users == {array for array, rule in zip(op.arrays, op.rules, strict=True) if rule is not None}:
        return value
    return f"({value} if {' or '.join(f'{array}_node is not None' for array in sorted(users))} else None)"


def keep(argument: Any, value: Array) -> Array:
    """What the graph may keep of an argument that is shared with somebody outside; see Note [Who may write]."""
    if isinstance(argument, Variable) and not held_beyond_attribute_and_locals(value):
        argument.shared = False
        return value
    return snapshot(value)


def look(result: Variable, argument: Any) -> None:
    """Remember whose memory a view looks into."""
    if isinstance(argument, Variable):
        source = getattr(argument, "source", None)
        result.source = ref(argument) if source is None or source() is None else source


def compile_call(op: "Op") -> FunctionType:
    """The public function of an operation: unwrap, compute, and record if a gradient is wanted."""
    namespace = {
        "Aval": Aval,
        "AutogradError": AutogradError,
        "Variable": Variable,
        "as_array": as_array,
        "blame": blame,
        "constant": constant,
        "forward": forward_in_numpy(op) or op.forward,
        "get_context": CONTEXT.get,
        "keep": keep,
        "look": look,
        "name_of_op": op.name,
        "np": np,
        "op": op,
        "record": record,
        "snapshot": snapshot,
        "why_lost": why_lost,
    }
    name = op.name.rpartition(".")[2]
    function = FunctionType(_first_call.__code__, namespace, name)
    function.__qualname__ = name

    def finished() -> FunctionType:
        defaults = op.defaults.items()
        function.__defaults__ = tuple([value for name, value in defaults if name not in op.keywords])
        function.__kwdefaults__ = {name: value for name, value in defaults if name in op.keywords}
        function.__code__ = _compiled(source_of_call(op))
        return function

    namespace["finished"] = finished
    return function


def _first_call(*args: Any, **kwargs: Any) -> Any:
    """What a public function does when it is first called: become what it is, and begin anew."""
    return finished()(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


# --- pulling cotangents back ------------------------------------------------------------------------------------------


def source_of_pull(op: "Op") -> str:
    """The text of the function that turns the cotangent of the output into those of the arguments."""
    head = "def pull(xp, parents, saved, statics, g):\n"
    if op.residuals:
        head += f"    {', '.join(op.residuals)}, = saved\n"
    used = {name for names in (*op.reads, *op.fused_reads) for name in names}
    if used & set(op.statics):
        head += f"    {', '.join(op.statics)}, = statics\n"
    if op.variadic:
        return head + (
            f"    return [None if parent is None else rule_0({', '.join(op.reads[0])})\n"
            f"            for position, parent in enumerate(parents)]\n"
        )
    head += f"    {', '.join(f'{name}_parent' for name in op.arrays)}, = parents\n"
    return head + "".join(_pull_one(op, i) for i in range(len(op.arrays))) + f"    return {_results(op)}\n"


def _results(op: "Op") -> str:
    return "".join("None, " if rule is None else f"g_{i}, " for i, rule in enumerate(op.rules))


def _pull_one(op: "Op", i: int) -> str:
    name, rule = op.arrays[i], op.rules[i]
    if rule is None:
        return ""

    def given(names: tuple[str, ...]) -> str:
        read = [f"{name}_parent" if r == f"{name}_aval" and r not in op.residuals else r for r in names]
        named = {*op.statics, *op.masks}
        return ", ".join([r for r in read if r not in named] + [f"{r}={r}" for r in read if r in named])

    arguments = given(op.reads[i])
    if op.kind != "elementwise":
        value = f"rule_{i}({arguments})"
    elif callable(rule):
        value = f"absorbing(xp, g, rule_{i}({arguments}))" if op.singular else f"g * rule_{i}({arguments})"
    else:
        constants: dict[Any, str] = {1: "g", -1: "-g", 0: "xp.zeros_like(g)"}
        value = constants.get(rule, f"g * {rule!r}")
    lines = [f"g_{i} = {value}"]
    if op.fused[i] is not None:
        fused = f"fused_{i}({given(op.fused_reads[i])})"
        lines = ["if xp is np:", f"    g_{i} = {fused}", "else:", f"    g_{i} = {value}"]
    if op.kind != "elementwise" or len(op.arrays) > 1:
        lines += [
            f"if g_{i}.shape != {name}_parent.shape or g_{i}.dtype is not {name}_parent.dtype:",
            f"    g_{i} = fit(xp, g_{i}, {name}_parent)",
        ]
    if len(op.arrays) == 1:
        return "".join(f"    {line}\n" for line in lines)
    return f"    g_{i} = None\n    if {name}_parent is not None:\n" + "".join(f"        {line}\n" for line in lines)


def pull_at_first(op: "Op") -> Callable[..., Any]:
    """The reverse of an operation until it is needed: then it is compiled, and takes this one's place.

    An attribute of the record rather than a method, because Python finds it faster.
    """

    def pull(*arguments: Any) -> Any:
        op.pull = compile_pull(op)
        return op.pull(*arguments)

    return pull


def compile_pull(op: "Op", absorb: Callable[..., Any] = absorbing) -> Callable[..., Any]:
    """The compiled reverse of an operation, from its rules; `absorb` multiplies by partials that may be infinite."""
    namespace: dict[str, Any] = {"absorbing": absorb, "fit": fit, "np": np}
    for i, (rule, fused) in enumerate(zip(op.rules, op.fused, strict=True)):
        namespace[f"rule_{i}"], namespace[f"fused_{i}"] = rule, fused
    function = FunctionType(_compiled(source_of_pull(op)), namespace, f"pull_{op.name}")
    if not op.singular:
        return function

    def quiet(*arguments: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            return function(*arguments)

    return quiet


# --- errors -----------------------------------------------------------------------------------------------------------


def blame(op: "Op", error: Exception, values: tuple[Any, ...], context: Context) -> NoReturn:
    """Raise what went wrong in a forward computation as an error of ours: the operation, the rule, what came, where."""
    where = f" In {context.path}." if context.path else ""
    if isinstance(error, AutogradError):
        if where and where not in str(error):
            raise type(error)(f"{error}{where}") from error.__cause__
        raise error
    given = [pair for pair in zip(op.arrays, values, strict=True) if not (pair[0] in op.masks and pair[1] is True)]
    what = ", ".join(f"{name} {_describe(value)}" for name, value in given)
    if isinstance(error, IndexError) and not isinstance(error, ValueError):
        raise IndexingError(f"{op.name}: {error}; got {what}.{where}") from None
    if isinstance(error, TypeError):
        raise DTypeError(f"{op.name}: {error}; got {what}.{where}") from None
    if isinstance(error, OverflowError):
        raise OptionError(f"{op.name}: {error}; got {what}.{where}") from None
    shapes = [np.shape(value) for value in values if value is not None and not op.variadic]
    clash = _clash(shapes) if op.kind == "elementwise" else ""
    if clash:
        raise ShapeError(
            f"{op.name}: shapes {' and '.join(map(str, shapes))} do not broadcast: {clash}.{where}"
        ) from None
    refused = OptionError if op.kind == "elementwise" else ShapeError  # only shapes can be wrong for most of the others
    raise refused(f"{op.name}: {error}; got {what}.{where}") from None


def _describe(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_describe(v) for v in value) + "]"
    if value is None:
        return "None"
    return f"{getattr(value, 'dtype', type(value).__name__)}{np.shape(value)}"


def _clash(shapes: list[tuple[int, ...]]) -> str:
    """Which axis keeps shapes from broadcasting, in words; empty if none does."""
    for axis in range(1, max(map(len, shapes)) + 1):
        lengths = [s[-axis] for s in shapes if len(s) >= axis]
        if len({n for n in lengths if n != 1}) > 1:
            return (
                f"counted from the right, axis {-axis} has lengths {' and '.join(map(str, lengths))}, "
                "which must agree or be 1; reshape or transpose one of them"
            )
    return ""
