"""The memory of a profile: exact bytes of known programs, who holds them, and that a profile holds nothing itself."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.profiling import profile
from autograd_core.profiling.ledger import KINDS, Label, Ledger

N = 1_000_000
MB = 8 * N  # bytes of N numbers in double precision


def array(fill=1.0, n=N):
    return np.full(n, fill)


def held(p):
    """Bytes at the peak by kind."""
    found = dict.fromkeys(KINDS, 0)
    for holder in p.memory.holders:
        found[holder.kind] += holder.nbytes
    return {kind: nbytes for kind, nbytes in found.items() if nbytes}


def allocated(p):
    return {(o.name, o.phase): o.nbytes for o in p.operations}


# --- exact bytes ------------------------------------------------------------------------------------------------------


def test_a_chain_of_sums_holds_two_results_at_a_time():
    x = ag.Tensor(array())
    with profile() as p:
        y = x + 1.0
        for _ in range(4):
            y = y + 1.0
    assert p.memory.allocated == allocated(p)["add", "forward"] == 5 * MB
    assert p.memory.peak_made == 2 * MB
    assert p.memory.peak == 3 * MB
    assert held(p) == {"input": MB, "result": 2 * MB}
    assert p.memory.timeline[-1].nbytes == 2 * MB  # x and the last result


def test_what_is_kept_for_the_sweep_is_told_from_what_is_not():
    x = ag.Tensor(array(0.5), requires_grad=True)
    with profile() as p:
        y = ag.sin(ag.exp(x) + 1.0)  # exp keeps its result, sin its argument
        z = y + 1.0
    assert p.memory.peak == 5 * MB
    assert held(p) == {"input": MB, "saved": 2 * MB, "result": 2 * MB}
    assert y.shape == z.shape


def test_views_allocate_nothing():
    x = ag.Tensor(array().reshape(1000, 1000), requires_grad=True)
    with profile() as p:
        a = x.T
        b = a.reshape(1000, 10, 100)
        c = b[1:3]
        d = ag.broadcast_to(c, (5, 2, 10, 100))
        ag.reshape(array(), (1000, 1000))  # of an array that is nobody's result
    assert set(allocated(p).values()) == {0}
    assert p.memory.allocated == p.memory.peak_made == 0
    assert d.shape == (5, 2, 10, 100)


def test_plain_arrays_are_seen_too():
    a = array()
    with profile() as p:
        b = ag.exp(a)
    assert held(p) == {"input": a.nbytes, "result": b.nbytes}


def test_a_broadcast_counts_what_lies_behind_it():
    with profile() as p:
        y = ag.Tensor(array(n=10)) + 1.0
        z = ag.broadcast_to(y, (1000, 10))
    assert p.memory.allocated == 80
    assert z.nbytes == 80_000


def test_a_sweep_frees_what_was_saved_and_leaves_a_gradient():
    x = ag.Tensor(array(0.5), requires_grad=True)
    with profile() as p:
        ag.sum(ag.exp(x)).backward()
    last = p.memory.timeline[-1].held
    assert last["gradient"] == MB
    assert last["input"] == MB
    assert last["saved"] == last["cotangent"] == 0
    assert p.memory.allocated >= 2 * MB  # the result of exp, and the gradient


def test_gradients_add_up_in_new_memory():
    x = ag.Tensor(array(0.5), requires_grad=True)
    ag.sum(ag.exp(x)).backward()
    with profile() as p:
        ag.sum(ag.exp(x)).backward()
    last = p.memory.timeline[-1].held
    assert last["gradient"] == MB  # the sum; what it was made of is gone
    assert x.grad.nbytes == MB


def test_a_gradient_of_grad_is_one_too():
    with profile() as p:
        g = ag.grad(lambda x: ag.sum(ag.exp(x)))(array(0.5))
    assert p.memory.timeline[-1].held["gradient"] == g.nbytes == MB
    with profile() as p:
        g = ag.grad(ag.sum)(array())  # a copy of what the sweep found: one number, broadcast
    assert p.memory.timeline[-1].held["gradient"] == g.nbytes == MB


def test_the_sum_of_two_cotangents_is_found():
    x = ag.Tensor(array(0.5), requires_grad=True)
    y = ag.exp(x)
    z = ag.sum(ag.sin(y) + ag.cos(y))
    with profile() as p:
        z.backward()
    assert p.memory.allocated - sum(o.nbytes for o in p.operations) >= MB  # the sweep's


def test_a_snapshot_that_the_graph_takes_is_counted():
    a = array(0.5)
    x = ag.Tensor(array(2.0), requires_grad=True)
    with profile() as p:
        y = x * a  # somebody else may write into `a`
    assert allocated(p)["multiply", "forward"] == 2 * MB
    assert ("saved", "copy for multiply", "", 1, MB) in [
        (h.kind, h.name, h.path, h.count, h.nbytes) for h in p.memory.holders
    ]
    assert y.nbytes == MB


def test_parameters_gradients_and_saved_results_have_names_and_places():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(100, 1000, rng=0)
            self.second = nn.Linear(1000, 10, rng=0)

        def forward(self, x):
            return self.second(ag.relu(self.first(x)))

    model = Net()
    x = np.ones((50, 100), np.float32)
    with profile() as p:
        ag.sum(model(x))
    found = {(h.kind, h.name, h.path): h.nbytes for h in p.memory.holders}
    assert found["parameter", "weight", "first"] == 4 * 100 * 1000
    assert found["parameter", "bias", "second"] == 4 * 10
    assert found["saved", "relu", ""] == 4 * 50 * 1000


def test_a_graph_that_was_recorded_before_has_names_too():
    model = nn.Sequential(nn.Linear(100, 1000, rng=0))
    loss = ag.sum(model(np.ones((50, 100), np.float32)))
    with profile() as p:
        loss.backward()
    last = p.memory.timeline[-1].held
    size = 4 * (100 * 1000 + 1000)
    assert last["gradient"] == last["parameter"] == size
    found = {(h.kind, h.name, h.path): h.nbytes for h in p.memory.holders}
    assert found["gradient", "weight", "0"] == found["parameter", "weight", "0"] == 4 * 100 * 1000


def test_parameters_are_there_from_the_beginning():
    """The peak lies in the first layer, before the second one's weight has been used."""
    model = nn.Sequential(nn.Linear(10, 1000, rng=0), nn.Linear(1000, 1, rng=0))
    with profile() as p, ag.no_grad():
        model(np.ones((500, 10), np.float32))
    assert p.memory.peak_seconds < p.wall
    assert {(h.name, h.path) for h in p.memory.holders if h.kind == "parameter"} == {("weight", "0"), ("bias", "0")} | {
        ("weight", "1"),
        ("bias", "1"),
    }


