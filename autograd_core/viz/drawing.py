"""Drawing: from what a user has in hand to the Graph of how it was computed.

Knows what may be asked for. The rest is done by those that collect, fold and draw.
"""

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from ..containers import flatten
from ..errors import DTypeError, OptionError
from ..tensor import Tensor
from .backward import backward
from .collecting import collect
from .folding import LIMIT, folded
from .graph import Graph
from .names import names_given, names_in
from .sections import Structure
from .unfolding import unfolded


def draw(
    outputs: Any,
    names: Any = None,
    *,
    values: bool = True,
    gradients: bool = True,
    saved: bool = False,
    places: bool = False,
    order: bool = False,
    rules: str | None = None,
    graph: str = "forward",
    depth: int | None = None,
    fold: bool = True,
    limit: int = LIMIT,
    direction: str = "TB",
    theme: str = "light",
    title: str = "",
) -> Graph:
    """The graph that a Tensor, or a container of Tensors, was computed with: a `Graph`, which notebooks show.

    Or that of a program (see `ag.trace`), with its sweeps and effects.

    Operations stand in the modules that they were applied in. `names` says what Tensors are called: a mapping of names
    to Tensors, or a module, for its parameters; without it they are called as the caller's variables are. Values and
    gradients are those that somebody still holds: of leaves and variables, of what was saved for the sweep, and of all
    that was computed under `ag.watch()`, which also knows the lines (`places`) and the sweep that took place (`order`).
    `saved` shows what each operation keeps for the sweep, `rules` how a cotangent goes back along each edge ("words" or
    "latex"), `graph="backward"` the sweep itself.

    Modules are unfolded down to `depth` (0: none is; None: as many as `limit` permits), and repetitions are folded with
    a count, unless `fold=False`. Of what still has more than `limit` items the last are shown, and the picture says so.
    `direction` is "TB" (downwards) or "LR" (to the right), `theme` "light", "dark" or "print".

    Raises: DTypeError for anything but Tensors, OptionError for an option that is not one.

    >>> with ag.watch():
    ...     a = ag.tensor(-4.0, requires_grad=True)
    ...     b = ag.tensor(2.0, requires_grad=True)
    ...     c = a * b + b**3
    >>> c.backward()
    >>> graph = ag.draw(c)
    >>> for item in graph.picture.items:
    ...     print(item.title, item.value.numbers, item.gradient.numbers)
    a -4 2
    b 2 8
    multiply -8 1
    power 8 1
    c 0 1
    >>> graph.save("expression.svg")  # doctest: +SKIP
    """
    collected = getattr(type(outputs), "_collected", None)  # a program: it knows its own names and sweeps
    _check(depth, limit, title, rules=rules, graph=graph, direction=direction, theme=theme)
    if collected is not None:
        if names is not None or rules is not None or graph != "forward":
            raise OptionError("draw: a program has names and sweeps of its own; leave out names, rules and graph")
        structure = Structure(collected(outputs))
    else:
        tensors, _ = flatten(outputs)
        _check_tensors(tensors)
        called = names_in(sys._getframe(1)) if names is None else names_given(names)
        structure = Structure(collect(tensors, called))
    shown: dict[str, Any] = {"values": values, "gradients": gradients}
    picture = folded(structure, depth, bool(fold), limit, rules=rules is not None, **shown)
    whole = unfolded(structure, depth, bool(fold), limit, rules=True, **shown)
    pictures = [picture, whole] if graph == "forward" else [backward(picture), backward(whole)]
    flags = {**shown, "saved": saved, "order": order, "places": places, "rules": rules or ""}
    return Graph(*(replace(p, title=title, direction=direction, theme=theme, **flags) for p in pictures))


_CHOICES = {
    "rules": (None, "words", "latex"),
    "graph": ("forward", "backward"),
    "direction": ("TB", "LR"),
    "theme": ("light", "dark", "print"),
}


def _check_tensors(tensors: Any) -> None:
    if not tensors:
        raise DTypeError("draw: there is no Tensor in what was to be drawn")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"draw: only Tensors know how they were computed, got {type(tensor).__name__}")


def _check(depth: Any, limit: Any, title: Any, **chosen: Any) -> None:
    for name, value in chosen.items():
        if value not in _CHOICES[name]:
            known = ", ".join(map(repr, _CHOICES[name]))
            raise OptionError(f"draw: {name} must be one of {known}, got {value!r}")
    if depth is not None and not (isinstance(depth, int | np.integer) and not isinstance(depth, bool) and depth >= 0):
        raise OptionError(f"draw: depth must be None or a whole number from 0 on, got {depth!r}")
    if not isinstance(limit, int | np.integer) or isinstance(limit, bool) or limit < 1:
        raise OptionError(f"draw: limit must be a positive whole number, got {limit!r}")
    if not isinstance(title, str):
        raise OptionError(f"draw: title must be text, got {title!r}")
