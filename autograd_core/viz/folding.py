"""Folding: from everything that was collected to a picture of a size that can be looked at.

Knows items and the sections that can be drawn as one. Does not know nodes, nor how anything is drawn.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from .collecting import Collection
from .paths import shared
from .picture import Edge, Group, Item, Picture, Saved, Summary
from .sections import Section, Structure

LIMIT = 300
"""So many items are shown unless more are asked for."""


def folded(
    structure: Structure,
    depth: int | None = None,
    fold: bool = True,
    limit: int = LIMIT,
    *,
    values: bool = True,
    gradients: bool = True,
    rules: bool = False,
) -> Picture:
    """A picture of at most `limit` items, modules folded to `depth` (None: as little as the limit permits).

    Repetitions are folded if `fold`. What is still too large is folded further: modules, repetitions, and at last the
    earliest items into one. The notes say so.
    """
    plan, notes = chosen(structure, depth, fold, limit)
    items, members = quotient(structure, plan)
    if len(items) > limit:
        notes.append(f"The last {limit:,} of {len(items):,} items; draw(..., limit={len(items)}) shows all.")
        items, members = without_earliest(items, members, len(items) - limit)
    fill(structure.collection, items, members, values, gradients, rules)
    if any(item.kind == "repeat" for item in items) and fold:
        notes.append("Repetitions are folded; draw(..., fold=False) shows each.")
    return Picture(items, _groups(structure.collection, items), notes=tuple(notes))


def chosen(structure: Structure, depth: int | None, fold: bool, limit: int) -> tuple[list[Section], list[str]]:
    """The sections to fold, none inside another, and what a reader should know of the choice."""
    deepest = max((int(s.level) for s in structure.sections if not s.is_run), default=0)
    start = deepest if depth is None else min(depth, deepest)
    for repeats in (True,) if fold else (False, True):
        low, high = 0, start  # what is folded at one depth is folded at any smaller one, so halving finds the largest
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (
                (middle, high) if _count(structure, _plan(structure, middle, repeats)) <= limit else (low, middle - 1)
            )
        plan = _plan(structure, low, repeats)
        if repeats or _count(structure, plan) <= limit:
            break
    return plan, _said(structure, plan, low, start, repeats > fold, limit)


def _count(structure: Structure, plan: Sequence[Section]) -> int:
    """How many items are left if these sections are folded."""
    return sum(owner < 0 for owner in _owners(structure, plan)) + len(plan)


def _said(structure: Structure, plan: list[Section], level: int, wanted: int, repeats: bool, limit: int) -> list[str]:
    all_of_it = f"draw(..., limit={len(structure.collection.items)}) shows all"
    notes = []
    if level < wanted and any(not s.is_run for s in plan):
        notes.append(f"Modules are folded at depth {level}, to show at most {limit:,} items; {all_of_it}.")
    if repeats and any(s.is_run for s in plan):
        notes.append(f"Repetitions are folded, to show at most {limit:,} items; {all_of_it}.")
    return notes


def _plan(structure: Structure, depth: int, repeats: bool) -> list[Section]:
    """The outermost sections that are to be folded: modules below a depth, and repetitions."""
    plan: list[Section] = []
    end = 0
    for section in structure.sections:
        if section.start >= end and (repeats if section.is_run else section.level > depth):
            plan.append(section)
            end = section.end
    return plan


def _owners(structure: Structure, plan: Sequence[Section]) -> list[int]:
    """For each item the number of the section that swallows it, or -1."""
    owners = [-1] * len(structure.collection.items)
    for number, section in enumerate(plan):
        for p in range(section.start, section.end):
            owners[structure.operations[p]] = number
    for i, readers in structure.readers.items():
        number = owners[structure.operations[readers[0]]] if readers else -1
        if number >= 0 and i not in structure.collection.outputs and within(structure, plan[number], i, readers):
            owners[i] = number
    return owners


def within(structure: Structure, section: Section, i: int, readers: Sequence[int]) -> bool:
    """Whether a leaf or constant is a part of a section, which alone reads it, and not something that goes in.

    Of a module those that are known by no name of their own, and parameters. Of a run those that each repetition has
    one of; what several read goes in, and so does what the first one starts from.
    """
    if readers[0] < section.start or readers[-1] >= section.end:
        return False
    item = structure.collection.items[i]
    if not section.is_run:
        return item.path == section.path or item.path.startswith(f"{section.path}.")
    repetition = (readers[0] - section.start) // section.length
    if (readers[-1] - section.start) // section.length != repetition:
        return False
    if repetition:
        return True
    edges = structure.collection.items[structure.operations[readers[0]]].edges
    others = structure.collection.items[structure.operations[readers[0] + section.length]].edges
    arguments = [edge.argument for edge in edges if edge.source == i]
    return any(edge.argument in arguments and edge.source in structure.readers for edge in others)


# --- the smaller graph ------------------------------------------------------------------------------------------------


def quotient(structure: Structure, plan: Sequence[Section]) -> tuple[list[Item], list[list[int]]]:
    """The items that remain, with edges between them, and of each the numbers of those it stands for."""
    collection, owners = structure.collection, _owners(structure, plan)
    inside: list[list[int]] = [[] for _ in plan]
    for i, owner in enumerate(owners):
        if owner >= 0:
            inside[owner].append(i)
    last = {structure.operations[section.end - 1]: number for number, section in enumerate(plan)}
    taken = {item.name for item in collection.items} if plan else set()
    items: list[Item] = []
    members: list[list[int]] = []
    number = [0] * len(owners)
    for i, item in enumerate(collection.items):
        if owners[i] < 0:
            number[i] = len(items)
            items.append(_moved(item, [Edge(number[e.source], e.argument) for e in item.edges]))
            members.append([i])
        elif i in last:
            own = inside[last[i]]
            section = plan[last[i]]
            sources = (e.source for j in own for e in collection.items[j].edges if owners[e.source] != owners[i])
            for j in own:
                number[j] = len(items)
            item = _whole(structure, section, own)
            while item.name in taken:
                item.name += "/…"
            item.edges = [Edge(s) for s in dict.fromkeys(number[s] for s in sources)]
            items.append(item)
            members.append(own)
    for item, own in zip(items, members, strict=True):
        if item.path and own[0] in structure.readers and len(own) == 1:
            readers = structure.readers[own[0]]
            item.path = shared([items[number[structure.operations[p]]].path for p in readers])
    return items, members


def _moved(item: Item, edges: list[Edge]) -> Item:
    """A copy with other edges. (`replace` takes ten times as long, and every item of a large graph is copied.)"""
    copy = object.__new__(Item)
    copy.__dict__.update(item.__dict__)
    copy.edges = edges
    return copy


def _whole(structure: Structure, section: Section, own: Sequence[int]) -> Item:
    """The item that stands for a section. What leaves it is its last result: for what else was that computed?"""
    collection = structure.collection
    items = [collection.items[i] for i in own]
    first, last = (collection.items[structure.operations[p]] for p in (section.start, section.end - 1))
    around, _, _ = section.path.rpartition(".")
    kept = [item.saved for item in items if item.operations]
    total = [saved for saved in kept if saved is not None]
    sweeps = [item.sweep for item in items if item.sweep is not None]
    item = Item(
        section.path,
        "repeat" if section.is_run else "module",
        section.path,
        around,
        shape=last.shape,
        dtype=last.dtype,
        nbytes=last.nbytes,
        saved=_sum_of_saved([s for saved in total for s in saved]) if total or not kept else None,
        place=first.place,
        step=first.step,
        sweep=min(sweeps, default=None),
        count=section.count,
        operations=section.length,
        parameters=sum(item.parameters for item in items) // section.count,
    )
    item.operation = type_of(collection, [section.path])
    if section.is_run:
        name_run(structure, section, item)
    return item


def name_run(structure: Structure, section: Section, item: Item) -> None:
    """What a run is called: by the modules it goes through, or by the module it is all of, or by what it repeats."""
    collection, items = structure.collection, structure.collection.items
    done = [(type_of(collection, [path]) or path) if path else _work(structure, p) for path, p in section.parts]
    item.operation = ", ".join(done if len(done) <= 4 else [*done[:3], "…"])
    first, last = structure.operations[section.start], structure.operations[section.end - 1]
    item.name = f"{items[first].name}…{items[last].name.rpartition('/')[2]}"
    modules = [path for path, _ in section.parts if path]
    around = section.path.rpartition(".")[0]
    if modules and collection.modules[section.last] not in map(collection.modules.get, modules):
        item.title = f"{modules[0]} … {section.last}"
    elif any((s.start, s.end, s.path) == (section.start, section.end, around) for s in structure.sections):
        item.title = around
    else:
        item.title = item.operation


def _work(structure: Structure, position: int) -> str:
    return structure.collection.items[structure.operations[position]].operation


def type_of(collection: Collection, paths: Iterable[str]) -> str:
    """The classes of the modules at some paths, where they are known."""
    types = [collection.types.get(collection.modules.get(path, path), "") for path in paths]
    return ", ".join(dict.fromkeys(t for t in types if t))


def _sum_of_saved(saved: Sequence[Saved]) -> tuple[Saved, ...]:
    if not saved:
        return ()
    return (Saved(f"{len(saved):,} arrays", (), "", sum(s.nbytes for s in saved)),)


def without_earliest(
    items: Sequence[Item], members: Sequence[list[int]], hidden: int
) -> tuple[list[Item], list[list[int]]]:
    """The same with the first items as one."""
    title = f"{hidden:,} earlier items"
    whole = Item("…", "hidden", title, saved=(), operations=sum(i.operations * i.count for i in items[:hidden]))
    shown = [whole]
    for item in items[hidden:]:
        item.edges = [Edge(0) if e.source < hidden else Edge(e.source - hidden + 1, e.argument) for e in item.edges]
        shown.append(item)
    return shown, [[], *members[hidden:]]


# --- what is shown of the arrays --------------------------------------------------------------------------------------


def fill(
    collection: Collection,
    items: Sequence[Item],
    members: Sequence[list[int]],
    values: bool,
    gradients: bool,
    rules: bool,
) -> None:
    """The summaries of values and gradients, and the rules of edges, only of what is shown."""
    for item, own in zip(items, members, strict=True):
        if item.kind in ("module", "repeat"):
            item.gradient = _together(collection, own) if gradients else None
        elif own:
            item.value = collection.value(own[0]) if values else None
            item.gradient = collection.gradient(own[0]) if gradients else None
            if rules:
                pairs = zip(item.edges, collection.rules(own[0]), strict=True)
                item.edges = [Edge(edge.source, edge.argument, rule) for edge, rule in pairs]
    for item in items:
        item.edges = _merged(item.edges, items)


def _merged(edges: Sequence[Edge], items: Sequence[Item]) -> list[Edge]:
    """One edge for all entries of a list that come out of the same folded item, and for all that is hidden."""
    merged: dict[Any, Edge] = {}
    for k, edge in enumerate(edges):
        name = edge.argument.partition("[")[0]
        if items[edge.source].kind in ("module", "repeat", "hidden"):
            first = merged.setdefault((edge.source, name), Edge(edge.source, name, edge.rule))
            if first.rule != edge.rule:
                merged[edge.source, name] = Edge(edge.source, name)
        else:
            merged[k] = edge
    return list(merged.values())


def _together(collection: Collection, own: Sequence[int]) -> Summary | None:
    """The gradients of all parameters in a folded item as one: their norm, and what is wrong with any of them.

    Of the other leaves, if there are no parameters; else that of the last result that has one.
    """
    held = [i for i in own if collection.gradients[i] is not None]
    kinds = [[i for i in held if collection.items[i].kind == kind] for kind in ("parameter", "input")]
    chosen = next(filter(None, [*kinds, held[-1:]]), [])
    parts = [summary for i in chosen if (summary := collection.gradient(i)) is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    lows, highs = [p.low for p in parts if p.low is not None], [p.high for p in parts if p.high is not None]
    norms = [p.norm for p in parts if p.norm is not None]
    return Summary(
        (),
        parts[0].dtype,
        low=min(lows, default=None),
        high=max(highs, default=None),
        norm=sqrt(sum(n * n for n in norms)) if norms else None,
        zeros=sum(p.zeros for p in parts),
        nans=sum(p.nans for p in parts),
        infinities=sum(p.infinities for p in parts),
        size=sum(p.size for p in parts),
    )


def _groups(collection: Collection, items: Iterable[Item]) -> dict[str, Group]:
    """The groups that items stand in, outer ones first."""
    groups: dict[str, Group] = {}
    for item in items:
        path = ""
        for part in item.path.split(".") if item.path and item.path not in groups else ():
            path = f"{path}.{part}" if path else part
            if path not in groups:
                groups[path] = Group(path, path, type=type_of(collection, [path]))
    return groups