def test_gradients_are_named_after_their_parameters():
    model = nn.Sequential(nn.Linear(1000, 500, rng=0))
    with profile() as p:
        ag.sum(model(np.ones((2, 1000), np.float32))).backward()
    found = {(h.kind, h.name, h.path): h.nbytes for h in p.memory.holders}
    assert found["gradient", "weight", "0"] == found["parameter", "weight", "0"] == 4 * 1000 * 500


def test_a_checkpoint_holds_less_at_the_peak():
    def chain(x):
        for _ in range(4):
            x = ag.sin(x)
        return x

    def peak(function):
        y = ag.Tensor(array(0.5, 1000), requires_grad=True)
        with profile() as p:
            for _ in range(10):
                y = function(y)
            y.backward(ag.ones(1000))
        return p.memory.peak_made

    # plain: all 40 results. Saving: those of 10 calls, 4 of the one that runs again, and some cotangents
    plain, saving = peak(chain), peak(ag.checkpoint(chain))
    assert plain >= 40 * 8000
    assert 14 * 8000 <= saving <= 20 * 8000


def test_the_allocation_of_operations_adds_up():
    x = ag.Tensor(array(0.5, 1000), requires_grad=True)
    with profile() as p:
        y = ag.exp(x)
        ag.sum(ag.sin(y) * ag.cos(y)).backward()
    of_operations = sum(o.nbytes for o in p.operations)
    assert of_operations <= p.memory.allocated  # sums of cotangents are the sweep's
    assert next(m for m in p.modules if not m.path).nbytes == of_operations


