"""The picture that a reader can fold: all there is, in groups, of which some are marked to be folded at first.

Knows items and the sections that can be drawn as one. Does not know nodes, nor how anything is drawn.
"""

from collections.abc import Sequence

from .folding import LIMIT, chosen, fill, name_run, quotient, type_of, within, without_earliest
from .paths import shared
from .picture import Group, Item, Picture
from .sections import Section, Structure

MOST = 5000
"""So many items at most can be unfolded by whoever looks."""


def unfolded(
    structure: Structure,
    depth: int | None = None,
    fold: bool = True,
    limit: int = LIMIT,
    most: int = MOST,
    *,
    values: bool = True,
    gradients: bool = True,
    rules: bool = False,
) -> Picture:
    """The picture that a reader can fold: all items, in groups of which those are marked that `folded` would fold.

    Runs of repetitions are groups too. What has more than `most` items is folded to that many first.
    """
    shut = {id(section) for section in chosen(structure, depth, fold, limit)[0]}
    plan: list[Section] = []
    notes: list[str] = []
    if len(structure.collection.items) > most:
        plan, notes = chosen(structure, None, fold, most)
    items, members = quotient(structure, plan)
    groups = _grouped(structure, plan, items, members, shut)
    if len(items) > most:
        notes.append(f"The last {most:,} of {len(items):,} items.")
        items, members = without_earliest(items, members, len(items) - most)
    fill(structure.collection, items, members, values, gradients, rules)
    return Picture(items, groups, notes=tuple(notes))


def _grouped(
    structure: Structure, plan: Sequence[Section], items: Sequence[Item], members: Sequence[list[int]], shut: set[int]
) -> dict[str, Group]:
    """Put items into the groups of all sections that are not folded themselves; runs stand between modules."""
    groups: dict[str, Group] = {}
    paths = [""] * len(structure.operations)
    wholes = {id(section) for section in plan}
    around: list[tuple[Section, str]] = []
    for section in structure.sections:
        while around and around[-1][0].end <= section.start:
            around.pop()
        outer = around[-1][1] if around else ""
        path = f"{outer}.{section.name}" if outer else section.name
        kept = id(section) not in wholes and not any(id(s) in wholes for s, _ in around)
        around.append((section, path))
        if kept:
            paths[section.start : section.end] = [path] * (section.end - section.start)
            groups[path] = _group(structure, section, path, id(section) in shut)
    runs = _runs_at(structure)
    for item, own in zip(items, members, strict=True):
        if item.operations:
            item.path = paths[next(structure.position[i] for i in own if i in structure.position)]
            continue
        read = [p for i in own for p in structure.readers.get(i, ())]
        if item.path or (read and any(within(structure, run, own[0], read) for run in runs.get(read[0], ()))):
            item.path = shared([paths[p] for p in read])
    return groups


def _runs_at(structure: Structure) -> dict[int, list[Section]]:
    """For each position in the order of computation the runs it is in."""
    runs: dict[int, list[Section]] = {}
    for section in structure.sections:
        for p in range(section.start, section.end) if section.is_run else ():
            runs.setdefault(p, []).append(section)
    return runs


def _group(structure: Structure, section: Section, path: str, folded: bool) -> Group:
    if not section.is_run:
        return Group(path, section.path, type=type_of(structure.collection, [section.path]), folded=folded)
    item = Item("", "repeat", "")
    name_run(structure, section, item)
    title = f"({item.title})" if "," in item.title else item.title
    return Group(path, f"{section.count} × {title}", "repeat", item.operation, folded)
