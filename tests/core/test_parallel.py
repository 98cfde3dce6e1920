"""Threads: one number bounds those of the kernels and of the BLAS, whoever asks, and results do not depend on it."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import autograd_core as ag
from autograd_core import parallel
from autograd_core.capture import replaying
from autograd_core.layout import in_blocks, sum_to
from autograd_core.ops.product_kernels import leaving_the_cores, takes_threads

PATIENCE = 60  # seconds until a test that would wait for ever fails; none of them needs a hundredth of it


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if "numpy" in (pool["filepath"] or "")}


needs_control = pytest.mark.skipif(
    parallel._blas.available() is None, reason="NumPy's BLAS cannot be told its number of threads"
)


def threads_of(count, task=lambda: time.sleep(0.001)):
    """The threads that do so many shared tasks."""
    idents = [0] * count

    def work(tasks):
        for i in tasks:
            idents[i] = threading.get_ident()
            task()

    parallel.share(work, count)
    assert all(idents)
    return set(idents)


def together(count):
    """Do as many tasks as threads, each of which goes on only when all have begun."""
    return threads_of(count, threading.Barrier(count, timeout=PATIENCE).wait)


# --- the number -------------------------------------------------------------------------------------------------------


def test_with_one_thread_the_caller_does_everything():
    with ag.set_num_threads(1):
        assert ag.get_num_threads() == 1
        assert threads_of(20) == {threading.get_ident()}


@needs_control
def test_as_many_threads_work_as_are_allowed_and_not_more():
    with ag.set_num_threads(3):
        assert len(together(3)) == 3
        assert len(threads_of(50)) <= 3


@needs_control
def test_the_number_holds_for_the_blas_too_and_leaving_the_block_gives_both_back():
    before = ag.get_num_threads(), blas_threads()
    with ag.set_num_threads(1):
        assert blas_threads() == {1}
        with ag.set_num_threads(2):
            assert (ag.get_num_threads(), blas_threads()) == (2, {2})
        assert (ag.get_num_threads(), blas_threads()) == (1, {1})
    assert (ag.get_num_threads(), blas_threads()) == before


@needs_control
def test_while_tasks_are_shared_the_blas_has_one_thread():
    with ag.set_num_threads(2):
        seen = []
        threads_of(4, lambda: seen.append(blas_threads()))
        assert seen == [{1}] * 4
        assert blas_threads() == {2}


@needs_control
def test_a_number_set_in_the_middle_of_shared_tasks_holds_for_the_blas_afterwards():
    with ag.set_num_threads(2):
        seen = []

        def task():
            ag.set_num_threads(3)
            seen.append(blas_threads())

        threads_of(2, task)
        assert seen == [{1}] * 2
        assert (ag.get_num_threads(), blas_threads()) == (3, {3})


@needs_control
def test_a_product_in_a_plan_takes_no_threads_of_the_blas_s_own_once_kernels_share_the_cores():
    seen = []

    def watched(a, b, out=None):
        seen.append(blas_threads())
        return np.matmul(a, b, out)

    rng = np.random.default_rng(0)
    stack, square = rng.normal(size=(2, 100, 100)), rng.normal(size=(200, 200))
    multiply = leaving_the_cores(watched)
    with ag.set_num_threads(2):
        together(2)
        assert np.array_equal(multiply(stack, stack), stack @ stack)
        assert seen == [{1}]
        out = np.empty_like(square)
        assert multiply(square, square, out) is out
        # sums of 200 products of normal numbers, in another order at most
        np.testing.assert_allclose(out, square @ square, rtol=0, atol=200 * np.finfo(float).eps * 16)
        assert len(seen) == 1  # the kernel's own parts
    assert takes_threads(stack.shape, stack.shape)
    assert not takes_threads((8, 8), (8, 8))


def test_large_products_of_a_plan_are_called_that_way(monkeypatch):
    made = []
    monkeypatch.setattr(replaying, "leaving_the_cores", lambda function: made.append(function) or function)
    x, small = np.ones((200, 200)), np.ones((4, 4))
    captured = ag.compile(lambda x, small: (x @ x.T, small @ small), exact=True)
    for _ in range(3):
        captured(x, small)
    assert len(made) == 1


def test_an_error_inside_the_block_gives_the_number_back():
    before = ag.get_num_threads()
    with pytest.raises(ZeroDivisionError), ag.set_num_threads(1):
        _ = 1 / 0
    assert ag.get_num_threads() == before


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True, np.array([1, 2])], ids=str)
def test_what_is_no_number_of_threads_is_refused_and_changes_nothing(n):
    before = ag.get_num_threads(), blas_threads()
    with pytest.raises(ag.OptionError, match="set_num_threads: n must be a whole number of threads, 1 or more; got"):
        ag.set_num_threads(n)
    assert (ag.get_num_threads(), blas_threads()) == before


def test_numpy_integers_are_numbers():
    with ag.set_num_threads(np.int64(1)):
        assert ag.get_num_threads() == 1


def python(source, **environment):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "AUTOGRAD_CORE_NUM_THREADS": "", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


_SAYS = (
    "import autograd_core as ag\n"
    "from threadpoolctl import threadpool_info\n"
    "print(ag.get_num_threads(), *(p['num_threads'] for p in threadpool_info() if 'numpy' in p['filepath']))"
)


@needs_control
@pytest.mark.parametrize("n", ["1", "3"])
def test_the_environment_sets_the_number_from_the_start(n):
    assert python(_SAYS, AUTOGRAD_CORE_NUM_THREADS=n) == f"{n} {n}"


@needs_control
def test_without_a_word_from_the_user_the_number_is_that_of_the_blas_and_at_most_the_cores():
    assert python(_SAYS, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1") == "1 1"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert ag.get_num_threads() <= cores


@pytest.mark.parametrize("n", ["0", "-2", "1.5", "all"])
def test_nonsense_in_the_environment_is_refused_on_import(n):
    message = "the environment variable AUTOGRAD_CORE_NUM_THREADS must be a whole number of threads, 1 or more; got"
    assert message in python("import autograd_core", AUTOGRAD_CORE_NUM_THREADS=n)


# --- what comes out ---------------------------------------------------------------------------------------------------


def _results():
    """Values and gradients of what shares its tasks, on arrays that are large enough for it."""
    rng = np.random.default_rng(0)
    x, w, bias = (
        ag.tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
        for shape in ((32, 8, 40, 40), (16, 8, 3, 3), (16,))
    )
    convolved = ag.conv2d(x, w, bias)
    pooled = ag.max_pool2d(convolved, 2) * ag.avg_pool2d(convolved, 2)
    mean, variance = ag.mean(convolved, axis=(0, 2, 3)), ag.var(convolved, axis=(0, 2, 3))
    total = ag.sum(pooled) + ag.sum(mean * variance)
    total.backward()
    yield from (value.detach().numpy() for value in (convolved, pooled, mean, variance, total))
    yield from (leaf.grad.numpy() for leaf in (x, w, bias))
    large = rng.standard_normal((600, 4001)).astype(np.float32)
    yield from (sum_to(large, (0,)), sum_to(large, (1,)))
    squares = np.empty_like(large)
    assert in_blocks(lambda a, out: np.multiply(a, a, out), large, squares)
    yield squares


@needs_control
def test_no_result_of_a_kernel_depends_on_the_number_of_threads():
    found = {}
    for n in (1, 2, 3, 8):
        with ag.set_num_threads(n):
            found[n] = [result.tobytes() for result in _results()]
    assert found[1] == found[2] == found[3] == found[8]


# --- who shares -------------------------------------------------------------------------------------------------------


@needs_control
def test_tasks_shared_inside_a_task_stay_on_its_thread():
    done = []

    def work(tasks):
        for outer in tasks:
            own = threading.get_ident()

            def inside(inner_tasks, outer=outer, own=own):
                for inner in inner_tasks:
                    time.sleep(0.001)  # so that a helper would come in time
                    done.append((outer, inner, threading.get_ident() == own))

            parallel.share(inside, 20)

    with ag.set_num_threads(8):
        parallel.share(work, 4)
    assert sorted(done) == [(outer, inner, True) for outer in range(4) for inner in range(20)]


@needs_control
def test_who_says_that_all_is_done_does_not_wait_for_helpers_that_have_not_returned():
    come, leave = threading.Event(), threading.Event()
    caller = threading.get_ident()

    def work(tasks):
        if threading.get_ident() == caller:
            assert come.wait(PATIENCE)
        else:
            come.set()
            assert leave.wait(PATIENCE)

    with ag.set_num_threads(2):
        try:
            parallel.share(work, 2, done=lambda: not leave.is_set())
        finally:
            left_early = not leave.is_set()
            leave.set()
    assert left_early


@needs_control
def test_after_an_error_in_a_task_all_helpers_are_free_again():
    def fail():
        raise ValueError("a task went wrong")

    with ag.set_num_threads(3):
        for _ in range(5):
            with pytest.raises(ValueError, match="a task went wrong"):
                threads_of(10, fail)
        assert len(together(3)) == 3
        assert blas_threads() == {3}


class Sharing:
    """A thread of the user's that shares tasks with one helper, and stays in them until it is told to finish."""

    def __init__(self):
        self.begun, self.finish = threading.Barrier(3, timeout=PATIENCE), threading.Event()
        self.thread = threading.Thread(target=threads_of, args=(2, self.task))

    def task(self):
        self.begun.wait()
        assert self.finish.wait(PATIENCE)

    def __enter__(self):
        self.thread.start()
        self.begun.wait()

    def __exit__(self, *_):
        self.finish.set()
        self.thread.join()


