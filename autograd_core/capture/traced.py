"""`ag.trace`: a function's program, from one call of it, with names for what goes in.

Knows signatures and variables. How a call is followed stands in `tracing`.
"""

import functools
import inspect
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np

from ..calling import Aval
from ..containers import flatten
from ..engine import Variable
from ..errors import GraphError
from ..op import REGISTRY
from ..places import variables_of
from ..tensor import Tensor
from ..viz.names import entries, outermost
from .compiling import Run, run_traced
from .program import Instruction, Program, Value

__all__ = ["trace"]


def trace(x: Any, /, *args: Any, **options: Any) -> Any:
    """Of a function the program that it computes; of a matrix the sum of its diagonal.

    ``trace(f)(*args)`` calls f once, and returns the `Program` of what it computed: all operations, sweeps and changes,
    as an object that can be printed, drawn, counted, saved and run. The call does what it always does: a training step
    that is traced has trained. What cannot be captured is refused as by `ag.compile`. Inputs are called as the
    arguments are, Tensors from outside as variables and modules call them.

    ``trace(x, offset=0, axis1=0, axis2=1, dtype=None)`` is the sum of the elements with an index i along axis1 and
    i + offset along axis2, as in NumPy. Shapes: x (..., n, m) -> (...), with the axes wherever they are.

    Errors: GraphError for what depends on the numbers of one call.

    >>> print(ag.trace(lambda x, y: ag.sum(ag.tanh(x) * y))(np.zeros(3), np.ones(3)))  # doctest: +ELLIPSIS
    program "<lambda>"(%x, %y)
    # 3 operations
    %x: float64[3] = input
    %y: float64[3] = input
    # ...
    %2: float64[3] = tanh(%x)
    %3: float64[3] = multiply(%2, %y)
    %4: float64[] = sum(%3)
    return %4
    >>> ag.trace(np.eye(3))
    np.float64(3.0)
    """
    return _traced(x) if callable(x) else _OF_MATRIX.call(x, *args, **options)


_OF_MATRIX = REGISTRY["trace"]
trace.op = _OF_MATRIX  # type: ignore[attr-defined]  # every public operation has its record


def _traced(function: Callable[..., Any]) -> Callable[..., Program]:
    @functools.wraps(function, updated=())
    def traced(*args: Any, **kwargs: Any) -> Program:
        run = run_traced(function, args, kwargs)
        for i in run.program.instructions:
            if i.kind == "pull":
                _check_residuals(i, i.inputs)
        return _described(run, function, args, kwargs, sys._getframe(1))

    return traced


def _check_residuals(i: Instruction, residuals: Any) -> None:
    """Refuse what holds arrays of this one call where nobody sees them."""
    for x in residuals:
        if isinstance(x, tuple):
            _check_residuals(i, x)
        elif not isinstance(x, Value | Aval | np.generic | bool | int | float | str | None):
            where = f" ({i.place}: {i.place.text})" if i.place else ""
            raise GraphError(f"trace: {i.label} reads a {type(x).__name__}{where}, which cannot be captured")


def _described(run: Run, function: Any, args: Any, kwargs: Any, frame: FrameType) -> Program:
    """The program with names, and with the containers of arguments and results."""
    program = run.program
    inputs = iter(program.inputs)
    leaves, rebuild = flatten([list(args), kwargs])
    arguments = rebuild([next(inputs) if _is_array(x) else x for x in leaves])
    names = dict(zip(program.inputs, _paths(function, args, kwargs), strict=True))
    called, modules = _called(program, _variables(function), variables_of(frame))
    classes = {path: type(part).__name__ for one in modules.values() for path, part in one.named_modules()}
    return Program(
        program.name,
        program.inputs,
        [replace(i, name=called[id(i.target)]) if id(i.target) in called else i for i in program.instructions],
        program.outputs,
        arguments=(arguments[0], arguments[1]),
        result=run.rebuild(program.outputs),
        names=names,
        modules=classes if len(modules) == 1 else {},
    )


