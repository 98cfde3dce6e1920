"""NumPy's own functions on Tensors: which operation answers for which function, and with which arguments.

A call ``np.sum(t, 0, None)`` is bound to NumPy's signature, and what it says is handed by name to the operation called
`sum`: its arrays in NumPy's order, its options under NumPy's names. An option that the operation does not have is
refused, unless it has the value that NumPy takes anyway. So no argument is ever dropped, and none taken for another.

`out=` is understood once, for all functions: the result is assigned to a Tensor, or written into an array if it
requires no gradient.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

import numpy as np

from . import ops
from .containers import flatten
from .engine import CONTEXT, Variable, constant, current_path, nodes_of
from .errors import GraphError, MissingRuleError

Function = Callable[..., Any]

SAME_AS = {
    "amax": "max",
    "amin": "min",
    "around": "round",
    "concat": "concatenate",
    "permute_dims": "transpose",
    "unique_values": "unique",
}
"""NumPy's second names for functions of its own."""

SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "clip": {"min": "a_min", "max": "a_max"},
    "reshape": {"newshape": "shape"},
    "nanstd": {"correction": "ddof"},
    "nanvar": {"correction": "ddof"},
    "std": {"correction": "ddof"},
    "var": {"correction": "ddof"},
}
"""NumPy's second names for options of its own."""

CONSTANT = frozenset(
    {
        # text, files, memory
        *("array2string", "array_repr", "array_str", "save", "savetxt", "savez", "savez_compressed"),
        *("may_share_memory", "shares_memory"),
        # places and counts
        *("argwhere", "count_nonzero", "digitize", "flatnonzero", "in1d", "isin", "lexsort", "nanargmax", "nanargmin"),
        *("nonzero", "diag_indices_from", "ix_", "ravel_multi_index", "tril_indices_from", "triu_indices_from"),
        "unravel_index",
        # comparisons with one answer, or with a tolerance
        *("allclose", "array_equal", "array_equiv", "isclose"),
        # types and bits
        *("iscomplex", "iscomplexobj", "isreal", "isrealobj"),
        *("can_cast", "einsum_path", "common_type", "min_scalar_type", "packbits", "unpackbits"),
    }
)
"""Functions that NumPy computes on the values, with all its options: their results have no derivative, by nature."""

FACTS: Mapping[str, Function] = {
    "ndim": lambda a: a.ndim,
    "result_type": lambda *xs: np.result_type(*(x._array.dtype if isinstance(x, Variable) else x for x in xs)),
    "shape": lambda a: a.shape,
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
}
"""Functions of the shape and type alone, which are no arrays."""

_DATES = "dates are no numbers"

_SPECTRUM = "its result is complex; real and imaginary part as real arrays come from `ag.fft.{}"

_COMPLEX_EIGENVALUES = (
    "the eigenvalues of a real matrix are complex numbers in general; np.linalg.eigh and np.linalg.eigvalsh are for "
    "symmetric matrices"
)
_WRITES = "it writes into an array"
_IN_PLACE = _WRITES + "; say {} for a Tensor x"

_COUNTS = "counts are steps, but the edges of the bins, the densities and the weights may have derivatives"

_SETS = "elements come and go by jumps; pick them with np.unique(x) and x[np.isin(x, y)]"

_FACTS = "it returns a record; say {}"

REFUSED: Mapping[str, str] = {
    "copyto": _IN_PLACE.format("`x[...] = values`, or `x = np.where(mask, values, x)`"),
    "fill_diagonal": _IN_PLACE.format("`i = np.arange(min(x.shape)); x[i, i] = values`"),
    "histogram": _COUNTS,
    "histogram2d": _COUNTS,
    "histogram_bin_edges": _COUNTS,
    "histogramdd": _COUNTS,
    "intersect1d": _SETS,
    "place": _IN_PLACE.format("`x[mask] = values`"),
    "put": _IN_PLACE.format("`x[np.unravel_index(indices, x.shape)] = values`"),
    "put_along_axis": _IN_PLACE.format("`x[rows, indices] = values`, with an array of integers for each axis"),
    "putmask": _IN_PLACE.format("`x = np.where(mask, values, x)`"),
    "setdiff1d": _SETS,
    "setxor1d": _SETS,
    "sort_complex": "its result is complex",
    "union1d": "say np.unique(np.concatenate([x, y], axis=None))",
    "unique_all": _FACTS.format("np.unique(x, return_index=True, return_inverse=True, return_counts=True)"),
    "unique_counts": _FACTS.format("np.unique(x, return_counts=True)"),
    "unique_inverse": _FACTS.format("np.unique(x, return_inverse=True)"),
    "busday_count": _DATES,
    "busday_offset": _DATES,
    "datetime_as_string": _DATES,
    "is_busday": _DATES,
    "linalg.eig": _COMPLEX_EIGENVALUES,
    "linalg.eigvals": _COMPLEX_EIGENVALUES,
    "fft.fft": _SPECTRUM.format("rfft_parts(x)` of a real signal x, or `ag.fft.fft_parts((x, y))` of a complex one"),
    "fft.fft2": _SPECTRUM.format("rfftn_parts(x, axes=(-2, -1))`"),
    "fft.fftn": _SPECTRUM.format("rfftn_parts(x)`"),
    "fft.ifft": _SPECTRUM.format("ifft_parts((x, y))`, or `ag.fft.irfft_parts((x, y))` if the signal is real"),
    "fft.ifft2": _SPECTRUM.format("ifftn_parts((x, y), axes=(-2, -1))`"),
    "fft.ifftn": _SPECTRUM.format("ifftn_parts((x, y))`"),
    "fft.ihfft": _SPECTRUM.format('rfft_parts(x, norm="forward")`, with the opposite imaginary part'),
    "fft.rfft": _SPECTRUM.format("rfft_parts(x)`"),
    "fft.rfft2": _SPECTRUM.format("rfftn_parts(x, axes=(-2, -1))`"),
    "fft.rfftn": _SPECTRUM.format("rfftn_parts(x)`"),
    "roots": "the roots of a real polynomial are complex in general",
}
"""Functions that will not come, and why."""

