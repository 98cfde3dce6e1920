"""How a tracer hears of what a function does: names that are replaced while anybody traces, and put back.

Knows where the engine looks up what it calls. Does not know what a tracer makes of it.

Note [What is replaced]
    forward, snapshot, keep                      in the globals of each operation's public function
    snapshot, value_of                           where indices are copied, and where operations look at numbers
    sweep, saved_variables, _push, take_own      where `tensor` and `transforms` look them up
    _lift, _lower, _bare                         in `transforms`, which takes and gives plain arrays and Tensors
    constant_of, Tensor.__init__, asarray        through which Tensors are born
    on_values, delivered                         what computes in NumPy alone, and puts a result where `out=` says
    Tensor._assign, .grad, _accumulate           the ways in which leaves change
    Tensor.item, float(), bool(), .data ...      the ways out of the graph
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import unwrap
from typing import Any

import numpy as np

import autograd_core

from .. import creation, engine, numpy_functions, numpy_ufuncs, ops, transforms
from ..arrays import snapshot, take_own
from ..calling import keep
from ..containers import flatten
from ..engine import Variable
from ..errors import GraphError
from ..op import REGISTRY, Op
from ..ops import indexing
from ..ops.operands import like, value_of
from ..performing import LISTENER, REWRITER
from ..replacing import Replacements
from ..tensor import Tensor, asarray, constant_of, saved_variables
from .record import followed_constant
from .refusing import CHOICE, OWN, TRACER, WAYS_OUT, listening, refusing, where
from .tracing import Tracer

__all__ = ["TRACER", "traced_by"]


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Let a tracer follow what is computed inside, in this context."""
    with _REPLACED.installed():
        token, listener = TRACER.set(tracer), LISTENER.set(tracer.perform)
        rewriter = REWRITER.set(tracer.rewrite if tracer.takes_updates else None)
        try:
            yield
        finally:
            TRACER.reset(token)
            LISTENER.reset(listener)
            REWRITER.reset(rewriter)


def _replace_all(replace: Callable[[Any, str, Any], None]) -> None:
    for op in REGISTRY.values():
        here = getattr(unwrap(op.call), "__globals__", {})
        if here.get("op") is op:  # else it is composed of others
            replace(here, "forward", _followed(op, here["forward"]))
            replace(here, "snapshot", _snapshot)
            replace(here, "keep", _keep)
    replace(vars(indexing), "snapshot", _snapshot)
    for module in {op.forward.__globals__["__name__"]: op.forward.__globals__ for op in REGISTRY.values()}.values():
        if module.get("value_of") is value_of:
            replace(module, "value_of", _value_of)
        if module.get("like") is like:
            replace(module, "like", _like)
    tensor = constant_of.__globals__
    replace(tensor, "sweep", _sweep)
    replace(tensor, "saved_variables", _saved_variables)
    replace(vars(transforms), "saved_variables", _saved_variables)
    replace(tensor, "take_own", _take_own)
    replace(vars(transforms), "sweep", _sweep)
    replace(vars(transforms), "take_own", _take_own)
    replace(vars(transforms), "_push", _push)
    replace(vars(transforms), "_lift", _lift)
    replace(vars(transforms), "_lower", _lower)
    replace(vars(transforms), "_bare", _bare)
    for scope in (vars(creation), vars(transforms), tensor):
        replace(scope, "constant_of", _constant_of)
    replace(vars(autograd_core), "asarray", _asarray)
    for path in ("numpy_functions", "numpy_ufuncs", "array_api.delegation", "array_api.sets"):
        scope = vars(sys.modules.get(f"{OWN}{path}", numpy_ufuncs))  # the last two only if they are in use
        for name, instead in (("delivered", _delivered), ("on_values", _on_values)):
            if name in scope and scope[name] is not instead:
                replace(scope, name, instead)
    replace(Tensor, "__init__", _init)
    replace(Tensor, "_assign", _assign)
    replace(Tensor, "detach", _detach)
    replace(Tensor, "writable", _writable)
    replace(Tensor, "_accumulate", _accumulate)
    replace(Tensor, "grad", property(_get_grad, _set_grad))
    for name, advice in WAYS_OUT.items():
        replace(Tensor, name, refusing(name, advice))


_REPLACED = Replacements(_replace_all)


# --- operations and sweeps --------------------------------------------------------------------------------------------