def _is_array(x: Any) -> bool:
    return isinstance(x, Variable) or (hasattr(x, "dtype") and hasattr(x, "shape"))


# --- inputs -----------------------------------------------------------------------------------------------------------


def _paths(function: Any, args: Any, kwargs: Any) -> list[str]:
    """What the arrays among the arguments are called, in order: x, params.w, args.0."""
    named: list[tuple[str, Any]] = []
    try:
        parameters = list(inspect.signature(getattr(function, "forward", function)).parameters.values())
    except (TypeError, ValueError):  # of what is not written in Python nobody knows
        parameters = []
    free = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    for n, x in enumerate(args):
        named += _arrays(free[n].name if n < len(free) else f"{rest}.{n - len(free)}", x)
    for name, x in kwargs.items():
        named += _arrays(name, x)
    found: list[str] = []
    for name, _ in named:
        found.append(_free(name, found))
    return found


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _arrays(name: str, tree: Any) -> list[tuple[str, Any]]:
    waiting, found = [(name, tree)], []
    while waiting:
        name, part = waiting.pop()
        if isinstance(part, dict):
            waiting += reversed([(f"{name}.{_word(key)}", x) for key, x in part.items()])
        elif isinstance(part, list | tuple):
            keys = getattr(part, "_fields", range(len(part)))
            waiting += reversed([(f"{name}.{key}", x) for key, x in zip(keys, part, strict=True)])
        elif _is_array(part):
            found.append((name, part))
    return found


def _word(key: Any) -> str:
    return re.sub(r"\W+", "_", str(key)) or "_"


# --- Tensors from outside ---------------------------------------------------------------------------------------------


def _called(program: Program, *scopes: Mapping[str, Any]) -> tuple[dict[int, str], Mapping[str, Any]]:
    """Names for the Tensors from outside, by identity, and the modules that gave them.

    Modules and variables of the first scope give names; where that does not suffice, those of the next as well.
    """
    targets = {id(i.target): i.target for _, i in program._outside()}
    variables: dict[str, Any] = {}
    for scope in scopes:
        variables |= {name: value for name, value in scope.items() if name not in variables}
        modules = outermost(variables)
        known = _names(variables, modules)
        if known.keys() >= targets.keys():
            break
    found: dict[int, str] = {}
    for target in targets:
        found[target] = _free(known.get(target, f"outside.{len(found)}"), found.values())
    return found, modules


def _names(variables: Mapping[str, Any], modules: Mapping[str, Any]) -> dict[int, str]:
    known: dict[int, str] = {}
    for variable, module in modules.items():
        prefix = f"{variable}." if len(modules) > 1 else ""
        buffers = module.named_buffers() if hasattr(module, "named_buffers") else ()
        for name, tensor in (*module.named_parameters(), *buffers):
            known.setdefault(id(tensor), f"{prefix}{name}")
    for variable, value in variables.items():
        for name, tensor in entries(variable, value):
            if issubclass(type(tensor), Tensor):
                known.setdefault(id(tensor), name)
    return known


def _variables(function: Any) -> dict[str, Any]:
    """The variables that a function sees from where it stands, its own object among them."""
    found: dict[str, Any] = {}
    for _ in range(10):  # as often as it is wrapped
        owner = getattr(function, "__self__", None)
        if owner is not None and not inspect.ismodule(owner):
            found.setdefault("self", owner)
        inner = getattr(function, "__func__", function)
        if hasattr(inner, "__code__"):
            scope = inner.__globals__
            found = {name: scope[name] for name in inner.__code__.co_names if name in scope} | found
            cells = zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True)
            found = {name: cell.cell_contents for name, cell in cells if _is_full(cell)} | found
        elif not isinstance(inner, type):
            found.setdefault(type(inner).__name__.lower(), inner)
        if not hasattr(inner, "__wrapped__"):
            break
        function = inner.__wrapped__
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
