"""Phases of machine code that threads go through together: in their order, each once, whoever comes when."""

import ctypes
import threading

import numpy as np
import pytest
from lowered_programs import Program, view

import autograd_core as ag
from autograd_core.kernels import llvm, sharing
from autograd_core.kernels.sharing import Phase, stretches

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")


def _phases(seed=0):
    """Products, nests over several threads and sums, each of which needs all of what came before; and the result."""
    rng = np.random.default_rng(seed)
    program = Program()
    x = program.array(rng.standard_normal((512, 512)) / 512)
    for _ in range(3):
        y = program.product(x, x, program.empty((512, 512), "f8", "temporary"), scale=64.0)
        x = program.elementwise("add", y, program.reduce("maximum", y, (0,), "temporary"))
    return program, program.reduce("add", x, (0,))


def test_any_number_of_threads_gives_the_same_bits():
    program, out = _phases()
    segment = program.compiled(approximate=True)
    assert sum(not phase.is_serial for phase in segment._phases) > 5
    expected = view(program.by_numpy(), out)
    found = []
    for threads in (1, 2, 3, 8, 1, 2):
        with ag.set_num_threads(threads):
            found.append(view(program.by_machine(segment), out).tobytes())
    assert len(set(found)) == 1
    # three products of 512 terms each, in another order; what is near zero is as far off as what is large
    bound = 3 * 512 * np.finfo(float).eps * np.abs(expected).max()
    np.testing.assert_allclose(np.frombuffer(found[0]), expected, rtol=0, atol=bound)


def test_threads_that_come_late_do_no_harm():
    """More threads than cores, and runs so short that many are over before a helper begins."""
    program = Program()
    x = program.array(np.arange(1 << 18, dtype="f8"))
    y = program.elementwise("negative", x)
    out = program.reduce("maximum", y, (0,))
    segment = program.compiled(approximate=True)
    with ag.set_num_threads(8):
        for _ in range(300):
            assert view(program.by_machine(segment), out) == 0


def test_a_thread_that_comes_when_all_is_over_does_nothing(monkeypatch):
    program = Program()
    x = program.array(np.zeros(1 << 18))
    program.elementwise("add", x, 1.0, out=x)
    late = []

    def share(work, count, **options):
        work(iter(range(count)))
        late.append(work)

    monkeypatch.setattr(sharing, "share", share)
    memory = {x.buffer: program.memory[x.buffer].copy()}
    table = (ctypes.c_uint64 * 1)(memory[x.buffer].ctypes.data)
    segment = program.compiled(approximate=True)
    segment.run(ctypes.addressof(table))
    begin = [[phase.line(ag.get_num_threads()) for phase in segment._phases]]
    others = [np.array(begin, np.int64) for _ in range(100)]  # in the place of what nobody holds
    late[0](iter([]))
    assert (view(memory, x) == 1).all()
    del others


def test_several_threads_of_the_user_run_segments_at_the_same_time():
    programs = [_phases(seed) for seed in range(3)]
    segments = [program.compiled(approximate=True) for program, _ in programs]
    expected = [
        view(program.by_machine(segment), out).copy()
        for (program, out), segment in zip(programs, segments, strict=True)
    ]
    wrong = []

    def run(i):
        program, out = programs[i]
        for _ in range(5):
            if not np.array_equal(view(program.by_machine(segments[i]), out), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_may_have_threads_of_its_own_is_done_apart():
    serial, parallel, blas = Phase("a"), Phase("b", 4), Phase("c", alone=True)
    found = [(bool(name), phases) for name, phases in stretches([serial, parallel, blas, serial, blas, parallel])]
    assert found == [
        (True, [serial, parallel]),
        (False, [blas]),
        (False, [serial]),
        (False, [blas]),
        (True, [parallel]),
    ]


def test_a_product_has_as_many_tasks_as_there_are_threads():
    phase = Phase("product", 0, (512, 1024))
    for threads, expected in (1, [1, 512, 1024]), (2, [2, 512, 512]), (4, [4, 256, 512]):
        assert phase.line(threads)[2:5] == expected
