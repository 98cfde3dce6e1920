"""Where a plan's temporary results lie: nothing overlaps what is still needed, and memory is used again at once."""

import gc

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from autograd_core.capture.planning import kept_by_run, laid_out
from autograd_core.lowered import Buffer, Host, Piece


def stages_of(lifetimes):
    """Stages that use one buffer for each (first stage, how many more, bytes)."""
    buffers = [Buffer(i, nbytes, "temporary") for i, (_, _, nbytes) in enumerate(lifetimes)]
    stages = [
        [b for b, (first, more, _) in zip(buffers, lifetimes, strict=True) if first <= stage <= first + more]
        for stage in range(20)
    ]
    return buffers, stages


def first_fit(lifetimes):
    """The lowest place that is free all the time, looked for by trying every one, and where memory ends."""
    placed, found, total = [], {}, 0
    order = sorted(range(len(lifetimes)), key=lambda i: (lifetimes[i][0], -lifetimes[i][2], i))
    for i in order:
        first, more, nbytes = lifetimes[i]
        size = max(-(-nbytes // 64), 1) * 64
        there = [(start, end) for start, end, last in placed if last >= first]
        place = next(p for p in range(0, 10**6, 64) if all(p + size <= start or end <= p for start, end in there))
        placed.append((place, place + size, first + more))
        found[i], total = place, max(total, place + size)
    return found, total


@pytest.mark.parametrize("seed", range(100))
def test_memory_is_given_by_first_fit(seed):
    lifetimes = np.random.default_rng(seed).integers(0, (13, 6, 400), (seed % 50, 3)).tolist()
    buffers, stages = stages_of(lifetimes)
    layout = laid_out(stages)
    places, total = first_fit(lifetimes)
    assert {b.number: layout.offsets[b] for b in buffers} == places
    assert layout.nbytes == total


@given(st.lists(st.lists(st.lists(st.integers(0, 7), max_size=3), max_size=4), max_size=5), st.sets(st.integers(0, 7)))
def test_what_a_run_must_leave_is_what_somebody_else_touches(numbers, kept):
    buffers = [Buffer(i, 8, "temporary") for i in range(8)]
    pieces = [Piece(b, 0, (1,), (8,), "f8") for b in buffers]
    runs = [[Host(print, tuple(pieces[i] for i in step), ()) for step in run] for run in numbers]
    for here, found in enumerate(kept_by_run(runs, {buffers[i] for i in kept})):
        others = {i for there, run in enumerate(numbers) if there != here for step in run for i in step} | kept
        assert {b.number for b in found} == {i for step in numbers[here] for i in step} & others


@pytest.mark.parametrize("was_on", [True, False])
def test_a_traced_call_leaves_the_collector_of_cycles_as_it_was(was_on):
    seen = []

    def function(x):
        seen.append(gc.isenabled())
        if len(seen) == 2:
            raise ValueError("twice")
        return ag.sin(x)

    before, compiled = gc.isenabled(), ag.compile(function)
    (gc.enable if was_on else gc.disable)()
    try:
        compiled(np.ones(3))
        assert gc.isenabled() == was_on
        with pytest.raises(ValueError, match="twice"):
            compiled(np.ones(3))
        assert gc.isenabled() == was_on
    finally:
        (gc.enable if before else gc.disable)()
    assert seen == [False, False]
