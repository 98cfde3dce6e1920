"""A captured computation: typed values, and the operations that make them from each other. Plain data.

Knows operations as records. Does not know how it was captured, nor how it is executed.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..errors import DTypeError, OptionError, ShapeError
from ..op import Op
from ..places import Place

if TYPE_CHECKING:
    from .counting import Counts
    from .running import Replay

__all__ = ["Argument", "Instruction", "Program", "Value", "values_in"]


class Value:
    """One array of a program: its number, shape and dtype.

    A constant also has its `array`, which is read when the program runs: it is the one the function computed with, not
    a copy.
    """

    __slots__ = ("array", "dtype", "number", "shape")

    def __init__(self, number: int, shape: tuple[int, ...], dtype: np.dtype[Any], array: Any = None) -> None:
        self.number, self.shape, self.dtype, self.array = number, shape, dtype, array

    @property
    def nbytes(self) -> int:
        """Bytes in all elements."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def type(self) -> str:
        """The type in words: "float32[10,30]"."""
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    def __repr__(self) -> str:
        return f"%{self.number}"


Argument: TypeAlias = Any  # a Value, a number, None, or a tuple of these

Kind = Literal["apply", "pull", "add", "read", "read_grad", "store", "store_grad", "perform", "numbers", "update"]


@dataclass(eq=False)
class Instruction:
    """One step of a program.

    kind          what is done:
      apply       an operation, on `inputs` in the order of its arrays (a sequence of arrays is one tuple)
      pull        the cotangent of argument number `position` of an operation; `inputs` are g and residuals, by `names`
      add         the sum of two cotangents
      read, read_grad      the value, or the gradient, that `target` has now: a Tensor from outside the function
      store, store_grad    give `target` a value, or a gradient (None: none)
      perform     call `target` with the inputs, as `ag.perform` does
      numbers     what an optimizer computes with in this step: `target` returns them as a list of arrays
      update      an optimizer writes into what `avals` are, Tensors or arrays; the outputs are their new values
    options       the static options of the operation, by name; arrays in them are Values
    outputs       the values it makes
    avals         shapes and dtypes that a pull reads: of the arguments, by position
    name          what `target` is called, where that is known
    """

    kind: Kind
    op: Op | None
    inputs: tuple[Argument, ...]
    outputs: tuple[Value, ...]
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    position: int = 0
    avals: tuple[Any, ...] = ()
    target: Any = None
    path: str = ""
    place: Place | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """What stands in the program's text: the operation, with the argument whose cotangent it is."""
        op: Any = self.op  # of these two kinds there is one
        if self.kind == "apply":
            return str(op.name)
        if self.kind == "pull":
            name = f"{op.arrays[0]}[{self.position}]" if op.variadic else op.arrays[self.position]
            return f"{op.name}.vjp.{name}"
        if self.kind == "perform":
            return f"perform {getattr(self.target, '__qualname__', type(self.target).__name__)}"
        return self.kind

    @property
    def fills(self) -> tuple[Value, ...]:
        """The arrays among the options that the operation writes into, whatever was in them."""
        moments = self.options.get("moments")
        return () if moments is None else (moments,)

    @property
    def has_effect(self) -> bool:
        """Whether something besides the outputs comes of it."""
        return self.kind in ("store", "store_grad", "perform", "numbers", "update")


def values_in(tree: Any) -> list[Value]:
    """The Values in an argument or an option."""
    found: list[Value] = []
    _gather(tree, found)
    return found


def _gather(tree: Any, found: list[Value]) -> None:
    if isinstance(tree, Value):
        found.append(tree)
    elif isinstance(tree, _SEVERAL):
        for part in tree:
            _gather(part, found)
    elif isinstance(tree, dict):
        for part in tree.values():
            _gather(part, found)
    elif isinstance(tree, slice):
        _gather((tree.start, tree.stop, tree.step), found)


_SEVERAL = (tuple, list)


def rebuilt(like: tuple[Any, ...], parts: Iterable[Any]) -> tuple[Any, ...]:
    """A tuple of the same kind with other parts: a named one stays named."""
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


