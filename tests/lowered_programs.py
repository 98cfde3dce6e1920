"""Lowered steps for tests, with memory for them: done by NumPy on strided views, or by machine code."""

import ctypes

import numpy as np

from autograd_core.kernels import segments
from autograd_core.lowered import Buffer, Elementwise, Number, Piece, Product, Reduce


class Program:
    """Steps on buffers, with memory for them: done by NumPy, or by a Segment."""

    def __init__(self):
        self.steps, self.memory = [], {}

    def array(self, values, kind="input"):
        """A dense piece that holds the values."""
        values = np.ascontiguousarray(values)
        piece = self.empty(values.shape, values.dtype, kind)
        view(self.memory, piece)[...] = values
        return piece

    def empty(self, shape, dtype, kind="temporary"):
        dtype = np.dtype(dtype)
        like = np.empty(shape, dtype)
        buffer = Buffer(len(self.memory), like.nbytes, kind)
        self.memory[buffer] = np.full(max(like.nbytes, 64), 0xEE, np.uint8)  # what was never written shows
        return Piece(buffer, 0, like.shape, like.strides, dtype)

    def elementwise(self, name, *operands, out=None, kind="temporary", loop=None):
        """A step, with a new piece for what it computes unless it is given."""
        pieces = [each for each in operands if isinstance(each, Piece)]
        loop = tuple(map(np.dtype, loop)) if loop else (pieces[0].dtype,) * (len(operands) + 1)
        operands = [
            each if isinstance(each, Piece) else Number(each, dtype)
            for each, dtype in zip(operands, loop, strict=False)
        ]
        if out is None:
            out = self.empty(np.broadcast_shapes(*(piece.shape for piece in pieces)), loop[-1], kind)
        self.steps.append(Elementwise(name, tuple(operands), out, loop))
        return out

    def reduce(self, name, operand, axes, kind="output", dtype=None, out=None):
        shape = tuple(length for axis, length in enumerate(operand.shape) if axis not in axes)
        if out is None:
            out = self.empty(shape, dtype or operand.dtype, kind)
        self.steps.append(Reduce(name, operand, axes, out))
        return out

    def product(self, a, b, out=None, **options):
        if out is None:
            out = self.empty(a.shape[:-1] + b.shape[1:], a.dtype, "output")
        self.steps.append(Product(a, b, out, **options))
        return out

    def compiled(self, *, approximate=False, kept=()):
        for step in self.steps:
            assert segments.takes(step, approximate), step
        return segments.Segment(self.steps, set(kept), approximate=approximate)

    def by_machine(self, segment):
        """The memory after the segment has run. What is unneeded has no memory, so that touching it would end badly."""
        memory = {buffer: content.copy() for buffer, content in self.memory.items()}
        table = (ctypes.c_uint64 * len(memory))()
        for buffer, content in memory.items():
            table[buffer.number] = 0 if buffer in segment.unneeded else content.ctypes.data
        segment.run(ctypes.addressof(table))
        return memory

    def by_numpy(self):
        memory = {buffer: content.copy() for buffer, content in self.memory.items()}
        with np.errstate(all="ignore"):
            for step in self.steps:
                interpret(step, memory)
        return memory

    def results(self, segment=None, **options):
        """What both leave in the buffers that somebody sees: (machine, NumPy), each a dictionary."""
        segment = segment or self.compiled(**options)
        seen = [buffer for buffer in self.memory if buffer.kind != "temporary" or buffer in options.get("kept", ())]
        return [{buffer: memory[buffer] for buffer in seen} for memory in (self.by_machine(segment), self.by_numpy())]

    def agrees_exactly(self, **options):
        machine, numpy = self.results(**options)
        for buffer in machine:
            assert machine[buffer].tobytes() == numpy[buffer].tobytes(), buffer


def view(memory, piece):
    content = memory[piece.buffer]
    if 0 in piece.shape:
        return np.empty(piece.shape, piece.dtype)
    return np.lib.stride_tricks.as_strided(
        content[piece.offset : piece.offset + piece.dtype.itemsize].view(piece.dtype)[:1], piece.shape, piece.strides
    )


def interpret(step, memory):
    """A step as NumPy does it."""
    out = view(memory, step.out)
    if isinstance(step, Reduce):
        out[...] = getattr(np, step.name).reduce(view(memory, step.operand), axis=step.axes, dtype=step.out.dtype)
    elif isinstance(step, Product):
        product = view(memory, step.a) @ view(memory, step.b)
        scale = step.scale if step.rate is None else step.scale * view(memory, step.rate)
        product = product if (scale, step.keep) == (1, 0) else scale * product + step.keep * out
        product = product if step.bias is None else product + view(memory, step.bias)
        product = np.maximum(product, 0) if step.relu else product
        out[...] = product if step.gate is None else product * (view(memory, step.gate) > 0)
    else:
        operands = [
            (view(memory, each) if isinstance(each, Piece) else np.asarray(each.value)).astype(dtype)
            for each, dtype in zip(step.operands, step.loop, strict=False)
        ]
        if step.name in ("copy", "where"):
            result = operands[0] if step.name == "copy" else np.where(*operands)
        else:
            result = getattr(np, step.name)(*operands, dtype=step.loop[-1] if step.loop[-1].kind != "b" else None)
        out[...] = result.astype(step.out.dtype)


def moved(piece, *, offset=0, shape=None, strides=None):
    """Another look into the same memory; the offset is in numbers."""
    return Piece(
        piece.buffer, piece.offset + offset * piece.dtype.itemsize, piece.shape if shape is None else shape,
        strides if strides is not None else piece.strides, piece.dtype,
    )  # fmt: skip


def turned(piece, axes=None):
    axes = axes or tuple(reversed(range(len(piece.shape))))
    return moved(
        piece, shape=tuple(piece.shape[axis] for axis in axes), strides=tuple(piece.strides[axis] for axis in axes)
    )


def assert_close(machine, numpy, dtype, ulps):
    """Within so many units in the last place of the largest number: sums cancel, and are added in another order."""
    x, y = machine.view(dtype), numpy.view(dtype)
    with np.errstate(all="ignore"):
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        scale = np.max(np.abs(np.where(np.isfinite(y), y, 0)), initial=1.0)
        assert np.all(same | (np.abs(x - y) <= ulps * np.finfo(dtype).eps * scale))
