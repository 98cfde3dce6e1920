"""Shares the tasks of one array kernel between the cores, and says how many threads there may be.

NumPy runs most of its work on one thread, and OpenBLAS spreads only large products over several. A kernel made of many
small products is faster the other way round: every core takes whole tasks and calls a BLAS that is held to one thread.
This file does that, and knows nothing of arrays or operations. Where NumPy's BLAS cannot be held, the caller's thread
does all the tasks, with whatever threads the BLAS uses.

Note [One owner of the cores]
One number, `get_num_threads()`, bounds the threads of this file and of NumPy's BLAS alike, and never both at a time:
while tasks are shared, the BLAS is held to one thread. Threads that the user starts count too. Who shares tasks while
others do gets only the helpers that are still free, or none, and then works alone: nobody waits for a turn. So a
program with as many threads of its own as cores runs each on one of them. Which thread does a task never shows in the
bits.
"""

import contextvars
import ctypes
import operator
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from queue import SimpleQueue
from typing import Any

from .errors import OptionError

VARIABLE = "AUTOGRAD_CORE_NUM_THREADS"


class set_num_threads:
    """Let at most n threads work at a time: those that kernels share their tasks with, and those of NumPy's BLAS.

    With n = 1 everything is done by the thread that calls. The number holds for the whole process, from now on or
    inside a `with` block. Threads that you start yourself are not stopped, but get helpers only while fewer than n are
    at work. The environment variable AUTOGRAD_CORE_NUM_THREADS sets the number from the start; else it is the number
    of cores, or that of the BLAS's threads if it is lower. No result of a kernel that shares its tasks depends on it;
    a large matrix product may be rounded differently where the BLAS does it on other threads.
    Errors: OptionError unless n is a whole number from 1 on.

    >>> with ag.set_num_threads(1):
    ...     ag.get_num_threads()
    1
    """

    def __init__(self, n: int) -> None:
        global _chosen
        n = _whole(n, "set_num_threads: n")
        self._before = _chosen, _blas.available()
        _chosen = n
        _blas.allow(n)

    def __enter__(self) -> "set_num_threads":
        return self

    def __exit__(self, *exception: object) -> None:
        global _chosen
        _chosen, blas = self._before
        if blas is not None:
            _blas.allow(blas)


def get_num_threads() -> int:
    """How many threads may work at a time; see `set_num_threads`.

    >>> ag.get_num_threads() >= 1
    True
    """
    return _chosen or min(cores(), _blas.available() or cores())


def share(
    work: Callable[[Iterator[int]], None],
    count: int,
    *,
    worthwhile: bool = True,
    done: Callable[[], bool] | None = None,
) -> None:
    """Do the tasks ``0 ... count - 1``: call ``work(tasks)`` on several threads, each with an iterator over its tasks.

    A thread takes the next task when it has done its last, so that a busy core does fewer. Which thread does which task
    is open: for results that do not depend on it, tasks write to separate memory. An exception in any of them ends the
    others early and is raised here. With ``worthwhile=False`` all tasks stay on this thread: right for less than some
    100 microseconds of work, and for NumPy calls of less than some 30, between which threads wait for each other.
    With `done`, calls of `work` that have not returned yet are not waited for where it says that all tasks are done.
    """
    job = _Job(work, count, done)
    with on_one_blas_thread():
        if worthwhile and count > 1 and not _here.sharing:
            _pool.run(job, count - 1)
        else:
            job.run()
    error = job.error
    if error is not None:
        try:
            raise error
        finally:
            del error, job  # the traceback holds this frame: leave no reference cycle


def owns_the_cores() -> bool:
    """Whether kernels have begun to share their tasks in this process. From then on the BLAS leaves the cores to them.

    Until then, and so in programs that only multiply matrices, its own threads are the faster ones. That changes once
    at most, and not with time, so that the same program gives the same bits.
    """
    return _pool.size > 0


def on_one_blas_thread() -> "_Blas | nullcontext[None]":
    """Hold NumPy's BLAS to one thread inside a ``with`` block, where that is possible.

    After a product on several threads OpenBLAS lets them spin for a tenth of a second, and the threads of ``share``
    find their core taken. So whatever calls the BLAS on more than a few thousand numbers does it in such a block.
    """
    return _blas if (_blas.available() or 1) > 1 else nullcontext()


def blas_threads() -> int | None:
    """How many threads NumPy's BLAS may use when no kernel holds it; None if it cannot be told."""
    return _blas.available()


def blas_kernels() -> str:
    """The processor that NumPy's BLAS took its kernels for, as it is named there: ``Haswell``; empty if unknown."""
    return _blas.kernels()


class _Job:
    """One call of ``share``. Helpers that come too late find it closed, so that nobody waits for them."""

    def __init__(
        self, work: Callable[[Iterator[int]], None], count: int, done: Callable[[], bool] | None = None
    ) -> None:
        self.work: Callable[[Iterator[int]], None] | None = work
        self.done = done
        self.tasks = deque(range(count))
        self.error: BaseException | None = None
        self.helping = 0
        self.changed = threading.Condition(threading.Lock())

    def run(self) -> None:
        work = self.work
        if work is None:
            return
        try:
            work(self._take())
        except BaseException as error:  # an interrupt too: it is raised again by share, once the helpers are done
            self.error = error
            self.tasks.clear()

    def _take(self) -> Iterator[int]:
        while True:
            try:
                task = self.tasks.popleft()
            except IndexError:
                return
            yield task

    def help(self) -> None:
        with self.changed:
            if self.work is None:
                return
            self.helping += 1
        self.run()
        with self.changed:
            self.helping -= 1
            self.changed.notify()

    def finish(self) -> None:
        with self.changed:
            self.work = None
            while self.helping and not (self.done is not None and self.done()):
                self.changed.wait()