@needs_control
def test_who_comes_while_all_allowed_threads_are_at_work_works_alone():
    with ag.set_num_threads(2):
        with Sharing():
            assert blas_threads() == {1}  # whichever thread holds it
            assert threads_of(10) == {threading.get_ident()}
            assert blas_threads() == {1}
        assert blas_threads() == {2}
        assert len(together(2)) == 2


@needs_control
def test_of_two_threads_that_hold_the_blas_the_last_one_gives_it_back():
    with ag.set_num_threads(4):
        first, second = Sharing(), Sharing()
        with first:
            second.__enter__()
        assert blas_threads() == {1}
        second.__exit__()
        assert blas_threads() == {4}


@needs_control
def test_who_comes_while_some_are_at_work_gets_the_rest():
    with ag.set_num_threads(4), Sharing():
        assert len(together(2)) == 2
        assert len(threads_of(50)) <= 2


def test_many_threads_of_the_user_do_each_task_once_whatever_the_number():
    done = [[0] * 20 for _ in range(4)]

    def call(mine):
        def work(tasks):
            for i in tasks:
                mine[i] += 1

        for _ in range(200):
            parallel.share(work, len(mine))

    before = ag.get_num_threads()
    with ag.set_num_threads(2):
        threads = [threading.Thread(target=call, args=(mine,)) for mine in done]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for n in (1, 4, 2):
                ag.set_num_threads(n)
        for thread in threads:
            thread.join(PATIENCE)
        ag.set_num_threads(2)
        assert done == [[200] * 20] * 4
        assert parallel._pool.busy == 0
    assert ag.get_num_threads() == before


@needs_control
def test_what_holds_for_floating_point_errors_holds_in_the_helpers():
    with ag.set_num_threads(2), np.errstate(divide="raise"):
        seen, barrier = [], threading.Barrier(2, timeout=PATIENCE)

        def task():
            barrier.wait()
            seen.append(np.geterr()["divide"])

        assert len(threads_of(2, task)) == 2
    assert seen == ["raise", "raise"]


_FORKS = """
import os, sys, threading
sys.path.insert(0, {folder!r})
import autograd_core as ag
from core.test_parallel import Sharing, blas_threads, together
ag.set_num_threads(2)
with Sharing():
    child = os.fork()
    if child == 0:
        os._exit(0 if len(together(2)) == 2 and blas_threads() == {{2}} and ag.get_num_threads() == 2 else 1)
    print("the child says", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@needs_control
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_while_others_share_tasks_shares_its_own():
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    assert python(_FORKS.format(folder=folder)) == "the child says 0"