_INSTEAD = "use .detach() for its value, or ag.custom_vjp to define its derivative"


def name_of(function: Function) -> str:
    """The name of a NumPy function behind ``np.``.

    >>> name_of(np.linalg.norm)
    'linalg.norm'
    """
    package = function.__module__.removeprefix("numpy").removeprefix(".")
    inside = package if package in ("linalg", "fft") else ""
    return f"{inside}.{function.__name__}" if inside else function.__name__


@cache
def answer_to(function: Function) -> Function:
    """What computes a NumPy function on Tensors: takes the same arguments.

    Raises: MissingRuleError, in words, when called, for a function without a derivative here.
    """
    name = name_of(function)
    if name in FACTS:
        return FACTS[name]
    if name in CONSTANT:
        return lambda *args, **kwargs: on_values(function, args, kwargs)
    ours = operation_of(name)
    if ours is None:
        return lambda *args, **kwargs: on_constants(function, args, kwargs, name, REFUSED.get(name, ""))
    theirs = signature_of(function)
    place_of = places(function, ours)
    bind = _binder(theirs)
    plain = next((i for i, key in enumerate(theirs.parameters) if place_of.get(key) != i), len(place_of))

    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and len(args) <= plain:  # arrays only, in the same order: nothing to look up
            return ours(*args)
        given = bind(*args, **kwargs)
        out = given.pop("out", None)
        positional: dict[int, Any] = {}
        rest: Sequence[Any] = ()
        options: dict[str, Any] = {}
        for key, value in given.items():
            place = place_of.get(key)
            if place is VARIADIC:
                rest = value
            elif isinstance(place, int):
                positional[place] = value
            elif place is not None:
                options[place] = value
            elif theirs.parameters[key].kind is inspect.Parameter.VAR_KEYWORD:
                options |= value
            elif not _is_default(value, theirs.parameters[key].default):
                raise MissingRuleError(
                    f"np.{name}: the option {key}={value!r} is not supported here; "
                    f"there is {inspect.signature(ours)}{_place()}"
                )
        leading = [positional.get(i) for i in range(max(positional, default=-1) + 1)]
        result = ours(*leading, *rest, **options)
        return result if out is None else delivered(result, out, f"np.{name}")

    return _or_places(call) if name == "where" else call


def _or_places(choose: Function) -> Function:
    """np.where, which gives for a condition alone the places where it holds; these are constants."""

    def where(*args: Any, **kwargs: Any) -> Any:
        return on_values(np.where, args, {}) if len(args) == 1 and not kwargs else choose(*args, **kwargs)

    return where


def _binder(signature: inspect.Signature) -> Function:
    """A function of this signature that returns, by name, the arguments it was given.

    It says what `signature.bind` says, in a tenth of the time, because Python itself does the binding.
    """
    kinds = list(signature.parameters.values())
    declared: list[str] = []
    for p, after in zip(kinds, [*kinds[1:], None], strict=True):
        stars = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        if p.kind is p.KEYWORD_ONLY and not any(d.startswith("*") for d in declared):
            declared.append("*")
        declared.append(f"{stars}{p.name}{'' if p.default is p.empty else '=MISSING'}")
        if p.kind is p.POSITIONAL_ONLY and (after is None or after.kind is not p.POSITIONAL_ONLY):
            declared.append("/")
    pairs = "".join(f"({p.name!r}, {p.name}{' or MISSING' * (p.kind is p.VAR_POSITIONAL)}), " for p in kinds)
    source = f"lambda {', '.join(declared)}: {{k: v for k, v in ({pairs}) if v is not MISSING}}"
    binder: Function = eval(source, {"MISSING": object()})
    return binder


