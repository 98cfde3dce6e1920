"""What random numbers will come, written down, so that they come again: the state of everything that draws.

Knows generators, and how to find them in the things that hold them. Does not know what is drawn from them.
"""

from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import brief

__all__ = ["Stateful", "restorer", "snapshot", "sources"]

_MANY = 100  # a list with more entries holds samples, not parts of a data set
_LEAVES = (str, bytes, int, float, complex, type(None), np.ndarray, np.generic, type, ModuleType, ag.Tensor)


class Stateful:
    """Something whose random generators, its own and those of its parts, can be saved and put back.

    >>> from nn.data import RandomSampler
    >>> sampler = RandomSampler(range(5), rng=0)
    >>> state = sampler.state_dict()
    >>> first = list(sampler)
    >>> sampler.load_state_dict(state)
    >>> list(sampler) == first
    True
    """

    _undrawn: tuple[str, ...] = ()  # attributes with generators that are not drawn from

    def state_dict(self) -> dict[str, Any]:
        """The state of every generator by its path, such as ``{"rng": {...}}``; {} where nothing is random."""
        return snapshot(sources(self))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put the generators back to where they were; nothing is changed unless all of it fits.

        Errors: DataError that names what is missing, unexpected, or of another kind.
        """
        restorer(sources(self), state, type(self).__name__)()


def sources(thing: Any, name: str = "") -> dict[str, Any]:
    """All that draws in a thing, by its path: generators, and objects that bring a `state_dict` of their own.

    Attributes are followed, and entries of lists, tuples and dicts; not closures, not the modules of a network.
    """
    found: dict[str, Any] = {}
    seen: set[int] = set()
    waiting = [(name, thing)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, _LEAVES) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, np.random.Generator) or _has_own_state(part):
            found[path] = part
        else:
            waiting += reversed([(f"{path}.{key}" if path else str(key), value) for key, value in _parts(part)])
    return found


def snapshot(found: Mapping[str, Any]) -> dict[str, Any]:
    """The state of each of the `sources`, as plain values."""
    return {
        path: source.bit_generator.state if isinstance(source, np.random.Generator) else source.state_dict()
        for path, source in found.items()
    }


def restorer(found: Mapping[str, Any], state: Mapping[str, Any], who: str) -> Callable[[], None]:
    """A function that puts the `sources` into a state that was checked to fit.

    Errors: DataError that names what is missing, unexpected, or of another kind.
    """
    if not isinstance(state, Mapping):
        raise ag.DataError(f"{who}: a state is a dict by paths, got {brief(state)}; nothing was loaded")
    missing, unexpected = sorted(set(found) - set(state)), sorted(set(state) - set(found))
    if missing or unexpected:
        lists = {"missing": missing, "unexpected": unexpected}
        raise ag.DataError(
            f"{who}: this state is of another loader or data set, and nothing was loaded; random generators "
            + "; ".join(f"{title}: {', '.join(map(repr, paths))}" for title, paths in lists.items() if paths)
        )
    for path, source in found.items():
        if isinstance(source, np.random.Generator):
            _check(source, state[path], f"{who}: {path}")
    state = dict(state)

    def restore() -> None:
        # what checks its own state comes first: if it objects, no generator has moved
        for path in sorted(found, key=lambda path: isinstance(found[path], np.random.Generator)):
            source = found[path]
            if isinstance(source, np.random.Generator):
                source.bit_generator.state = state[path]
            else:
                source.load_state_dict(state[path])

    return restore


def _parts(part: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(part, dict):
        yield from part.items() if len(part) <= _MANY else ()
    elif isinstance(part, list | tuple):
        yield from enumerate(part) if len(part) <= _MANY else ()
    elif isinstance(part, MethodType):
        yield "__self__", part.__self__
    elif not isinstance(part, FunctionType | BuiltinFunctionType) and not _is_network(part):
        undrawn = getattr(type(part), "_undrawn", ())
        yield from [(key, value) for key, value in getattr(part, "__dict__", {}).items() if key not in undrawn]


def _has_own_state(part: Any) -> bool:
    kind = type(part)
    own = getattr(kind, "state_dict", None)
    return (
        own is not None
        and own is not Stateful.state_dict
        and hasattr(kind, "load_state_dict")
        and not _is_network(part)
    )


def _is_network(part: Any) -> bool:
    """Whether it has parameters, which are saved elsewhere, and would be here a thousand times."""
    return hasattr(type(part), "parameters") and hasattr(type(part), "state_dict")


def _check(source: "np.random.Generator", state: Any, who: str) -> None:
    kind = type(source.bit_generator)
    try:
        kind(0).state = state
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ag.DataError(
            f"{who}: not the state of a {kind.__name__} ({type(error).__name__}: {error}); nothing was loaded"
        ) from None
