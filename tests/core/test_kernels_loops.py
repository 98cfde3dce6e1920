"""Loops in machine code: wide vectors, what is left behind them, formulas, and numbers that stay the same."""

import numpy as np
import pytest

from autograd_core.kernels import llvm
from autograd_core.kernels.maps import mapped
from tests.lowered_programs import Program, view

if not llvm.available():
    pytest.skip("needs llvmlite, and AUTOGRAD_CORE_NATIVE not 0", allow_module_level=True)

LENGTHS = [1, 2, 3, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 79, 80, 81, 127, 128, 130, 191, 193, 255, 257, 300]


@pytest.mark.parametrize("length", LENGTHS)
def test_all_numbers_of_any_length_are_computed_and_none_behind_them(length):
    rng = np.random.default_rng(length)
    program = Program()
    for dtype in ("f4", "i1"):
        x, y = (program.array(rng.integers(-50, 50, length).astype(dtype)) for _ in range(2))
        larger = program.elementwise("maximum", x, y, kind="output")
        total = program.elementwise("add", larger, y)
        program.reduce("add", total, (0,))  # whole numbers, so that their sums are exact in any order
        program.reduce("minimum", total, (0,))
    program.agrees_exactly(approximate=True)  # what lies behind the results is compared as well


@pytest.mark.parametrize("length", LENGTHS)
def test_a_number_for_each_row_is_the_same_in_wide_vectors_and_behind_them(length):
    rng = np.random.default_rng(length)
    program = Program()
    x, each = program.array(rng.standard_normal((3, length))), program.array(rng.standard_normal((3, 1)))
    program.elementwise("multiply", x, each, kind="output")
    program.agrees_exactly()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", ["tanh", "exp", "log1p", "sigmoid"])
@pytest.mark.parametrize("more", [1, 90])
def test_a_formula_has_the_same_bits_wherever_it_stands(name, dtype, more):
    # inside a short loop, where products and sums beside it are contracted; and in a function of its own for a long one
    rng = np.random.default_rng(0)
    program = Program()
    x = program.array(rng.standard_normal(203).astype(dtype))
    out = program.elementwise(name, x, kind="output")
    scaled = program.elementwise("multiply", out, 3.0)
    for _ in range(more):
        scaled = program.elementwise("add", scaled, out)
    program.reduce("add", scaled, (0,))
    machine = program.by_machine(program.compiled(approximate=True))
    assert view(machine, out).tobytes() == mapped(name, view(program.memory, x).copy()).tobytes()


@pytest.mark.parametrize("writeable", [False, True])
def test_one_number_is_part_of_the_code_if_nobody_can_change_it(writeable):
    program = Program()
    x, factor = program.array(np.arange(40.0)), program.array(np.array(3.0), kind="constant")
    factor.buffer.array = view(program.memory, factor)
    if not writeable:
        factor.buffer.array.flags.writeable = False
    out = program.elementwise("multiply", x, factor, kind="output")
    segment = program.compiled()
    program.memory[factor.buffer].view("f8")[0] = 5.0
    expected = 5.0 if writeable else 3.0
    assert view(program.by_machine(segment), out).tolist() == [expected * i for i in range(40)]