VARIADIC = object()


_SIGNATURES: Mapping[str, Function] = {
    "bincount": lambda x, /, weights=None, minlength=0: None,
    "concatenate": lambda arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    "dot": lambda a, b, out=None: None,
    "empty_like": lambda prototype, /, dtype=None, order="K", subok=True, shape=None, *, device=None: None,
    "inner": lambda a, b, /: None,
    "vdot": lambda a, b, /: None,
    "where": lambda condition, x=None, y=None, /: None,
}
"""Signatures of functions written in C, which NumPy tells only from 2.4 on."""


def signature_of(function: Function) -> inspect.Signature:
    """The signature of a NumPy function.

    >>> list(signature_of(np.dot).parameters)
    ['a', 'b', 'out']
    """
    try:
        return inspect.signature(function)
    except ValueError:
        name = function.__name__
        return inspect.signature(_SIGNATURES.get(SAME_AS.get(name, name), lambda *args, **kwargs: None))


def places(function: Function, ours: Function) -> dict[str, Any]:
    """Where each parameter of a NumPy function goes in our operation: a position, a name, or VARIADIC."""
    synonyms = SYNONYMS.get(name_of(function), {})
    mine = list(inspect.signature(ours).parameters.values())
    positions = {p.name: i for i, p in enumerate(mine) if p.kind is p.POSITIONAL_ONLY}
    named = {p.name for p in mine if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    found: dict[str, Any] = {}
    for i, p in enumerate(signature_of(function).parameters.values()):
        name = synonyms.get(p.name, p.name)
        if p.kind is p.VAR_POSITIONAL:
            if any(m.kind is m.VAR_POSITIONAL for m in mine):
                found[p.name] = VARIADIC
        elif name in named:
            found[p.name] = name
        elif name in positions:
            found[p.name] = positions[name]
        elif i in positions.values() and p.default is p.empty:
            found[p.name] = i
    return found


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (
        type(value) is type(default) and isinstance(value, str | int | float) and value == default
    )


def operation_of(name: str) -> Function | None:
    """The operation that answers for a NumPy function, or None.

    >>> operation_of("amax").__name__
    'max'
    """
    inside, _, last = name.rpartition(".")
    space = getattr(ops, inside, None) if inside else ops
    found = getattr(space, SAME_AS.get(last, last), None)
    return found if hasattr(found, "op") else None


def on_values(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A function of values alone, as NumPy computes it; real arrays in the result become Tensors without a gradient."""
    given, rebuild = flatten([list(args), dict(kwargs)])
    kind = next(x.result_class for x in given if isinstance(x, Variable))
    args, kwargs = rebuild([x._array if isinstance(x, Variable) else x for x in given])
    results, rebuild = flatten(function(*args, **kwargs))
    return rebuild([constant(kind, x) if _is_real(x) else x for x in results])


def _is_real(x: Any) -> bool:
    """Whether this is an array of what a Tensor can hold."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fiub"


def on_constants(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any], name: str, reason: str) -> Any:
    """A function without a derivative here: NumPy's value where no gradient is wanted, a refusal in words elsewhere.

    Raises: MissingRuleError if an argument requires a gradient, or if the function writes into one.
    """
    given, _ = flatten([list(args), dict(kwargs)])
    if reason.startswith(_WRITES) or (CONTEXT.get().recording and nodes_of(given)):
        refuse(name, reason)
    return on_values(function, args, kwargs)


def delivered(result: Any, out: Any, who: str) -> Any:
    """A result put where `out=` says: assigned to a Tensor, or written into an array.

    Raises: GraphError for an array that would have to carry a gradient.
    """
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if isinstance(target, Variable):
        target._assign(result, f"{who}(out=x)", f"x = {who}()")  # type: ignore[attr-defined]
    elif isinstance(target, tuple):
        for one, into in zip(result, target, strict=True):
            delivered(one, into, who)
    else:
        if isinstance(result, Variable) and result.node is not None:
            raise GraphError(
                f"{who}: the result requires a gradient, which an ndarray given as out= cannot carry; "
                "leave out= away, or give a Tensor"
            )
        np.copyto(target, result._array if isinstance(result, Variable) else result, casting="same_kind")
    return target


def refuse(name: str, reason: str = "") -> NoReturn:
    """Say that a NumPy function has no derivative here, why, and in which module of a model it was called."""
    because = f": {reason}" if reason else ""
    raise MissingRuleError(f"np.{name} is not differentiable here{because}; {_INSTEAD}{_place()}")


def _place() -> str:
    return f". In {current_path()}." if current_path() else ""
