"""The summary of a model: its layers with their shapes, parameters, multiply-adds and memory.

Knows what a model is run on. Does not know how it is watched, nor how the table is made.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .arguments import check_positive
from .module import Module

if TYPE_CHECKING:
    from .summary_table import Summary

__all__ = ["summary"]


def summary(
    model: Module,
    input_shape: Any = None,
    *,
    batch_size: int | None = 1,
    input_data: Any = None,
    dtype: DTypeLike | None = None,
    training: bool = False,
    depth: int | None = None,
) -> "Summary":
    """The layers of a model with their shapes, parameters, multiply-adds and memory, found by one forward pass.

    `input_shape` is the shape of one sample; `batch_size` is put before it, and with `batch_size=None` the shape is
    taken as it is. Several inputs are a list of shapes, and those that have names a dict. Numbers are drawn at random,
    from the normal distribution or, for integers and booleans, all zero; `dtype` is that of the parameters unless it is
    given, for several inputs as a list or dict. `input_data` gives real arrays instead: one, a list or tuple of several
    arguments, or a dict of those by name.

    The pass runs in evaluation mode, or with `training=True` as training does, where dropout keeps its masks. The
    model, its buffers and its random numbers stay as they are. Multiply-adds are those of the operations that ran, in
    modules of your own too: products with their sums; biases and products of element with element are not counted.
    What ran under `no_grad`, or on plain arrays alone, is not seen. `depth` folds what lies deeper into the lines above
    it.

    Errors: OptionError for a model that is no Module, no input or two, or a shape that is none; what the model raises,
    naming the layer, with the table up to there as a note.

    >>> print(nn.summary(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), (4,)))
    Layer         Input   Output  Parameters  Multiply-adds  Kept
    -------------------------------------------------------------
    Sequential    (1, 4)  (1, 2)           -              -     -
    ├─ 0: Linear  (1, 4)  (1, 8)          40             32  16 B
    ├─ 1: ReLU    (1, 8)  (1, 8)           -              -  32 B
    └─ 2: Linear  (1, 8)  (1, 2)          18             16     -
    -------------------------------------------------------------
    Parameters: 58, of which 58 learned and 0 frozen.
    Multiply-adds: 48 in one forward pass on (1, 4).
    Memory: 232 B parameters, 232 B gradients, 48 B kept for the sweep.
    A training step on this needs about 576 B, and what the optimizer keeps.
    """
    if not isinstance(model, Module):
        hint = f"; write {model.__name__}(...)" if isinstance(model, type) else ""
        raise ag.OptionError(f"summary: model must be an nn.Module, got {type(model).__name__}{hint}")
    if depth is not None:
        check_positive(depth, "summary: depth")
    from .summary_table import failure, told  # most programs sum nothing up
    from .tracing import shape_of, trace

    args, kwargs = _arguments(model, input_shape, batch_size, input_data, dtype)
    traced = trace(model, args, kwargs, training)
    given = [*args, *kwargs.values()]
    result = told(model, traced, shape_of(given[0] if len(given) == 1 else given), depth)
    if traced.error is not None:
        raise failure(traced, result, by_shape=input_data is None and batch_size is not None) from traced.error
    return result


# --- the input --------------------------------------------------------------------------------------------------------


def _arguments(
    model: Module, input_shape: Any, batch_size: int | None, input_data: Any, dtype: Any
) -> tuple[list[Any], dict[str, Any]]:
    """What the model will be called with."""
    if (input_shape is None) == (input_data is None):
        raise ag.OptionError("summary: give either input_shape, as in (1, 28, 28), or input_data")
    if input_data is not None:
        if isinstance(input_data, Mapping):
            return [], dict(input_data)
        return (list(input_data), {}) if isinstance(input_data, list | tuple) else ([input_data], {})
    if batch_size is not None:
        check_positive(batch_size, "summary: batch_size")
    if isinstance(input_shape, Mapping) and not input_shape:
        raise _no_shape(input_shape)
    if isinstance(input_shape, Mapping):
        by_name = dtype if isinstance(dtype, Mapping) else dict.fromkeys(input_shape, dtype)
        if by_name.keys() != input_shape.keys():
            raise ag.OptionError(f"summary: dtype must name the inputs, {', '.join(map(str, input_shape))}")
        return [], {name: _drawn(model, shape, batch_size, by_name[name]) for name, shape in input_shape.items()}
    several = isinstance(input_shape, list | tuple) and any(isinstance(part, list | tuple) for part in input_shape)
    shapes = list(input_shape) if several else [input_shape]
    dtypes = dtype if isinstance(dtype, list | tuple) else [dtype] * len(shapes)
    if len(dtypes) != len(shapes):
        raise ag.OptionError(f"summary: {len(shapes)} inputs need one dtype or {len(shapes)}, got {len(dtypes)}")
    return [_drawn(model, *pair) for pair in ((s, batch_size, d) for s, d in zip(shapes, dtypes, strict=True))], {}


def _drawn(model: Module, shape: Any, batch_size: int | None, dtype: Any) -> Any:
    """An array of such a shape."""
    lengths = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 0 for n in lengths):
        raise _no_shape(shape)
    if dtype is None:
        dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    kind = np.dtype(dtype).kind
    if kind not in "fiub":
        raise ag.DTypeError(f"summary: dtype must be of floating point, integer or boolean, got {np.dtype(dtype)}")
    whole = lengths if batch_size is None else (batch_size, *lengths)
    drawn = np.random.default_rng(0).standard_normal(whole) if kind == "f" else np.zeros(whole)
    return drawn.astype(dtype)


def _no_shape(given: Any) -> ag.OptionError:
    return ag.OptionError(
        f"summary: input_shape is the shape of one sample, as in (1, 28, 28), or a list of shapes; got {given!r}"
    )
