"""What is said of an item in words: its shape and size, its values and gradient, what it keeps, all there is to know.

Knows pictures. Does not know what the words are written on: DOT, Mermaid and the tree for terminals share them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from .picture import KINDS, Item, Picture, Summary
from .summaries import number

MARKS = {"NaN": "⚠ NaN", "inf": "∞ inf", "zero": "0 zero"}
"""What is wrong with numbers, by mark and word: colour only repeats it."""

_BLOCKS = "▁▂▃▄▅▆▇█"
LEAVES = ("parameter", "input", "constant")
"""Kinds that nothing was computed for."""


def printable(text: str) -> str:
    """A text without what terminals obey and what XML and UTF-8 cannot hold: that shows as a replacement character."""
    return "".join(
        c if c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def line_of(text: str) -> str:
    """A text on one line."""
    return " ".join(printable(text).split())


def shortened(text: str, length: int) -> str:
    """At most so many characters of a text, on one line; what is left out shows as an ellipsis."""
    text = line_of(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def size_text(nbytes: int) -> str:
    """Bytes in words, in powers of 1024.

    >>> size_text(8), size_text(18_816), size_text(2_500_000)
    ('8 B', '18.4 KiB', '2.4 MiB')
    """
    amount, unit = float(nbytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1023.95 or unit == "TiB":
            break
        amount /= 1024
    return f"{nbytes} B" if unit == "B" else f"{amount:.1f} {unit}"


def shape_text(item: Item) -> str:
    """Shape, type and size of what an item holds; empty for what holds no array."""
    if not item.dtype:
        return ""
    size = f" {size_text(item.nbytes)}" if item.nbytes else ""
    return f"{item.shape} {item.dtype}{size}"


def kind_text(item: Item) -> str:
    """The kind in a word, where it says more than the shape: parameter, input, constant."""
    return item.kind if item.kind in LEAVES and item.title != item.kind else ""


def folded_text(item: Item) -> str:
    """What a folded item stands for; empty for what is not folded."""
    if item.kind not in ("module", "repeat", "hidden"):
        return ""
    parts = []
    if item.operations:
        parts.append(f"{item.operations:,} operation{'s' * (item.operations != 1)}")
    if item.parameters:
        parts.append(f"{item.parameters:,} parameter{'s' * (item.parameters != 1)}")
    return ", ".join(parts) + (" each" if parts and item.count > 1 else "")


def flag_text(summary: Summary) -> str:
    """The mark and word of what is wrong with numbers, and with how many of them; empty if nothing is."""
    flag = summary.flag
    count = {"NaN": summary.nans, "inf": summary.infinities, "zero": summary.size}.get(flag, 0)
    return f"{MARKS[flag]} ({count:,} of {summary.size:,})" if count and summary.size > 1 else MARKS.get(flag, "")


def range_text(summary: Summary) -> str:
    """From the lowest to the highest of the finite numbers."""
    if summary.low is None or summary.high is None:
        return "no finite numbers" if summary.size else "empty"
    if summary.low == summary.high:
        return f"all {number(summary.low)}"
    return f"{number(summary.low)} … {number(summary.high)}"


def norm_text(summary: Summary) -> str:
    """The Euclidean norm, said to be one."""
    return "" if summary.norm is None else f"norm {number(summary.norm)}"


def sparkline(counts: Sequence[int]) -> str:
    """A histogram in one line of text; whatever is not empty is seen.

    >>> sparkline([0, 1, 5, 10])
    ' ▁▄█'
    """
    top = max(counts, default=0)
    return "".join(_BLOCKS[max(0, -(-count * len(_BLOCKS) // top) - 1)] if count else " " for count in counts)


def value_line(summary: Summary, length: int = 60) -> str:
    """Values on one line: the numbers if they are few, else their distribution and range."""
    flag = "" if summary.flag == "zero" else flag_text(summary)
    if flag and summary.size == 1:
        return flag
    numbers = _on_one_line(summary.numbers, length)
    bars = f"{sparkline(summary.histogram)} " if len(summary.histogram) > 1 else ""
    said = numbers or f"{bars}{range_text(summary)}"
    return f"{flag} {said}" if flag else said


def gradient_line(summary: Summary, length: int = 60) -> str:
    """A gradient on one line: what is wrong with it, then its numbers if they are few, else its norm."""
    said = _on_one_line(summary.numbers, length) or norm_text(summary) or range_text(summary)
    flag = flag_text(summary)
    return " ".join(
        part for part in (flag, "" if flag and (summary.flag == "zero" or summary.size == 1) else said) if part
    )


def _on_one_line(numbers: str, length: int) -> str:
    """Numbers without the spaces that put columns one above the other."""
    return shortened(re.sub(r"(^|(?<=[\[\s])) +", "", numbers), length)


def saved_text(item: Item) -> str:
    """What an operation keeps for the sweep, by the names that its rules know it by; empty if nothing."""
    if not item.saved:
        return "keeps nothing more: freed" if item.saved is None else ""
    return "keeps " + ", ".join(f"{kept.name} {kept.shape} {size_text(kept.nbytes)}" for kept in item.saved)


def order_text(item: Item) -> str:
    """The places in the orders of computation and of the sweep."""
    step = f"▶{item.step}" if item.step is not None else ""
    sweep = f"◀{item.sweep}" if item.sweep is not None else ""
    return " ".join(part for part in (step, sweep) if part)


def details(item: Item, picture: Picture) -> Iterator[str]:
    """All that is known of an item, a line each."""
    yield item.title + (f" ×{item.count}" if item.count > 1 else "")
    yield KINDS.get(item.kind, item.kind)
    if item.path:
        yield f"in {item.path}"
    if item.operation and item.operation != item.title:
        yield f"operation {item.operation}"
    for name, text in (
        ("options", item.options),
        ("holds", shape_text(item)),
        ("stands for", folded_text(item)),
        ("data", value_line(item.value, 200) if item.value else ""),
        ("data", norm_text(item.value) if item.value else ""),
        ("grad", gradient_line(item.gradient, 200) if item.gradient else ""),
        ("for the sweep:", saved_text(item)),
        ("line", f"{item.place}  {item.place.text}".strip() if item.place else ""),
        ("step", "" if item.step is None else str(item.step)),
        ("sweep", "" if item.sweep is None else str(item.sweep)),
    ):
        if text:
            yield f"{name} {text}"
    for edge in item.edges:
        source = picture.items[edge.source].title
        rule = f"; back: {edge.rule.words}" if edge.rule else ""
        yield f"{edge.argument or 'from'} = {source}{rule}"
