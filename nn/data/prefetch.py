"""What comes next is made ready in a thread while the caller is busy with what came.

Knows iterators. Does not know what they give. The order, the exceptions with their tracebacks, and the context (whether
gradients are recorded, say) are those of the caller.
"""

import threading
from collections.abc import Generator, Iterator
from contextvars import copy_context
from typing import Any

__all__ = ["prefetched"]


def prefetched(items: Iterator[Any], count: int) -> Generator[Any, None, None]:
    """The same items in the same order, up to `count` of them made ahead by one thread.

    The thread starts with the first item that is asked for. It ends with the items, with an exception, which is raised
    here, or when this generator is closed or dropped; closing waits until it has ended.

    >>> list(prefetched(iter("abc"), count=2))
    ['a', 'b', 'c']
    """
    from queue import SimpleQueue  # here, because most loaders never need it

    ready: SimpleQueue[tuple[Any, bool, BaseException | None]] = SimpleQueue()
    free = threading.Semaphore(count)
    left = threading.Event()

    def produce() -> None:
        try:
            while True:
                free.acquire()
                if left.is_set():
                    return
                try:
                    item = next(items)
                except StopIteration:
                    ready.put((None, True, None))
                    return
                ready.put((item, False, None))
        except BaseException as error:
            ready.put((None, True, error))

    thread = threading.Thread(target=copy_context().run, args=(produce,), name="autograd_core prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, last, error = ready.get()
            if error is not None:
                try:
                    raise error
                finally:
                    del error  # which holds this frame, which would hold it
            if last:
                return
            free.release()
            yield item
    finally:
        left.set()
        free.release()
        if thread is not threading.current_thread():  # the garbage collector may close this from anywhere
            thread.join()