class Program:
    """What a function computed when it was traced, as `ag.trace` returns it. `str()` is its text.

    inputs        the arrays that the function was called with, in order
    instructions  what is computed, in order
    outputs       the arrays it returned, in order; a number is itself
    arguments     how it was called: positional and named arguments, with Values in the place of arrays
    result        what it returned, with Values in the place of arrays
    names         what inputs, and other values that have a name, are called
    modules       the classes of modules, by their paths

    A program is called as the function was, with arrays of the same shapes and dtypes, and computes what the function
    would compute, bit for bit; what it changes outside is changed as the function would change it. Arguments that are
    no arrays must be those it was captured with. The results are plain arrays, and record nothing.

    >>> program = ag.trace(lambda x, y: ag.sum(ag.tanh(x) * y))(np.zeros(3), np.ones(3))
    >>> program
    <Program of 3 operations on 2 inputs>
    >>> round(float(program(np.ones(3), np.ones(3))), 6)
    2.284782
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[Value],
        instructions: Sequence[Instruction],
        outputs: Sequence[Any],
        *,
        arguments: tuple[Sequence[Any], Mapping[str, Any]] | None = None,
        result: Any = ...,
        names: Mapping[Value, str] | None = None,
        modules: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.inputs, self.instructions, self.outputs = tuple(inputs), tuple(instructions), tuple(outputs)
        self.arguments = (self.inputs, {}) if arguments is None else arguments
        if result is ...:
            result = self.outputs[0] if len(self.outputs) == 1 else self.outputs
        self.result = result
        self.names, self.modules = dict(names or {}), dict(modules or {})

    def __len__(self) -> int:
        return len(self.instructions)

    def constants(self) -> list[Value]:
        """The arrays that are neither inputs nor computed, in the order of their use."""
        made = {v for i in self.instructions for v in i.outputs} | set(self.inputs)
        found = {v: None for i in self.instructions for v in values_in((i.inputs, i.options)) if v not in made}
        found |= {v: None for v in values_in(self.outputs) if v not in made}
        return list(found)

    # --- Tensors from outside -----------------------------------------------------------------------------------------

    @property
    def tensors(self) -> dict[str, Any]:
        """The Tensors from outside that are read or changed, by name; None for one that is not known (see `bind`)."""
        return {i.name or f"outside.{n}": i.target for n, i in self._outside()}

    def _outside(self) -> Iterator[tuple[int, Instruction]]:
        numbers: dict[Any, int] = {}
        for i in self.instructions:
            if i.kind in ("read", "read_grad", "store", "store_grad"):
                key = i.name or id(i.target)
                yield numbers.setdefault(key, len(numbers)), i

    def bind(self, tensors: Any) -> "Program":
        """The same program on other Tensors: a mapping of names to them, or a module, whose parameters and buffers it
        reads and changes from then on. What is performed keeps the objects that it was captured with.

        Raises: OptionError for a name that the program lacks or that is missing, DTypeError and ShapeError for a Tensor
        of another kind.
        """
        given = _named(tensors)
        known = self.tensors
        unknown = [name for name in given if name not in known]
        if unknown and (isinstance(tensors, Mapping) or len(unknown) == len(given)):
            raise OptionError(f"bind: {self.name} has no Tensor called {unknown[0]!r}; it has {', '.join(known)}")
        bound = []
        numbered = {id(i): n for n, i in self._outside()}
        for i in self.instructions:
            if id(i) in numbered:
                name = i.name or f"outside.{numbered[id(i)]}"
                if name not in given and i.target is None:
                    raise OptionError(f"bind: {self.name} needs a Tensor called {name!r}")
                target = given.get(name, i.target)
                for value in (*i.outputs, *values_in(i.inputs)):
                    _check_fit(name, target, value)
                i = replace(i, target=target, name=name)
            bound.append(i)
        return self._with(bound)

    def _with(self, instructions: Sequence[Instruction]) -> "Program":
        return Program(
            self.name,
            self.inputs,
            instructions,
            self.outputs,
            arguments=self.arguments,
            result=self.result,
            names=self.names,
            modules=self.modules,
        )

    # --- running ------------------------------------------------------------------------------------------------------

    @cached_property
    def _replay(self) -> "Replay":
        from .running import Replay

        return Replay(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._replay(*args, **kwargs)

    # --- seeing -------------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> "Counts":
        """What it takes: operations by name, bytes read and written, floating-point operations; printed as a table."""
        from .counting import counted

        return counted(self)

    def text(self, limit: int | None = 500) -> str:
        """The program as text, at most `limit` instructions of it (None: all): an instruction a line.

        Numbers of large constants are left out; `save` writes them.
        """
        from .writing import written

        return written(self, limit)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        operations = sum(i.kind in ("apply", "pull", "add") for i in self.instructions)
        effects = sum(i.has_effect for i in self.instructions)
        changed = f", with {effects} effect{'s' * (effects != 1)}" if effects else ""
        inputs = f"{len(self.inputs)} input{'s' * (len(self.inputs) != 1)}"
        return f"<Program of {operations:,} operation{'s' * (operations != 1)} on {inputs}{changed}>"

    def _collected(self) -> Any:
        """What `ag.draw` draws."""
        from .picturing import collected

        return collected(self)

    # --- files --------------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the program to a file as text, with all numbers, exactly; `ag.read_program` reads it. Returns the path.

        Tensors from outside are written by name. Folders on the way are made.

        Raises: GraphError for what text cannot hold: a Python function that is performed, an object.
        """
        from .writing import saved

        content = saved(self).encode()
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path


def _named(tensors: Any) -> dict[str, Any]:
    if isinstance(tensors, Mapping):
        return dict(tensors)
    if not hasattr(tensors, "named_parameters"):
        raise OptionError(
            f"bind: a mapping of names to Tensors, or a module, is needed, got {type(tensors).__name__}; "
            "program.tensors has the names"
        )
    buffers = tensors.named_buffers() if hasattr(tensors, "named_buffers") else ()
    return {**dict(tensors.named_parameters()), **dict(buffers)}


def _check_fit(name: str, tensor: Any, value: Value) -> None:
    if not hasattr(tensor, "_array"):
        raise DTypeError(f"bind: {name} must be a Tensor, got {type(tensor).__name__}")
    if tensor.dtype != value.dtype:
        raise DTypeError(f"bind: {name} is {value.type} in the program, got {tensor.dtype}")
    if tensor.shape != value.shape:
        raise ShapeError(f"bind: {name} is {value.type} in the program, got shape {tuple(tensor.shape)}")
