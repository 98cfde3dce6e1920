"""Whether what is computed is recorded: switches for a block, a function, or a generator."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .engine import switched
from .places import Place, place_of_user


class no_grad(switched):
    """Stop recording: as a context manager, or as a decorator of functions and generators.

    Inside, results require no gradient, and `w -= step` writes into a leaf in place.

    >>> x = ag.Tensor(1.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     (2 * x).requires_grad
    False
    """

    def __init__(self, recording: bool = False) -> None:
        super().__init__(recording)

    def _place(self) -> Place | None:
        return None if self.recording else place_of_user()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def steps(*args: Any, **kwargs: Any) -> Any:
                generator = function(*args, **kwargs)
                resume: Callable[[], Any] = functools.partial(next, generator)
                while True:  # recording is off only while the generator runs, not while it waits
                    with type(self)():
                        try:
                            value = resume()
                        except StopIteration as end:
                            return end.value
                    try:
                        reply = yield value
                        resume = functools.partial(generator.send, reply)
                    except GeneratorExit:
                        with type(self)():
                            generator.close()
                        raise
                    except BaseException as error:
                        resume = functools.partial(generator.throw, error)

            return steps

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return call


class enable_grad(no_grad):
    """Record again inside a `no_grad`; the opposite switch."""

    def __init__(self) -> None:
        super().__init__(recording=True)
