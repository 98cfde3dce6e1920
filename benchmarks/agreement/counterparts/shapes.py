"""Shapes, joining and splitting, indexing and its inverses, padding, diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement.counterparts.record import Counterpart, named, refuse, unary


def _shape(*shape: Any) -> tuple[int, ...]:
    """A shape given as one sequence or as numbers."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else tuple(shape)


def _expand(input: Any, *shape: Any) -> Any:
    sizes = _shape(*shape)
    there = (1,) * (len(sizes) - np.ndim(input)) + np.shape(input)
    return ag.broadcast_to(input, tuple(n if s == -1 else s for s, n in zip(sizes, there, strict=True)))


def _flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return ag.ravel(input) if np.ndim(input) == 0 else named("nn.functional.flatten")(input, start_dim, end_dim)


def _unflatten(input: Any, dim: int, sizes: Any) -> Any:
    axis = dim % np.ndim(input)
    shape = np.shape(input)
    return ag.reshape(input, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def _squeeze(input: Any, dim: Any = None) -> Any:
    """PyTorch leaves axes alone that are longer than 1."""
    if dim is None:
        return ag.squeeze(input)
    if np.ndim(input) == 0:
        return ag.squeeze(input)
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return ag.squeeze(input, tuple(d for d in dims if np.shape(input)[d] == 1))


def _transpose(input: Any, dim0: int, dim1: int) -> Any:
    return ag.positive(input) if np.ndim(input) == 0 else ag.swapaxes(input, dim0, dim1)


def _cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    kept = [x for x in tensors if np.shape(x) != (0,)]  # PyTorch's old rule: an array of shape (0,) joins with any
    return ag.concatenate(kept or list(tensors), dim)


def _append(tensors: Sequence[Any], dim: int = 0) -> Any:
    refuse(len(tensors) != 2 or np.ndim(tensors[0]) != np.ndim(tensors[1]), "not two arrays with as many axes")
    return ag.append(*tensors, axis=dim)


def _rollaxis(input: Any, source: Any, destination: Any) -> Any:
    refuse(not isinstance(source, int) or np.ndim(input) == 0, "several axes at once")
    source, destination = source % np.ndim(input), destination % np.ndim(input)
    return ag.rollaxis(input, source, destination + (destination > source))


def _sizes(input: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    n = np.shape(input)[dim]
    if isinstance(split_size_or_sections, int):
        cuts = list(range(split_size_or_sections, n, split_size_or_sections))
    else:
        cuts = [int(c) for c in np.cumsum(split_size_or_sections)[:-1]]
    return ag.split(input, cuts, dim)


def _chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    return _sizes(input, max(1, -(-np.shape(input)[dim] // chunks)), dim)


def _split_by(ours: str) -> Any:
    def call(input: Any, indices_or_sections: Any) -> Any:
        return named(ours)(input, indices_or_sections)

    return call


def _tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> Any:
    cuts = indices_or_sections
    return ag.array_split(input, cuts.tolist() if isinstance(cuts, np.ndarray) else cuts, dim)


def _index(x: Any, dim: int, index: Any) -> Any:
    """The index that says `index` along one axis, all along the others."""
    return (slice(None),) * (dim % np.ndim(x)) + (index,)


def _select(input: Any, dim: int, index: Any) -> Any:
    return ag.getitem(input, _index(input, dim, index))


def _narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    start = int(start) % (np.shape(input)[dim] or 1) if start < 0 else int(start)
    return ag.getitem(input, _index(input, dim, slice(start, start + length)))


def _slice(input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return ag.getitem(input, _index(input, dim, slice(start, end, step)))


def _with(input: Any, value: Any, index: Any) -> Any:
    return ag.setitem(input, value, index)


def _at_least_one(x: Any) -> Any:
    return ag.reshape(x, (1,)) if np.ndim(x) == 0 else x


def _index_select(input: Any, dim: int, index: Any) -> Any:
    if np.ndim(input) == 0:
        return ag.reshape(ag.take(_at_least_one(input), np.ravel(index), axis=dim), ())
    return ag.take(input, np.ravel(index), axis=dim)


def _gather(input: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    refuse(np.ndim(input) != np.ndim(index) or np.ndim(input) == 0, "gathering from a number, or an empty index")
    if any(
        i != n
        for a, (i, n) in enumerate(zip(np.shape(index), np.shape(input), strict=True))
        if a != dim % np.ndim(input)
    ):
        input = ag.getitem(
            input, tuple(slice(None) if a == dim % np.ndim(input) else slice(n) for a, n in enumerate(np.shape(index)))
        )
    return ag.take_along_axis(input, index, dim)


def _take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    return ag.take_along_axis(input, indices if dim is not None else np.ravel(indices), dim)


def _places(index: np.ndarray[Any, Any], dim: int) -> tuple[Any, ...]:
    """For each element of `index` where it points to along one axis, itself along the others."""
    grid = list(np.indices(index.shape))
    grid[dim] = index
    return tuple(grid)


def _upon(input: Any, index: Any, values: Any) -> Any:
    return ag.add(input, ag.scatter_add(values, index, np.shape(input)))


def _index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    x, s = _at_least_one(input), _at_least_one(source)
    out = _upon(x, _index(x, dim, np.ravel(index)), ag.multiply(s, alpha))
    return ag.reshape(out, np.shape(input))


def _scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    x, s, i = _at_least_one(input), _at_least_one(src), np.atleast_1d(index)
    s = ag.getitem(s, tuple(slice(n) for n in i.shape))
    return ag.reshape(_upon(x, _places(i, dim), s), np.shape(input))


def _scatter(input: Any, dim: int, index: Any, src: Any, *, reduce: Any = None) -> Any:
    refuse(reduce is not None, "reductions into places")
    x, i = _at_least_one(input), np.atleast_1d(index)
    s = ag.getitem(_at_least_one(src), tuple(slice(n) for n in i.shape)) if np.ndim(src) else src
    return ag.reshape(ag.setitem(x, s, _places(i, dim)), np.shape(input))


def _index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    index = tuple(indices)
    if not accumulate:
        return ag.setitem(input, values, index)
    shape = np.empty(np.shape(input), bool)[index].shape
    return _upon(input, index, ag.broadcast_to(values, shape))


def _index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    refuse(np.ndim(input) == 0, "an index into a number")
    return ag.setitem(input, source, _index(input, dim, np.ravel(index)))


def _index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    refuse(np.ndim(input) == 0, "an index into a number")
    return ag.setitem(input, value, _index(input, dim, np.ravel(index)))


def _take(input: Any, index: Any) -> Any:
    return ag.take(input, index)


def _masked_select(input: Any, mask: Any) -> Any:
    shape = np.broadcast_shapes(np.shape(input), np.shape(mask))
    return ag.getitem(_at_least_one(ag.broadcast_to(input, shape)), np.atleast_1d(np.broadcast_to(mask, shape)))


def _masked(ours: str, input: Any, mask: Any) -> Any:
    shape = np.broadcast_shapes(np.shape(input), np.shape(mask))
    return named(ours)(np.ravel(np.broadcast_to(mask, shape)), ag.ravel(ag.broadcast_to(input, shape)))


def _pad(mode: str, value: Any = None) -> Any:
    def call(input: Any, pad: Any, mode: str = mode, value: Any = value) -> Any:
        width = [(0, 0)] * np.ndim(input)
        for i in range(len(pad) // 2):
            width[-1 - i] = (pad[2 * i], pad[2 * i + 1])
        refuse(any(n < 0 for pair in width for n in pair), "padding by a negative number")
        if mode == "constant":
            return ag.pad(input, width, constant_values=0 if value is None else value)
        return ag.pad(input, width, mode={"replicate": "edge", "circular": "wrap"}.get(mode, mode))

    return call


def _diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return ag.diagonal(input, offset, dim1, dim2)


def _linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    refuse((dim1 % np.ndim(A), dim2 % np.ndim(A)) != (np.ndim(A) - 2, np.ndim(A) - 1), "matrices in other axes")
    return ag.linalg.diagonal(A, offset=offset)


def _meshgrid(*tensors: Any, indexing: str = "ij") -> Any:
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    return ag.meshgrid(*(_at_least_one(x) for x in given), indexing=indexing)


def _repeat(input: Any, *sizes: Any) -> Any:
    return ag.tile(input, _shape(*sizes))


def _repeat_interleave(input: Any, repeats: Any, dim: Any = None, *, output_size: Any = None) -> Any:
    x = _at_least_one(input)
    return ag.repeat(x, repeats, dim)


def _unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    refuse(np.ndim(input) == 0, "windows of a number")
    windows = ag.sliding_window_view(input, size, axis=dimension)
    return ag.getitem(windows, _index(input, dimension, slice(None, None, step)))


def _roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    dims = dims if dims is not None and np.size(dims) else None
    return ag.roll(input, shifts, dims) if np.ndim(input) else ag.positive(input)


def _many(ours: str) -> Any:
    """Functions that give each of several arrays another shape."""

    def call(*tensors: Any) -> Any:
        given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
        return named(ours)(*given)

    return call


def _block_diagonal(*tensors: Any) -> Any:
    matrices = [x if np.ndim(x) == 2 else ag.reshape(x, (1, np.size(x))) for x in tensors]
    lengths, widths = zip(*(np.shape(m) for m in matrices), strict=True)
    rows = range(len(matrices))
    return ag.block(
        [[m if i == j else np.zeros((lengths[i], widths[j])) for j in rows] for i, m in enumerate(matrices)]
    )


def _like(ours: str) -> Any:
    def call(input: Any, *, dtype: Any = None, device: Any = None) -> Any:
        refuse(dtype not in (None, np.float64), "another type than float64")
        return named(ours)(input)

    return call


def _full_like(input: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    return ag.full_like(input, fill_value, dtype=dtype)


def _reversed(x: Any) -> Any:
    return ag.transpose(x)


def _last_two(x: Any) -> Any:
    return ag.swapaxes(x, -1, -2)


SHAPES = [
    Counterpart("alias_copy", ("alias",), lambda input: ag.alias(input)),
    Counterpart("clone", ("copy",), lambda input, *, memory_format=None: ag.copy(input)),
    *(
        Counterpart(name, ("reshape",), lambda input, *shape: ag.reshape(input, _shape(*shape)))
        for name in ("reshape", "view", "view_copy")
    ),
    *(
        Counterpart(name, ("reshape",), lambda input, other: ag.reshape(input, np.shape(other)))
        for name in ("reshape_as", "view_as")
    ),
    unary("ravel", "ravel"),
    Counterpart("flatten", ("nn.functional.flatten", "ravel"), _flatten),
    Counterpart("unflatten", ("reshape",), _unflatten),
    *(Counterpart(name, ("squeeze",), _squeeze) for name in ("squeeze", "squeeze.multiple", "squeeze_copy")),
    *(
        Counterpart(name, ("expand_dims",), lambda input, dim: ag.expand_dims(input, dim))
        for name in ("unsqueeze", "unsqueeze_copy")
    ),
    *(Counterpart(name, ("swapaxes",), _transpose) for name in ("transpose", "transpose_copy")),
    *(
        Counterpart(name, ("transpose",), lambda input, *dims: ag.transpose(input, _shape(*dims)))
        for name in ("permute", "permute_copy")
    ),
    *(Counterpart(name, ("transpose",), _reversed) for name in ("t", "t_copy", "T", "H")),
    *(Counterpart(name, ("swapaxes",), _last_two) for name in ("mT", "mH")),
    Counterpart("movedim", ("moveaxis",), lambda input, source, destination: ag.moveaxis(input, source, destination)),
    Counterpart("movedim", ("rollaxis",), _rollaxis),
    *(Counterpart(name, ("broadcast_to",), _expand) for name in ("expand", "expand_copy", "broadcast_to")),
    Counterpart("expand_as", ("broadcast_to",), lambda input, other: ag.broadcast_to(input, np.shape(other))),
    Counterpart("broadcast_tensors", ("broadcast_arrays",), _many("broadcast_arrays")),
    *(Counterpart(name, (name,), _many(name)) for name in ("atleast_1d", "atleast_2d", "atleast_3d")),
    Counterpart("flip", ("flip",), lambda input, dims: ag.flip(input, tuple(dims)) if np.ndim(input) else +input),
    unary("fliplr", "fliplr"),
    unary("flipud", "flipud"),
    Counterpart("rot90", ("rot90",), lambda input, k=1, dims=(0, 1): ag.rot90(input, k, dims)),
    Counterpart("roll", ("roll",), _roll),
    Counterpart("tile", ("tile",), lambda input, dims: ag.tile(input, dims)),
    Counterpart("repeat", ("tile",), _repeat),
    Counterpart("repeat_interleave", ("repeat",), _repeat_interleave),
    Counterpart("cat", ("concatenate",), _cat),
    Counterpart("cat", ("append",), _append),
    Counterpart("stack", ("stack",), lambda tensors, dim=0: ag.stack(tensors, dim)),
    *(
        Counterpart(name, (name,), lambda tensors, name=name: named(name)(tensors))
        for name in ("hstack", "vstack", "dstack", "column_stack")
    ),
    *(
        Counterpart(name, ("split",), _sizes)
        for name in ("split", "split.list_args", "split_with_sizes", "split_with_sizes_copy", "unsafe_split")
    ),
    *(Counterpart(name, ("split",), _chunk) for name in ("chunk", "unsafe_chunk")),
    *(Counterpart(name, (name,), _split_by(name)) for name in ("hsplit", "vsplit", "dsplit")),
    Counterpart("tensor_split", ("array_split",), _tensor_split),
    *(
        Counterpart(
            name, ("unstack",), lambda input, dim=0: ag.unstack(input, axis=dim) if np.shape(input)[dim] else []
        )
        for name in ("unbind", "unbind_copy")
    ),
    Counterpart("block_diag", ("block",), _block_diagonal),
    Counterpart("meshgrid.variadic_tensors", ("meshgrid",), _meshgrid),
    Counterpart("meshgrid.list_of_tensors", ("meshgrid",), _meshgrid),
    Counterpart("__getitem__", ("getitem",), lambda input, index: ag.getitem(input, index)),
    Counterpart("select", ("getitem",), _select),
    Counterpart("slice", ("getitem",), _slice),
    *(Counterpart(name, ("getitem",), _narrow) for name in ("narrow", "narrow_copy")),
    Counterpart("masked_select", ("getitem",), _masked_select),
    Counterpart("masked_select", ("extract",), lambda input, mask: _masked("extract", input, mask)),
    Counterpart("masked_select", ("compress",), lambda input, mask: _masked("compress", input, mask)),
    Counterpart(
        "select_scatter", ("setitem",), lambda input, src, dim, index: _with(input, src, _index(input, dim, index))
    ),
    Counterpart(
        "slice_scatter",
        ("setitem",),
        lambda input, src, dim=0, start=None, end=None, step=1: _with(
            input, src, _index(input, dim, slice(start, end, step))
        ),
    ),
    Counterpart("index_put", ("setitem", "scatter_add"), _index_put),
    Counterpart("index_copy", ("setitem",), _index_copy),
    Counterpart("index_fill", ("setitem",), _index_fill),
    Counterpart("index_add", ("scatter_add",), _index_add),
    Counterpart("scatter", ("setitem",), _scatter),
    Counterpart("scatter_add", ("scatter_add",), _scatter_add),
    Counterpart("index_select", ("take",), _index_select),
    Counterpart("take", ("take",), _take),
    Counterpart("gather", ("take_along_axis",), _gather),
    Counterpart("take_along_dim", ("take_along_axis",), _take_along_dim),
    Counterpart("nn.functional.embedding", ("getitem",), lambda weight, index: ag.getitem(weight, index)),
    Counterpart(
        "constant_pad_nd", ("pad",), lambda input, pad, value=0: _pad("constant")(input, pad, "constant", value)
    ),
    *(
        Counterpart(f"nn.functional.pad.{mode}", ("pad",), _pad(mode.partition("_")[0]))
        for mode in ("constant", "reflect", "replicate", "replicate_negative", "circular")
    ),
    Counterpart("diag", ("diag",), lambda input, diagonal=0: ag.diag(input, diagonal)),
    Counterpart("diagflat", ("diagflat",), lambda input, offset=0: ag.diagflat(input, offset)),
    *(Counterpart(name, ("diagonal",), _diagonal) for name in ("diagonal", "diagonal_copy")),
    Counterpart("linalg.diagonal", ("linalg.diagonal",), _linalg_diagonal),
    Counterpart("mT", ("matrix_transpose",), lambda x: ag.matrix_transpose(x)),
    Counterpart("mT", ("linalg.matrix_transpose",), lambda x: ag.linalg.matrix_transpose(x)),
    Counterpart("trace", ("linalg.trace",), lambda input: ag.linalg.trace(input)),
    Counterpart("trace", ("trace",), lambda input: ag.trace(input)),
    Counterpart("tril", ("tril",), lambda input, diagonal=0: ag.tril(input, diagonal)),
    Counterpart("triu", ("triu",), lambda input, diagonal=0: ag.triu(input, diagonal)),
    *(Counterpart(name, ("sliding_window_view",), _unfold) for name in ("unfold", "unfold_copy")),
    Counterpart("zeros_like", ("zeros_like",), _like("zeros_like")),
    Counterpart("ones_like", ("ones_like",), _like("ones_like")),
    *(
        Counterpart(name, ("astype",), lambda input, *, memory_format=None, type=type: ag.astype(input, type))
        for name, type in [("double", np.float64), ("float", np.float32), ("half", np.float16)]
    ),
    Counterpart("full_like", ("full_like",), _full_like),
]
