"""The graph of the sweep: how cotangents go back, from the outputs to the gradients of the leaves.

Knows a picture of the forward computation, of which each differentiable edge is gone back along. Computes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from .picture import Edge, Item, Picture


def backward(picture: Picture) -> Picture:
    """The backward graph of a forward one, in the order of the sweep.

    An operation takes the cotangent of its result and gives one for each argument, by the rule on the edge that leaves
    it. What was used several times gets the sum of what came from each use: an item of kind "sum". Leaves end in an
    item of kind "gradient".
    """
    uses = _uses(picture.items)
    items: list[Item] = []
    pulled: dict[int, int] = {}  # by forward item, the item that gives the cotangents of its arguments
    steps = 0

    def add(item: Item, edges: Sequence[Edge]) -> int:
        nonlocal steps
        steps += 1
        items.append(replace(item, edges=list(edges), step=steps))
        return len(items) - 1

    for i in range(len(picture.items) - 1, -1, -1):
        item = picture.items[i]
        if item.kind == "constant":
            continue
        came = [Edge(pulled[user], edge.argument, edge.rule) for user, edge in uses[i]]
        if item.kind == "output" or not came:
            came.insert(0, Edge(add(_seed(item, bool(came)), ())))
        if len(came) > 1:
            came = [Edge(add(_sum(item), came))]
        if item.operations:
            pulled[i] = add(_step(item), came)
        else:
            add(_end(item), came)
    return replace(picture, items=items, backward=True)


def _uses(items: Sequence[Item]) -> list[list[tuple[int, Edge]]]:
    """Of each item the items that read it, with their edges, the latest first: in the order cotangents come back."""
    uses: list[list[tuple[int, Edge]]] = [[] for _ in items]
    for i in range(len(items) - 1, -1, -1):
        for edge in items[i].edges:
            uses[edge.source].append((i, edge))
    return uses


def _cotangent(item: Item, name: str, kind: str, title: str) -> Item:
    """The gradient of what was asked for with respect to the value of an item: of the same shape."""
    return Item(
        f"{item.name}/{name}",
        kind,
        title,
        item.path,
        shape=item.shape,
        dtype=item.dtype,
        nbytes=item.nbytes,
        gradient=item.gradient,
        sweep=item.sweep,
        saved=(),
    )


def _seed(item: Item, added: bool) -> Item:
    """The cotangent that the sweep starts with: all there is of an output's gradient, unless more is `added`."""
    seed = _cotangent(item, "seed", "input", f"seed of {item.title}")
    return replace(seed, gradient=None if added else item.gradient, sweep=None)


def _sum(item: Item) -> Item:
    return _cotangent(item, "sum", "sum", f"sum for {item.title}")


def _end(item: Item) -> Item:
    return replace(_cotangent(item, "gradient", "gradient", f"gradient of {item.title}"), parameters=item.parameters)


def _step(item: Item) -> Item:
    """What an operation does in the sweep, or a folded item: it takes the cotangent of its result."""
    kind = "operation" if item.kind == "output" else item.kind
    if kind != "operation":
        return replace(item, name=f"{item.name}/vjp", value=None)
    named = f" ({item.title})" if item.title != item.operation else ""
    title = f"VJP of {item.operation}{named}"
    return replace(item, name=f"{item.name}/vjp", kind=kind, title=title, operation=title, value=None)
