"""A browser that reads the interactive page of a picture: its cards by name, and what state the player gives them.

Knows how the page names what it draws, and has some small pictures to try it with. Tests get one by the fixture `show`.
"""

import json

from browser import Browser

from autograd_core.viz.picture import Edge, Formula, Group, Item, Picture, Summary

HOSTILE = [
    "</script x><script>document.title='broken'</script>",
    "\"'`${}\\",
    "<img src=x onerror=alert(1)>",
    "\u2028\ud800é漢😀",
]
READY = "document.getElementById('stage').dataset.ready === 'true'"


def card(name: str) -> str:
    """The selector of what stands for an item or a module; of its header with ".header" before it."""
    return f"[data-name={json.dumps(name)}]"


class PageBrowser(Browser):
    """A browser for pages of pictures."""

    def names(self, selector: str = ".card") -> set[str]:
        """The names of all cards, or of those that a selector picks."""
        return set(self.evaluate(f"[...document.querySelectorAll('{selector}')].map((card) => card.dataset.name)"))

    def states(self) -> dict[str, str]:
        """For each card "done", "current", "coming", "partly" or nothing."""
        pairs = "[...document.querySelectorAll('.card')].map((card) => [card.dataset.name, card.dataset.state])"
        return dict(self.evaluate(pairs))


def numbers(text: str, norm: float | None = 1.0, **more) -> Summary:
    return Summary((), "float64", text, norm=norm, size=1, **more)


def operation(name: str, *sources: int, path: str = "", step: int | None = None, **more) -> Item:
    """A box of some operation of these items."""
    edges = [Edge(source, "abc"[i], more.pop("rule", None)) for i, source in enumerate(sources)]
    title = name.rpartition("/")[2]
    more = {"shape": (2, 3), "dtype": "float64", "operation": title, "step": step} | more
    return Item(name, "operation", title, path, edges=edges, **more)


def network() -> Picture:
    """x goes through three layers in `net`, of which the last is folded, to a loss."""
    items = [Item("x", "input", "x", shape=(2, 3), dtype="float64", value=numbers("[[1, 2, 3], [4, 5, 6]]"))]
    groups = {"net": Group("net", "net", type="MLP")}
    for k in range(3):
        last = len(items) - 1
        groups[f"net.{k}"] = Group(f"net.{k}", f"net.{k}", type="Layer", folded=k == 2)
        weight = Item(f"net.{k}.weight", "parameter", f"net.{k}.weight", f"net.{k}", shape=(3, 3), dtype="float64")
        weight.gradient = numbers("", 10.0**-k)
        items.append(weight)
        rule = Formula("g @ weight", r"\bar{y} W")
        items.append(
            operation(f"net.{k}/linear", last, last + 1, path=f"net.{k}", step=2 * k + 1, sweep=7 - 2 * k, rule=rule)
        )
        items.append(operation(f"net.{k}/relu", last + 2, path=f"net.{k}", step=2 * k + 2, sweep=6 - 2 * k))
    loss = operation("loss", len(items) - 1, step=7, sweep=1, shape=(), value=numbers("0.5"), gradient=numbers("1"))
    loss.kind = "output"
    return Picture([*items, loss], groups, title="A network")
