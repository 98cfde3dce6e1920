"""`ag.compile`: a function that is traced when it is called, and replayed when it is called alike again.

Knows when a plan may be used: signatures and guards. Does not know how plans are made or run.

Note [Two runs before a plan]
A call that is traced computes as it always does, effects included, and its result is the result. A plan is made once
two calls in a row gave the same program, with the same constants: what differs between them would have been frozen (a
random number that was drawn outside of `ag.perform`, the length of a list that grows), and is refused by name.
"""

import functools
import gc
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import numpy as np

from ..arrays import as_array
from ..containers import flatten
from ..engine import CONTEXT, Variable
from ..errors import GraphError, OptionError
from ..performing import LISTENER
from ..tensor import Tensor
from .announcing import announced
from .backward import Backward
from .building import Builder, Onlooker
from .comparing import difference, made_inside
from .effects import Changed
from .guarding import Guards, changed_by_itself, guards_of, states_of
from .listening import traced_by
from .plan import Plan
from .program import Program, Value
from .record import Plain, as_given, followed_constant
from .signatures import FLAT, kind_of, outline_of, recognised
from .tracing import Tracer

__all__ = ["Compiled", "Run", "compile", "run_traced"]

_RUNS = 4  # how often a function may give another program for like arguments


class Run:
    """One call of a function that was traced: its program, its result, and what a plan is made from."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Any,
        builder: Builder | None = None,
        recorded: bool = False,
    ) -> None:
        leaves, rebuild = flatten([list(args), kwargs])
        self.builder: Any = builder  # what a plan is made from; None where nobody wants one
        self.tracer = Tracer(builder)
        self.inputs: list[Value] = []
        self.nodes: dict[int, Any] = {}  # of the arrays that have one
        self.arrays: list[int] = []  # which of the leaves are arrays
        self.of_tensors: list[bool] = []  # and whether they are in a Tensor
        self.passed: list[tuple[int, Any]] = []  # and those that the function gets as they are
        lifted: list[Any] = []
        for i, leaf in enumerate(leaves):
            if isinstance(leaf, Variable | np.ndarray | np.generic):
                if isinstance(leaf, Variable) and leaf.node is not None:
                    self.nodes[len(self.arrays)] = leaf.node
                self.arrays.append(i)
                self.of_tensors.append(isinstance(leaf, Variable))
                lifted.append(self._input(leaf))
                if lifted[-1] is leaf:
                    self.passed.append((i, leaf))
            else:
                lifted.append(leaf)
        self.tracer.states = states_of(function, leaves)
        with traced_by(self.tracer):
            given = rebuild(lifted)
            self.result = function(*given[0], **given[1])
        left, _ = flatten(given)
        if len(left) != len(lifted) or any(a is not b for a, b in zip(left, lifted, strict=True)):
            raise GraphError(
                f"trace: {_name_of(function)} changes a list or dict among its arguments, which a replay would not do; "
                "return what is new"
            )
        outputs, self.rebuild = flatten(self.result)
        self.outputs = [self._output(x) for x in outputs]
        self.forms: list[Plain | None] = [self.tracer.form(x) for x in outputs]
        self.tracer.flush()
        self.backward = Backward.of(self.tracer, builder, outputs) if recorded and builder else None
        self.program: Program = self.tracer.program(_name_of(function), self.inputs, self.outputs)
        self.fixed = self._fixed()

    def _input(self, leaf: Any) -> Any:
        """An argument as the function gets it: a Tensor of its own, so that what is computed from it is followed."""
        if isinstance(leaf, Tensor) and leaf.node is not None and CONTEXT.get().recording:
            self.inputs.append(self.tracer.input(leaf._array))
            return leaf
        if isinstance(leaf, np.ma.MaskedArray | np.matrix):
            raise OptionError(
                f"compile: an argument is a {type(leaf).__name__}, which means something else by what arrays do; "
                "give it as an array"
            )
        array = leaf._array if isinstance(leaf, Variable) else as_array(leaf, "compile")
        own = np.asarray(array)[...]  # one array may be given twice, or be seen from outside as well
        lifted = followed_constant(own)
        lifted.shared = not isinstance(leaf, Variable) or leaf.shared  # who gave it may write into it before a sweep
        self.tracer.given[id(lifted)] = lifted
        self.inputs.append(self.tracer.input(own))
        if not isinstance(leaf, Variable):
            self.tracer.plain[self.inputs[-1]] = "array" if isinstance(leaf, np.ndarray) else "number"
        return lifted

    def _output(self, x: Any) -> Any:
        if isinstance(x, Variable):
            return self.tracer.of_variable(x)
        if isinstance(x, np.ndarray | np.generic):
            return self.tracer.argument(x, x)
        if any(isinstance(part, Variable | np.ndarray) for part in getattr(x, "__dict__", {}).values()):
            raise GraphError(
                f"trace: what is returned holds a {type(x).__name__}, and in it an array of this one call; "
                "return tuples, lists and dicts"
            )
        return x

    def _fixed(self) -> list[tuple[int, Any]]:
        """Which arguments are Tensors that only these very ones may stand for: by position.

        Those with a node are given to the function as they are, and it may see, or change, one of them otherwise too.
        """
        if not self.passed:
            return []
        ids = [id(x) for _, x in self.passed]
        seen = {x for x in ids if ids.count(x) > 1}
        for i in self.program.instructions:
            seen |= {id(i.target), *map(id, i.avals)}
        for get, _ in self.tracer.states:
            seen |= set(map(id, getattr(get, "args", ())))
        return [(i, x) for i, x in self.passed if id(x) in seen]

    def value(self) -> Any:
        """The result as the function would have given it without being traced."""
        leaves, _ = flatten(self.result)
        found = []
        for x, form in zip(leaves, self.forms, strict=True):
            found.append(x if form is None else as_given(x.data if isinstance(x, Tensor) else x, form))
        return self.rebuild(found)


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


class Compiled:
    """A function that is captured when it is called, as `ag.compile` returns it.

    `program` is what the latest call computed, `plan` how it is replayed (None until there is one). Attributes of the
    function, such as a module's parameters, can be asked for as before.
    """

    def __init__(self, function: Callable[..., Any], exact: bool, size: int) -> None:
        if not callable(function):
            raise OptionError(f"compile: a function is needed, got {type(function).__name__}")
        if not isinstance(size, int) or size < 1:
            raise OptionError(f"compile: cache_size must be a whole number above 0, got {size!r}")
        functools.update_wrapper(self, function, updated=())
        self._function, self._exact, self._size = function, exact, size
        self._plans: OrderedDict[Any, list[_Entry]] = OrderedDict()
        self._lock = threading.RLock()
        self._latest: _Entry | None = None
        self._unsettled = 0  # how many traced calls in a row changed what guards look at
        self.program: Program | None = None
        self.plan: Plan | None = None

    def __getattr__(self, name: str) -> Any:
        if name == "_function":
            raise AttributeError(name)
        return getattr(self._function, name)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        path = str(getattr(self, "__qualname__", ""))
        found: Any = sys.modules.get(self.__module__)
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is self:  # as for any function, its name says which
            return path
        return Compiled, (self._function, self._exact, self._size)  # a copy makes plans of its own

    @property
    def nbytes(self) -> int:
        """Bytes that the plans keep for intermediate results, from call to call."""
        return sum(e.plan.nbytes for entries in self._plans.values() for e in entries if e.plan is not None)

    def __repr__(self) -> str:
        return f"compile({self._function!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if LISTENER.get() is not None:  # a part of what is traced
            return self._function(*args, **kwargs)
        recording = CONTEXT.get().recording
        latest = self._latest
        if latest is not None and not kwargs and latest.is_for(args, recording) and latest.guards.hold():
            try:
                plan: Any = latest.plan  # there is one, as it was run
                return plan.run(args, self._function, args, kwargs)
            except Changed:
                pass
        leaves: Sequence[Any] = args
        if kwargs or not FLAT.issuperset(map(type, args)):
            leaves, _ = flatten([list(args), kwargs])
        key: Any = tuple([kind_of(x, recording) for x in leaves])
        if leaves is not args:
            key = key, outline_of([list(args), kwargs])
        entries = self._plans.get((recording, key))
        if entries is not None:
            is_first = True
            for entry in entries:
                plan = entry.plan
                if plan is not None and entry.takes(leaves) and entry.guards.hold():
                    try:
                        result = plan.run(leaves, self._function, args, kwargs)
                    except Changed:
                        is_first = False  # and asked first in the next call, too
                        continue
                    if leaves is args and is_first:
                        if entry.is_for is None:
                            entry.is_for = recognised(args, recording, entry.fixed)
                        self._latest = entry
                    return result
        return self._trace((recording, key), args, kwargs)

    def _trace(self, key: Any, args: Any, kwargs: Any) -> Any:
        before = [entry for entry in self._plans.get(key, ()) if entry.plan is None and entry.guards.hold()]
        builder = Builder(self._exact) if before else Onlooker(self._exact)  # a plan is made of the second
        count = max((len(entry.program or ()) for entry in before), default=0)
        with _uncollected(), announced(_name_of(self._function), count):
            return self._traced(key, builder, args, kwargs)

    def _traced(self, key: Any, builder: Builder, args: Any, kwargs: Any) -> Any:
        run = Run(self._function, args, kwargs, builder, recorded=CONTEXT.get().recording)
        self.program = run.program
        guards = guards_of(run.tracer, run.program.constants())
        changed = changed_by_itself(run.tracer)
        self._unsettled = self._unsettled + 1 if changed else 0
        if self._unsettled >= _RUNS:
            raise GraphError(
                f"compile: {_name_of(self._function)} changes in every call what it also sees, {changed}, "
                "which a replay would not do; "
                "change it by ag.perform, or outside of the function, or make it an argument"
            )
        with self._lock:
            entries = self._plans.setdefault(key, [])
            self._plans.move_to_end(key)
            alike = (e for e in entries if e.plan is None and e.guards.same(guards) and e.is_fixed_to(run.fixed))
            entry = next(alike, None)
            if entry is None:  # or only one whose plan does not hold for what was given
                entry = _Entry(run, guards)
                entries.append(entry)
                del entries[: -self._size]
            else:
                entry.again(run, self._function)
            self.plan = entry.plan or self.plan
            while len(self._plans) > self._size:
                self._plans.popitem(last=False)
        return run.value()


class _Entry:
    """What is known of calls with one signature under the same guards."""

    def __init__(self, run: Run, guards: Guards) -> None:
        self.program: Program | None = run.program
        self.guards, self.runs, self.fixed = guards, 1, run.fixed
        self.plan: Plan | None = None
        self.is_for: Any = None  # whether flat arguments have this signature; made when it is first asked

    def takes(self, leaves: Sequence[Any]) -> bool:
        """Whether the arguments that may be no others are these."""
        return all(leaves[i] is x for i, x in self.fixed)

    def is_fixed_to(self, fixed: Sequence[tuple[int, Any]]) -> bool:
        """Whether another run was for the same arguments, as far as these may be no others."""
        return [(i, id(x)) for i, x in self.fixed] == [(i, id(x)) for i, x in fixed]

    def again(self, run: Run, function: Any) -> None:
        """Another call was traced: the same program makes a plan."""
        before, self.program, self.runs = self.program, run.program, self.runs + 1
        found = difference(before, run.program) if before is not None else ""
        if found and self.runs >= _RUNS:
            raise GraphError(
                f"compile: {_name_of(function)} computed something else when it was called again with like arguments: "
                f"{found}"
            )
        if not found and not isinstance(run.builder, Onlooker):  # as when two threads make their first calls
            if before is not None:
                run.builder.fix(made_inside(before, run.program))
            self.plan = Plan(run)
            self.program = None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare Python's search for cycles, which would go through all that a trace holds again and again."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def compile(function: Any = None, *, exact: bool = False, cache_size: int = 8) -> Any:
    """The same function, captured: what it computes is planned once, and replayed when it is called alike again.

    For functions of arrays and containers of them, `ag.value_and_grad(f)`, modules, and whole training steps
    (forward, backward, and the optimizer's step). There is a plan for each signature: shapes, dtypes and layouts of the
    arrays, and the values of all other arguments; the `cache_size` most recent are kept. A plan is made when two calls
    computed the same; until then calls are eager. Planning takes some quarter of a millisecond for each operation; a
    terminal is told if that is more than two seconds. Parameters and other Tensors from outside are read anew by each
    replay; plain arrays are read where they lie. With `exact=True` nothing is fused that would round otherwise, and the
    bits are those of eager code; without, operations are fused, and differ by rounding.

    What depends on the numbers of one call (`if`, `float(x)`, `.numpy()`, printing) is refused with its line. What
    shall happen in every replay besides computing goes through `ag.perform`.

    Errors: GraphError for what cannot be captured; OptionError for arguments that cannot be compared.

    >>> f = ag.compile(lambda x, y: ag.sum(ag.tanh(x) * y))
    >>> [round(float(f(np.full(3, a), np.ones(3))), 4) for a in (0.0, 1.0, 2.0)]
    [0.0, 2.2848, 2.8921]
    """
    if function is None:
        return functools.partial(compile, exact=exact, cache_size=cache_size)
    return Compiled(function, exact, cache_size)


def run_traced(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> Run:
    """One traced call, for `ag.trace`."""
    return Run(function, args, kwargs)
