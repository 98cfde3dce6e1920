"""Compiled code is found again by the form of its steps: whenever the code would be another, so is the name."""

from itertools import count

import numpy as np
import pytest
from lowered_programs import Program

from autograd_core.kernels import llvm, remembering, segments
from autograd_core.lowered import Buffer, Elementwise, Number, Piece, Product, Reduce

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")

FLOATS = [0.0, -0.0, 1.0, 2.0, float("nan"), -float("nan"), float("inf"), 1, True]
FIELDS = 64  # choices that make a program


def steps_from(choices):
    """Steps on square matrices that follow from a list of choices, with the buffers that are kept."""
    taken = count()

    def choose(options):
        return options[choices[next(taken)] % len(options)]

    dtype = np.dtype(choose(["f4", "i4", "f8", "f4"]))
    side = choose([4, 5])
    first = choose([0, 7])
    buffers = [Buffer(first + i, 256, choose(["temporary", "output", "temporary"])) for i in range(4)]
    row = (side * dtype.itemsize, dtype.itemsize)

    def piece(i):
        return Piece(buffers[i], choose([0, 0, 8]), (side, side), choose([row, row, row[::-1]]), dtype)

    steps = []
    for _ in range(choose([1, 2, 3])):
        kind = choose(["add", "multiply", "reduce", "product"])
        a, b, out = piece(choose([0, 1])), piece(choose([0, 1])), piece(choose([2, 3]))
        if kind == "reduce":
            small = Piece(buffers[3], 0, (side,), (dtype.itemsize,), dtype)
            steps.append(Reduce(choose(["add", "maximum"]), a, choose([(0,), (1,)]), small))
        elif kind == "product" and dtype.kind == "f":
            whole = Piece(out.buffer, 0, (side, side), row, dtype)
            steps.append(Product(a, b, whole, "matmul", choose([1.0, 2.0]), choose([0.0, 1.0])))
        else:
            numbers = FLOATS if dtype.kind == "f" else [0, 1, 2]
            other = Number(choose(numbers), dtype) if choose([True, False]) else b
            steps.append(Elementwise("multiply" if kind == "multiply" else "add", (a, other), out, (dtype,) * 3))
    return steps, {buffer for buffer in buffers if choose([True, False])}


class _Compiled:
    key = ""

    def function(self, name, *arguments):
        return name

    def address(self, name):
        return 0


def written(steps, kept):
    """The code for steps, and what is known of it besides, without compiling it or looking for it."""
    texts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "compiled", lambda text, **_: texts.append(text) or _Compiled())
        patch.setattr(segments, "recalled", lambda *_: None)
        patch.setattr(segments, "remembered", lambda name, library, note: remembering.Remembered(library, note))
        segment = segments.Segment(steps, kept, approximate=True)
    return texts[0], segment._code.note, [[b.number for b in stage] for stage in map(_sorted, segment.stages)]


def _sorted(stage):
    return sorted(stage, key=lambda buffer: buffer.number)


def choices_from(seed):
    return np.random.default_rng(seed).integers(0, 12, FIELDS).tolist()


@pytest.mark.parametrize("seed", range(16))
def test_other_code_has_another_name(seed):
    choices = choices_from(seed)
    steps = steps_from(choices)
    name, code, different = remembering.described(*steps), written(*steps), 0
    for place in range(FIELDS):
        for more in (1, 2, 3):
            changed = list(choices)
            changed[place] += more
            others = steps_from(changed)
            if remembering.described(*others) == name:
                assert written(*others) == code
            else:
                different += 1
    assert different > 20  # else this would not show much


def test_another_type_is_another_name():
    pieces = [
        [Piece(Buffer(i, 16, "input"), 0, (4 - 3 * i,), (4,), np.dtype(t)) for i in range(2)] for t in ("f4", "i4")
    ]
    names = {
        remembering.described([Reduce("add", x, (0,), Piece(y.buffer, 0, (), (), y.dtype))], ()) for x, y in pieces
    }
    assert len(names) == 2


@pytest.mark.parametrize("seed", range(16))
def test_the_same_steps_have_the_same_name_whoever_made_them(seed):
    choices = choices_from(seed)
    assert remembering.described(*steps_from(choices)) == remembering.described(*steps_from(choices))


def several_steps(seed):
    """Two nests, a sum, and a product that is shared between threads: everything that a note has to tell of."""
    rng = np.random.default_rng(seed)
    program = Program()
    x, y = (program.array(rng.standard_normal((300, 1200)).astype("f4")) for _ in range(2))
    z = program.elementwise("tanh", program.elementwise("add", x, y))
    w = program.elementwise("multiply", z, 1.5, kind="output")
    program.reduce("add", w, (0,))
    big = program.array(rng.standard_normal((1200, 64)).astype("f4"))
    program.product(z, big)
    return program


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """Nothing is remembered, in files or here."""
    monkeypatch.setattr(llvm, "folder", lambda: tmp_path)
    monkeypatch.setattr(remembering, "_HERE", {})
    return tmp_path


@pytest.mark.parametrize("from_files", [True, False])
def test_code_that_is_remembered_does_the_same(empty, monkeypatch, from_files):
    program = several_steps(0)
    first = program.compiled(approximate=True)
    assert (len(first.stages) > 1, bool(first.unneeded)) == (True, True)  # else this would not show much
    if from_files:
        remembering._HERE.clear()
    else:
        for file in empty.iterdir():
            file.unlink()

    def fails(*args, **options):
        raise AssertionError("written again")

    monkeypatch.setattr(segments, "Module", fails)
    again = several_steps(0)
    second = again.compiled(approximate=True)
    for mine, others in zip(first.stages, second.stages, strict=True):
        assert {b.number for b in mine} == {b.number for b in others}
    assert {b.number for b in first.unneeded} == {b.number for b in second.unneeded}
    found = [[*p.by_machine(s).items()] for p, s in ((program, first), (again, second))]
    for (_, mine), (_, others) in zip(*found, strict=True):
        assert mine.tobytes() == others.tobytes()


def test_code_with_memory_is_loaded_for_each_who_runs_it(empty):
    """Else the partial sums of one would be those of another, in another thread."""
    sums, product = Program(), Program()
    sums.reduce("add", sums.array(np.ones((600, 1000))), (0,))
    product.product(product.array(np.ones((3, 4))), product.array(np.ones((4, 5))))
    for program, is_shared in (sums, False), (product, True):
        first, second = (program.compiled(approximate=True)._code.library for _ in "ab")
        assert (first is second) == is_shared


def test_another_way_of_writing_is_another_name(monkeypatch):
    steps = steps_from([0] * FIELDS)
    before = remembering.described(*steps)
    monkeypatch.setattr(remembering, "_sources", lambda: "changed")
    assert remembering.described(*steps) != before
