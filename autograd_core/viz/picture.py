"""What a picture of a computation shows, as plain data: items, the edges between them, and the groups they stand in.

Knows neither nodes nor how anything is drawn. Whoever collects makes a `Picture`, folding makes a smaller one of it,
and each way of drawing reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..formulas import Formula
from ..places import Place

KINDS = {
    "operation": "an operation",
    "output": "what was asked for",
    "parameter": "a parameter, which is learned",
    "input": "a leaf that wants a gradient",
    "constant": "a constant",
    "module": "a folded module",
    "repeat": "folded repetitions",
    "hidden": "nodes that are not shown",
    "sum": "a sum of cotangents",
    "gradient": "a gradient",
    "sweep": "a step of a sweep",
    "effect": "a change of something outside",
}
"""The kinds of items, in words for a legend."""


@dataclass(frozen=True)
class Summary:
    """What is shown of an array: its numbers if they are few, else their distribution, and what is wrong with them.

    `numbers` is the array as text if it is small. `low`, `high`, `mean`, `norm` (Euclidean) are those of the finite
    numbers, None where there is none. `histogram` counts the finite numbers in equal bins from `low` to `high`.
    `thumbnail` has rows of brightness from 0 (the lowest) to 1 (the highest), for what can be seen as an image.
    """

    shape: tuple[int, ...]
    dtype: str
    numbers: str = ""
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    norm: float | None = None
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    size: int = 0
    histogram: tuple[int, ...] = ()
    thumbnail: tuple[tuple[float, ...], ...] = ()

    @property
    def flag(self) -> str:
        """What is wrong with the numbers, in a word: "NaN", "inf", "zero" (all of them), or nothing."""
        if self.nans:
            return "NaN"
        if self.infinities:
            return "inf"
        return "zero" if self.size and self.zeros == self.size else ""


@dataclass(frozen=True)
class Saved:
    """What an operation keeps for the sweep: the name that its rules know it by, and how large it is."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int


@dataclass(frozen=True)
class Edge:
    """A value that an item was computed from: the number of its item, and as which argument it came.

    `rule` is how a cotangent goes back along this edge; None where none does or nobody asked.
    """

    source: int
    argument: str = ""
    rule: Formula | None = None


@dataclass
class Item:
    """One node of a picture.

    `name` is the same in every run of the same program, and unlike any other's. `title` is what it is called: a
    parameter's or a variable's name, or an operation's. `path` is the group it stands in, dotted. `step` is its place
    in the order of computation, `sweep` in that of the sweep, both from 1. `saved` is None once it is freed. A folded
    item stands for `count` alike, each of `operations` operations and `parameters` learned numbers.
    """

    name: str
    kind: str
    title: str
    path: str = ""
    operation: str = ""
    options: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    nbytes: int = 0
    value: Summary | None = None
    gradient: Summary | None = None
    saved: tuple[Saved, ...] | None = ()
    place: Place | None = None
    step: int | None = None
    sweep: int | None = None
    count: int = 1
    operations: int = 0
    parameters: int = 0
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """A module, or a run of repetitions, that items stand in: what it is, and whether it should be drawn folded.

    `label` is for people; `type` is the name of the module's class, where it is known.
    """

    path: str
    label: str
    kind: str = "module"
    type: str = ""
    folded: bool = False


@dataclass
class Picture:
    """Items, each after all that it was computed from, and their groups by path.

    `notes` are sentences for the reader: what was folded or left out, and how to see it. The flags say what is to be
    written on the picture, as far as the items know it.
    """

    items: list[Item]
    groups: Mapping[str, Group] = field(default_factory=dict)
    title: str = ""
    notes: tuple[str, ...] = ()
    direction: str = "TB"
    theme: str = "light"
    backward: bool = False
    values: bool = True
    gradients: bool = True
    saved: bool = False
    order: bool = False
    places: bool = False
    rules: str = ""
