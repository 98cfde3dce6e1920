"""A report of trained networks as one HTML file: nothing is fetched, no script runs, it reads well on light and dark.

Knows results and which sections tell of them. Does not train.
"""

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from .. import plots
from ..files import write_whole
from ..results import Result
from . import networks
from .page import Section, page

__all__ = ["Section", "write_report"]


def write_report(
    path: str | os.PathLike[str],
    results: Sequence[Result],
    *,
    title: str,
    summary: str,
    check: tuple[bool, str] | None = None,
    more: Iterable[Section] = (),
) -> Path:
    """Write the report of some trained networks; returns its path.

    `check` is the verdict of a numerical gradient check and what it says, `more` are sections that go before the
    settings.
    Errors: ImportError without Matplotlib.
    """
    plots.require()
    sections = [
        networks.curves(results),
        networks.summaries(results),
        networks.filters(results),
        networks.feature_maps(results),
        networks.outputs(results),
        networks.gradients(results),
        networks.confusions(results),
        networks.mistakes(results),
        *more,
        networks.check(check) if check else None,
        networks.settings(results),
    ]
    cards = networks.cards(results, check)
    content = page(escape(title), escape(summary), cards, [section for section in sections if section])
    return write_whole(path, content.encode())
