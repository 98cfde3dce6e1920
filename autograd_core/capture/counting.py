"""What a program takes: operations by name, bytes read and written, and floating-point operations by simple rules.

Knows the rules. Runs nothing: shapes and dtypes are all that is read.

Note [What counts as a floating-point operation]
    products        2 for each product with its addition, as is usual; as many in each of their cotangents
    elementwise     1 for each element of the result, whatever it is; `transcendental` counts exp, log, tanh, ... apart
    their cotangent 2 for each element of g: the partial and the product; 1 if the partial is a number; and 1 for each
                    element of g if it is summed over broadcast axes
    reductions      1 for each element of the argument; their cotangents 1 for each element
    sums of cotangents   1 for each element
    moving numbers  0: indexing, reshaping, joining, comparing, sorting
What has no rule counts as 0, and is named in `unknown`. Operations on integers and truth values are no floating-point
operations.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..calling import Aval
from ..metering import PRODUCTS
from .program import Instruction, Program, Value, values_in

__all__ = ["Counts", "counted"]

_TRANSCENDENTAL = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "power", "cbrt"}
_TRANSCENDENTAL |= {f"{arc}{name}{h}" for arc in ("", "arc") for name in ("sin", "cos", "tan") for h in ("", "h")}
_TRANSCENDENTAL |= {"arctan2", "hypot", "sigmoid", "softplus", "elu", "sinc", "i0"}
_REDUCTIONS = {"sum", "mean", "prod", "max", "min", "squared_error", "add_reduceat"}
_REDUCTIONS |= {"cumsum", "cumprod", "cummax", "cummin"}
# passes over the numbers: logsumexp is max, subtract, exp, sum
PASSES = {"var": 4, "std": 4, "logsumexp": 4, "softmax": 5, "log_softmax": 5, "linalg.vector_norm": 2}
PASSES |= {"standardize": 7, "standardize_affine": 9, "cross_entropy": 5}
_POOLS = {f"avg_pool{n}d" for n in (1, 2, 3)} | {f"max_pool{n}d" for n in (1, 2, 3)}
_MOVING = {"alias", "astype", "copy", "getitem", "scatter_add", "setitem", "where", "take", "take_along_axis"}
_MOVING |= {"reshape", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to", "flip", "roll"}
_MOVING |= {"concatenate", "stack", "repeat", "tile", "sliding_window_view", "compress", "extract"}
_MOVING |= {"zeros_like", "ones_like", "empty_like", "full_like", "linspace", "ldexp", "nan_to_num", "copysign"}
_MOVING |= {"sort", "argsort", "partition", "argpartition", "searchsorted", "argmax", "argmin", "all", "any"}
_MOVING |= {f"max_pool{n}d_gather" for n in (1, 2, 3)}


@dataclass
class Counts:
    """What a program takes. `print` shows it as a table.

    operations    how often each operation occurs, by its name in the text, the most frequent first
    flops         floating-point operations, and `by_operation` those of each name
    transcendental   how many of them are exp, log, tanh and the like, which take many times longer
    bytes_read, bytes_written   of all arguments and all results: what moves if nothing is kept in a cache
    unknown       operations without a rule, which count as none
    """

    operations: dict[str, int] = field(default_factory=dict)
    flops: int = 0
    transcendental: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        width = max(map(len, ("operation", *self.operations)))
        lines = [f"{'operation':<{width}}  {'count':>7}  {'flops':>15}"]
        for name, count in self.operations.items():
            flops = "?" if name in self.unknown else f"{self.by_operation[name]:,}"
            lines.append(f"{name:<{width}}  {count:>7,}  {flops:>15}")
        total = f"{sum(self.operations.values()):>7,}  {self.flops:>15,}"
        lines.append(f"{'all':<{width}}  {total}")
        lines.append(f"{self.transcendental:,} of them transcendental")
        lines.append(f"{self.bytes_read:,} bytes read, {self.bytes_written:,} written")
        if self.unknown:
            lines.append(f"without a rule, and counted as 0: {', '.join(self.unknown)}")
        return "\n".join(lines)


def counted(program: Program) -> Counts:
    """What a program takes, by the rules of Note [What counts as a floating-point operation]."""
    found = Counts()
    occurred: dict[str, int] = {}
    unknown: dict[str, None] = {}
    for i in program.instructions:
        if i.kind not in ("apply", "pull", "add"):
            continue
        name = "+" if i.kind == "add" else i.label.partition("[")[0]
        occurred[name] = occurred.get(name, 0) + 1
        read = dict.fromkeys(values_in((i.inputs, i.options)))
        found.bytes_read += sum(value.nbytes for value in read)
        found.bytes_written += sum(value.nbytes for value in i.outputs)
        flops, transcendental = _flops(i)
        if flops is None:
            unknown[name] = None
        found.flops += flops or 0
        found.transcendental += transcendental
        found.by_operation[name] = found.by_operation.get(name, 0) + (flops or 0)
    found.operations = dict(sorted(occurred.items(), key=lambda pair: -pair[1]))
    found.unknown = tuple(unknown)
    return found


def _size(x: Any) -> int:
    return math.prod(x.shape) if isinstance(x, Value | Aval) else 1


def _flops(i: Instruction) -> tuple[int | None, int]:
    """Floating-point operations of one instruction, None for unknown; and how many of them are transcendental."""
    op: Any = i.op  # there is one: it is applied, or a step of its sweep, or the sum of two cotangents
    out = i.outputs[0]
    given = dict(zip(i.names if i.kind == "pull" else op.arrays, i.inputs, strict=True))
    if i.kind == "add":
        return (_size(out) if out.dtype.kind == "f" else 0), 0
    name = op.name
    if name in PRODUCTS:
        return _product(i, given), 0
    if i.kind == "pull":
        return _of_pull(i, given["g"]), 0
    if all(value.dtype.kind != "f" for value in values_in(i.inputs)) or name in _MOVING:
        return 0, 0
    if op.kind == "elementwise":
        size = _size(out) if out.dtype.kind == "f" else 0
        return size, size if name in _TRANSCENDENTAL or name.startswith("special.") else 0
    size = sum(_size(value) for value in dict.fromkeys(values_in(i.inputs[:1])))
    if name in _REDUCTIONS:
        return size * (3 if name == "squared_error" else 1), 0
    if name in PASSES:
        return size * PASSES[name], size if name in ("logsumexp", "softmax", "log_softmax", "cross_entropy") else 0
    if name in _POOLS:
        window = i.options["kernel_size"]
        sides = int(name[-2])
        return _size(out) * (math.prod(window) if isinstance(window, tuple) else window**sides), 0
    return None, 0


def _of_pull(i: Instruction, g: Value) -> int | None:
    op: Any = i.op
    out = i.outputs[0]
    rule = op.rules[0 if op.variadic else i.position]
    if op.kind == "elementwise":
        summed = _size(g) if out.shape != g.shape else 0
        each = 2 if callable(rule) else 0 if rule in (1, -1) else 1
        return _size(g) * each + summed
    if op.name in _MOVING:
        return 0
    if op.name in _REDUCTIONS:
        return _size(out) * (2 if op.name == "squared_error" else 1)
    if op.name in PASSES:
        return _size(out) * PASSES[op.name]
    return _size(g) if op.name in _POOLS else None


def _product(i: Instruction, given: dict[str, Any]) -> int | None:
    """Twice the multiply-adds; each cotangent of a product takes as many as the product."""
    op: Any = i.op
    if i.kind == "apply":
        flops = 2 * _multiply_adds(op, i.outputs[0].shape, given, i.options)
        bias = given.get("bias")
        return flops + (_size(i.outputs[0]) if isinstance(bias, Value) else 0)
    g, out = given["g"], i.outputs[0]
    name = op.arrays[0] if op.variadic else op.arrays[i.position]
    if name == "bias":
        return _size(g)
    if op.variadic:
        shapes = given.get(op.arrays[0])
        return None if shapes is None else 2 * _multiply_adds(op, g.shape, {op.arrays[0]: shapes}, i.options)
    known = {key: value for key, value in given.items() if hasattr(value, "shape")} | {name: out}
    known |= {key.removesuffix("_aval"): value for key, value in known.items()}
    return 2 * _multiply_adds(op, g.shape, known, i.options) if name in known else None


def _multiply_adds(op: Any, out: tuple[int, ...], given: dict[str, Any], options: dict[str, Any]) -> int:
    if op.variadic:
        shapes: Any = [x.shape if hasattr(x, "shape") else () for x in given[op.arrays[0]]]
    else:
        shapes = _Shapes({key: x.shape if hasattr(x, "shape") else () for key, x in given.items()})
    count: Callable[..., int] = PRODUCTS[op.name]
    return count(out, shapes, options)


class _Shapes(dict[str, tuple[int, ...]]):
    """Shapes by the names of arguments; of what a rule does not read nothing is asked."""

    def __missing__(self, name: str) -> tuple[int, ...]:
        return ()