class _Pool:
    """Threads that wait for jobs. They are started when first needed, and again in a forked child."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[tuple[contextvars.Context, _Job]] = SimpleQueue()
        self.size = 0
        self.busy = 0  # threads at work in jobs, those that called included; see Note [One owner of the cores]
        self.lock = threading.Lock()

    def run(self, job: _Job, most: int) -> None:
        """Do a job on this thread and at most so many helpers."""
        allowed = _threads_of_kernels()
        with self.lock:
            helpers = max(0, min(most, allowed - 1 - self.busy))
            self.busy += 1 + helpers
        _here.sharing = True
        try:
            if self.size < helpers:
                self._grow(helpers)
            for _ in range(helpers):
                self.jobs.put((contextvars.copy_context(), job))  # the context carries np.errstate
            job.run()
            if helpers:
                job.finish()
        finally:
            _here.sharing = False
            with self.lock:
                self.busy -= 1 + helpers

    def _grow(self, size: int) -> None:
        with self.lock:
            while self.size < size:
                threading.Thread(target=self._serve, args=(self.jobs,), name="autograd_core", daemon=True).start()
                self.size += 1

    @staticmethod
    def _serve(jobs: "SimpleQueue[tuple[contextvars.Context, _Job]]") -> None:
        _here.sharing = True
        while True:
            context, job = jobs.get()
            context.run(job.help)
            del context, job  # keep no arrays alive while waiting


class _Blas:
    """The threads of NumPy's BLAS, held to one while any job runs. Holding and releasing cost about a microsecond."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.threads = 1
        self.searched = False
        self.architecture = ""
        self.read: Callable[[], int] | None = None  # None while nothing was found
        self.write: Callable[[int], object] = int

    def available(self) -> int | None:
        """The number of threads that the BLAS may use when nobody holds it; None if it cannot be controlled."""
        with self.lock:
            read = self._reader()
            return None if read is None else self.threads if self.holders else read()

    def kernels(self) -> str:
        with self.lock:
            self._reader()
            return self.architecture

    def allow(self, threads: int) -> None:
        """Let the BLAS use so many threads, at once or when nobody holds it any more."""
        with self.lock:
            if self.holders:
                self.threads = threads
            elif self._reader():
                self.write(threads)

    def __enter__(self) -> None:
        with self.lock:
            if self.holders == 0:
                self.threads = self.read() if self.read else 1
                self.write(1)
            self.holders += 1

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.holders -= 1
            if self.holders == 0:
                self.write(self.threads)

    def _reader(self) -> Callable[[], int] | None:
        if not self.searched:
            self.searched = True
            self._search()
        return self.read

    def _search(self) -> None:
        """Find the BLAS that NumPy calls among the loaded libraries, and the functions of it that hold for the process.

        threadpoolctl finds it. Its own way of setting the number listens to one thread only, and is not used.
        """
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:
            return
        found = ThreadpoolController().select(user_api="blas").lib_controllers
        own = [library for library in found if "numpy" in (library.filepath or "")]
        if len(own or found) != 1:
            return
        (library,) = own or found
        self.architecture = str(getattr(library, "architecture", None) or "")
        if library.internal_api == "openblas" and library.threading_layer == "openmp":
            return  # there each thread has a number of its own
        code = ctypes.CDLL(library.filepath)
        for read, write in _SWITCHES.get(library.internal_api, ()):
            if hasattr(code, read) and hasattr(code, write):
                self.read, self.write = getattr(code, read), getattr(code, write)


_SWITCHES = {
    "openblas": [
        (f"{before}openblas_get_num_threads{after}", f"{before}openblas_set_num_threads{after}")
        for before in ("", "scipy_")
        for after in ("", "64_", "_64")
    ],
    "mkl": [("MKL_Get_Max_Threads", "MKL_Set_Num_Threads")],
    "blis": [("bli_thread_get_num_threads", "bli_thread_set_num_threads")],
}
"""How the number of threads is read and written, by the library's name."""


def _threads_of_kernels() -> int:
    """How many threads may share tasks; one beside a BLAS whose own threads would come on top."""
    return 1 if _blas.available() is None else get_num_threads()


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _whole(value: Any, what: str) -> int:
    try:
        n = operator.index(value)
    except TypeError:
        n = 0
    if n < 1 or isinstance(value, bool):
        raise OptionError(f"{what} must be a whole number of threads, 1 or more; got {value!r}")
    return n


class _Here(threading.local):
    """Whether this thread is in the middle of shared tasks: those within them are not shared again."""

    sharing = False


_chosen: int | None = None  # what the user has said
_here = _Here()
_pool = _Pool()
_blas = _Blas()


def _after_fork() -> None:
    """Forget the threads, which do not live on in a child, and free a BLAS that another thread held while it forked."""
    global _pool
    _pool = _Pool()
    _blas.lock = threading.Lock()
    if _blas.holders:
        _blas.holders = 0
        _blas.write(_blas.threads)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

if chosen := os.environ.get(VARIABLE, "").strip():
    set_num_threads(_whole(int(chosen) if chosen.isdecimal() else chosen, f"the environment variable {VARIABLE}"))
