"""Doing something whose outcome does not follow from its arguments alone: drawing numbers, moving state, printing.

Knows nothing of what is done. Elsewhere such calls would be left out of a captured program, or frozen in it; what is
done by `perform` is an instruction of the program, and is done again in each replay.
"""

import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["capturing", "perform", "performed", "rewriting"]

Listener = Callable[[Callable[..., Any], tuple[Any, ...]], Any]

F = TypeVar("F", bound=Callable[..., Any])

LISTENER: ContextVar[Listener | None] = ContextVar("performing", default=None)


REWRITER: ContextVar[Callable[..., None] | None] = ContextVar("rewriting", default=None)


def rewriting() -> Callable[..., None] | None:
    """What takes updates in place as steps of a program that is being captured; None while there is none.

    ``rewrite(update, numbers, arrays, written)`` stands for ``update(arrays, numbers())``: `update` writes, by NumPy's
    ufuncs with `out`, into those of the arrays that `written` marks; `numbers` returns the numbers that it computes
    with as a list of one-dimensional arrays, and is called again in each replay. Arrays may be Tensors. For optimizers.
    """
    return REWRITER.get()


def capturing() -> bool:
    """Whether a program is being captured here, so that the numbers of this call must not decide what is computed."""
    return LISTENER.get() is not None


def perform(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``function(*arguments)`` here, and in every replay of a program that is being captured.

    It may return an array, or a tuple of arrays, always of the same shapes, and may print, draw random numbers, or
    write into arrays and objects of its own; in a program these are computed with as if they were inputs. No gradient
    flows through it.

    >>> rng = np.random.default_rng(0)
    >>> f = ag.compile(lambda x: x + ag.perform(lambda: rng.integers(10, size=2)))
    >>> [f(np.zeros(2)).tolist() for _ in range(3)]
    [[8.0, 6.0], [5.0, 2.0], [3.0, 0.0]]
    """
    listener = LISTENER.get()
    return function(*arguments) if listener is None else listener(function, arguments)


def performed(function: F) -> F:
    """The same function, each call of which is performed, as by `perform`; a decorator, of methods too.

    >>> @ag.performed
    ... def drawn(rng, count):
    ...     return rng.integers(10, size=count)
    >>> drawn(np.random.default_rng(0), count=2)
    array([8, 6])
    """

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        listener = LISTENER.get()
        if listener is None:
            return function(*arguments, **options)
        given = tuple([list(a) if isinstance(a, Iterator) else a for a in arguments])  # for every replay anew
        return listener(functools.partial(function, **options) if options else function, given)

    return call  # type: ignore[return-value]