def _followed(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward computation of an operation, as somebody follows it."""

    def followed(*args: Any, **kwargs: Any) -> Any:
        tracer = listening()
        if tracer is None:
            return forward(*args, **kwargs)
        tracer.muted += 1
        try:
            result = forward(*args, **kwargs)
        finally:
            tracer.muted -= 1
        out = result[0] if op.aux else result
        if isinstance(out, np.bool_):  # there are two of them only: as an array it can be told from others
            own = np.asarray(out)
            result = (own, *result[1:]) if op.aux else own
        tracer.applied(op, sys._getframe(1), result, isinstance(out, np.ndarray))
        return result

    return followed


def _snapshot(array: Any) -> Any:
    copy = snapshot(array)
    tracer = listening()
    if tracer is not None:
        tracer.copied(array, copy)
    return copy


def _keep(argument: Any, value: Any) -> Any:
    copy = keep(argument, value)
    tracer = listening()
    if tracer is not None:
        tracer.copied(value, copy)
    return copy


def _value_of(x: Any) -> Any:
    """What an operation looks at of a Tensor, as a constant that is followed."""
    tracer = listening()
    if tracer is None or not isinstance(x, Variable) or tracer.is_constant(x):
        return value_of(x)
    caller = sys._getframe(1)
    outer = caller.f_back
    while outer is not None:
        if outer.f_code is caller.f_code:  # NumPy's function of the same name led back here
            raise GraphError(
                f"trace: {caller.f_code.co_name} asks for the numbers of this one call{where()}, which other calls "
                f"would not have; {CHOICE}"
            )
        outer = outer.f_back
    tracer.of_variable(x)
    return followed_constant(x._array)


def _like(x: Any, *others: Any) -> Any:
    result = like(x, *others)
    tracer = listening()
    if tracer is not None and isinstance(result, Variable) and not isinstance(x, Variable):
        tracer.standing_for(result._array)
    return result


def _take_own(found: dict[Any, Any], key: Any) -> Any:
    array = found[key]
    own = take_own(found, key)
    tracer = listening()
    if tracer is not None:
        tracer.copied(array, own)
    return own


def _sweep(seeds: Any, *args: Any, **options: Any) -> Any:
    tracer = listening()
    if tracer is None or (args and args[0] is not None and args[0].__name__ != "numpy"):
        return engine.sweep(seeds, *args, **options)
    return tracer.sweep(seeds, *args, **options)


def _saved_variables(node: Any) -> Any:
    """What a node saved, for rules that are recorded: what is no variable there is followed all the same."""
    tracer = listening()
    saved = saved_variables(node)
    return saved if tracer is None else [tracer.followed(x) for x in saved]


_pushed = transforms._push


def _push(node: Any, tangents: Any, recorded: bool) -> Any:
    tracer = listening()
    return _pushed(node, tangents, recorded) if tracer is None else tracer.push(_pushed, node, tangents, recorded)


_lifted, _lowered, _bared = transforms._lift, transforms._lower, transforms._bare


def _lift(value: Any, *words: Any) -> Any:
    lifted = _lifted(value, *words)
    tracer = listening()
    if tracer is not None and not isinstance(value, Variable):
        tracer.standing_for(lifted._array)
    return lifted


def _lower(value: Any, like: Any) -> Any:
    """What belongs to an argument: plain if that was, or stands for what was."""
    tracer = listening()
    if tracer is None:
        return _lowered(value, like)
    if not isinstance(value, Variable):  # perhaps of zeros, which nobody has seen
        if tracer.is_plain(like):
            return tracer.standing_for(value)
        tracer.argument(value, value)
        return _lowered(value, like)
    raw = _lowered(value, None) if tracer.is_plain(like) else value
    return raw if isinstance(raw, Variable) else tracer.standing_for(raw)


def _bare(value: Any, given: Any) -> Any:
    """What a function returned: plain if what was given was, or stands for what was."""
    tracer = listening()
    if tracer is None:
        return _bared(value, given)
    if not isinstance(value, Variable) or tracer.is_outside(value._array) or not all(map(tracer.is_plain, given)):
        return value
    return tracer.standing_for(value._array)


# --- Tensors that are born, or change ---------------------------------------------------------------------------------

_init_tensor, _assign_tensor, _accumulate_tensor = Tensor.__init__, Tensor._assign, Tensor._accumulate
_grad_of: Any = Tensor.grad  # the property


def _constant_of(array: Any) -> Tensor:
    tensor = constant_of(array)
    tracer = listening()
    if tracer is not None:
        tracer.born_inside(tensor._array)
    return tensor


def _init(self: Tensor, data: Any, *args: Any, **options: Any) -> None:
    tracer = listening()
    if tracer is None or not isinstance(data, Variable):
        _init_tensor(self, data, *args, **options)
        if tracer is not None:
            tracer.born_inside(self._array)
        return
    if not tracer.is_plain(data):
        raise GraphError(
            f"trace: a Tensor is made from a Tensor, which copies its numbers of this one call{where()}; "
            "write .detach() or .clone()"
        )
    _init_tensor(self, data._array, *args, **options)
    made = tracer.made_tensor(data if self.dtype == data._array.dtype else ops.astype(data, self.dtype))
    tracer.keep(self._array, tracer.of_variable(made))
    tracer.born_inside(self._array)


_made_array = asarray


def _asarray(data: Any, dtype: Any = None) -> Tensor:
    tracer = listening()
    if tracer is not None and isinstance(data, Variable) and tracer.is_plain(data):
        data = tracer.made_tensor(data)
    result = _made_array(data, dtype)
    if tracer is not None and not isinstance(data, Variable):
        tracer.argument(data, result._array)  # it lies where it lies, and is read there
    return result


_computed_on_values = numpy_functions.on_values


def _on_values(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A function of NumPy's that is no operation of ours: it is called in every replay."""
    tracer = listening()
    given, rebuild = flatten([list(args), dict(kwargs)])
    live = [i for i, x in enumerate(given) if isinstance(x, Variable)]
    if tracer is None or all(tracer.is_constant(given[i]) for i in live):
        return _computed_on_values(function, args, kwargs)
    containers: Any = None

    def computed(*tensors: Any) -> Any:
        nonlocal containers
        arrays = list(given)
        for i, x in zip(live, tensors, strict=True):
            arrays[i] = x._array if isinstance(x, Variable) else x
        positional, named = rebuild(arrays)
        results, containers = flatten(function(*positional, **named))
        if not all(isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fiub" for x in results):
            name = getattr(function, "__name__", "a function")
            raise GraphError(
                f"trace: np.{name} asks for the numbers of this one call{where()}, which other calls would not have; "
                f"{CHOICE}"
            )
        return tuple(results)

    results = tracer.perform(computed, tuple(given[i] for i in live))
    if not all(map(tracer.is_plain, map(given.__getitem__, live))):
        for x in results:
            tracer.plain.pop(tracer.of_variable(x), None)
    return containers(results)


_delivered_to = numpy_functions.delivered


def _delivered(result: Any, out: Any, who: str) -> Any:
    tracer = listening()
    into_array = any(isinstance(x, np.ndarray) for x in (out if isinstance(out, tuple) else (out,)))
    if tracer is not None and into_array and isinstance(result, Variable) and not tracer.is_constant(result):
        raise GraphError(
            f"trace: {who}(out=x) writes the numbers of this one call into an array{where()}, which other calls "
            "would not do; leave out= away, or give a Tensor"
        )
    return _delivered_to(result, out, who)


def _assign(self: Tensor, new: Any, *words: Any) -> Any:
    tracer = listening()
    if tracer is None:
        return _assign_tensor(self, new, *words)
    if id(self) in tracer.given:
        raise GraphError(
            f"trace: {words[0]} writes into an argument{where()}, which a replay would not do; say {words[1]}, "
            "and return it"
        )
    if new._array.dtype != self._array.dtype:
        new = new.astype(self._array.dtype)
    tracer.of_variable(self)  # the old value, which graphs may still hold
    before = self._array
    tracer.muted += 1
    try:
        result = _assign_tensor(self, new, *words)
    finally:
        tracer.muted -= 1
    if result is self and (self._array is not new._array or tracer.is_outside(before)):
        tracer.stored(self, new, before)
    return result


_detach_tensor = Tensor.detach


def _detach(self: Tensor) -> Tensor:
    tracer = listening()
    if tracer is None:
        return _detach_tensor(self)
    result: Tensor = tracer.detached(_detach_tensor, self)
    return result


_writable_tensor = Tensor.writable


def _writable(self: Tensor) -> Any:
    before = self._array
    array = _writable_tensor(self)
    tracer = listening()
    if tracer is not None and array is not before:
        tracer.moved(self, before)
    return array


def _get_grad(self: Tensor) -> Any:
    tracer = listening()
    if tracer is not None:
        tracer.looked_at(self)
    return _grad_of.fget(self)


def _set_grad(self: Tensor, value: Any) -> None:
    tracer = listening()
    if tracer is not None:
        tracer.looked_at(self, replaced=True)
    _grad_of.fset(self, value)


def _accumulate(self: Tensor, cotangent: Any) -> None:
    tracer = listening()
    if tracer is not None:
        tracer.looked_at(self)
    _accumulate_tensor(self, cotangent)