# --- against what Python counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("recording", [False, True])
def test_the_peak_is_that_of_the_process_where_operations_need_no_temporary_arrays(recording):
    """Python's count has all objects in it, ours the arrays alone: some hundred bytes for each of some dozen events."""
    x = ag.Tensor(array(0.5), requires_grad=recording)
    with profile(memory="exact") as p:
        y = x
        for _ in range(5):
            y = ag.exp(-y)
        if recording:
            y.backward(ag.ones(N))
    objects = 256 << 10  # bytes; an eighth of a percent of the arrays would be 60 kB
    assert p.memory.peak_made <= p.memory.process_peak <= p.memory.peak_made + objects + recording * 2 * MB
    assert not recording or p.memory.process_peak >= 6 * MB


def test_the_process_counts_temporary_arrays_too():
    x = ag.Tensor(array(0.5))
    with profile(memory="exact") as p:
        y = ag.sigmoid(x)
    assert p.memory.process_peak >= p.memory.peak_made == y.nbytes


def test_a_trace_that_somebody_else_began_goes_on():
    tracemalloc.start()
    try:
        a = array()
        with profile(memory="exact") as p:
            ag.exp(a[:10])
        assert tracemalloc.is_tracing()
        assert p.memory.process_peak < MB  # what was there before does not count
    finally:
        tracemalloc.stop()
    with profile(memory="exact"):
        ag.exp(array(n=10))
    assert not tracemalloc.is_tracing()


def test_nobody_looks_at_memory_if_told_so():
    with profile(memory=False) as p:
        ag.exp(array(n=10))
    assert p.memory is None
    assert [o.nbytes for o in p.operations] == [0]


# --- the profile holds nothing ----------------------------------------------------------------------------------------


def test_arrays_live_as_long_as_they_would_anyway():
    x = ag.Tensor(array(n=10))
    with profile() as p:
        y = x + 1.0
        raw = weakref.ref(y._array)
        del y
        assert raw() is None
        z = x + 1.0
    raw = weakref.ref(z._array)
    del z
    assert raw() is None
    assert p.memory.peak == 160


def test_what_dies_later_is_no_longer_written_down():
    x = ag.Tensor(array(n=10))
    with profile() as p:
        y = x + 1.0
    before = p.memory
    del y
    gc.collect()
    assert p.memory == before
    assert p.memory.timeline[-1].nbytes == 160


def test_a_profile_leaves_no_cycles():
    x = ag.Tensor(array(n=10), requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        with profile() as p:
            y = ag.exp(x)
            ag.sum(y).backward()
        del p  # while arrays are still alive that were looked at
        ledger = [o for o in gc.get_objects() if isinstance(o, Ledger)]
    finally:
        gc.enable()
    assert not ledger
    assert y.shape == x.grad.shape


def test_an_array_that_takes_the_place_of_a_dead_one_is_another_one():
    ledger = Ledger()
    label = Label("result", "exp", "")
    for _ in range(100):  # the memory of one is that of the next, and perhaps its id
        assert ledger.meet(np.ones(1000), label, made=True) == 8000
    assert ledger.highest() == (0, 8000)
    assert not ledger.live
    assert ledger.meet(np.float64(1.0), label, made=True) == 0
    assert ledger.meet(np.ones(0), label, made=True) == 0


def test_names_move_bytes_from_kind_to_kind():
    ledger = Ledger()
    a, b = np.ones(10), np.ones(20)
    ledger.meet(a, Label("result", "exp", ""), made=True)
    ledger.meet(b[3:], Label("result", "sin", "net"), made=True)
    ledger.name(a.reshape(2, 5), Label("saved", "exp", ""))
    del b
    states = [dict(held) for _, held in ledger.states()]
    assert [(s["result"], s["saved"]) for s in states] == [(80, 0), (240, 0), (160, 80), (0, 80)]
    assert ledger.highest() == (2, 240)  # under its new name
    assert [(h.name, h.path, h.nbytes) for h in ledger.holders_after(2)] == [("sin", "net", 160), ("exp", "", 80)]
