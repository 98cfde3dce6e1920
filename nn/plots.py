"""Curves and pixel images for reports, with matplotlib, which nothing else imports.

Curves are SVG that takes its colours from the page around it, so that they are right on light and on dark paper.
"""

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .history import History

__all__ = ["learning_curves", "pixels", "require"]

# Matplotlib writes these colours; the page's own stand in their place, by CSS variables.
_INK, _FAINT = "#0a0b01", "#0a0b02"
_SERIES = ("#0a0b03", "#0a0b04", "#0a0b05", "#0a0b06")
_VARIABLES = {_INK: "var(--ink)", _FAINT: "var(--rule)"} | {
    color: f"var(--series-{i})" for i, color in enumerate(_SERIES, start=1)
}
_STYLE: dict[Any, Any] = {  # rcParams of Matplotlib
    "svg.fonttype": "none",  # text stays text: it can be read aloud, found and copied
    "svg.hashsalt": "autograd_core",  # the same curves give the same file
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "figure.facecolor": "none",
}
_PLAIN: Any = {"Software": None}  # no version in the file


def require() -> None:
    """See that matplotlib is there, before minutes are spent on what is to be plotted.

    Errors: ImportError that says how to install it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "plots: needs matplotlib, which is not installed; pip install 'autograd-core[demo]'"
        ) from error


def learning_curves(histories: Mapping[str, History]) -> str:
    """Loss and accuracy over epochs as an SVG element: training drawn solid, validation dashed."""
    require()
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 3.7), layout="constrained")
        losses, accuracies = figure.subplots(1, 2)
        for color, (name, history) in zip(_cycle(len(histories)), histories.items(), strict=True):
            for axes, figure_name in ((losses, "loss"), (accuracies, "accuracy")):
                for part, dashes in (("train", "-"), ("validation", (0, (3, 2)))):
                    values = history[f"{part}_{figure_name}"]
                    if values and None not in values:
                        marker = "o" if len(values) == 1 else ""
                        label = f"{name}, {'training' if part == 'train' else part}"
                        axes.plot(history["number"], values, color=color, linestyle=dashes, marker=marker, label=label)
        losses.set_yscale("log")
        losses.set_title("Loss", loc="left", fontsize=11)
        accuracies.set_title("Accuracy", loc="left", fontsize=11)
        accuracies.set_ylim(_floor(histories), 1.002)
        accuracies.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g} %"))
        losses.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        losses.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: ""))
        for axes in (losses, accuracies):
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        accuracies.legend(loc="lower right", fontsize=10)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _element(file.getvalue(), "Loss and accuracy by epoch: " + ", ".join(histories))


def pixels(image: NDArray[Any], *, signed: bool = False) -> bytes:
    """A small image as PNG, one pixel for each number.

    Grey from 0 (paper) to 1 (ink); or, if `signed`, from blue for the lowest through white for 0 to red for the
    highest, alike on both sides.
    Shapes: image (height, width).
    """
    require()
    from matplotlib.image import imsave

    file = io.BytesIO()
    if signed:
        bound = float(np.abs(image).max()) or 1.0
        imsave(file, image, cmap="RdBu_r", vmin=-bound, vmax=bound, format="png", metadata=_PLAIN)
    else:
        imsave(file, image, cmap="gray_r", vmin=0.0, vmax=1.0, format="png", metadata=_PLAIN)
    return file.getvalue()


def _cycle(count: int) -> list[str]:
    return [_SERIES[i % len(_SERIES)] for i in range(count)]


def _floor(histories: Mapping[str, History]) -> float:
    """Where the axis of accuracies starts: below most of the curves, not below their first steep part."""
    values = [
        value
        for history in histories.values()
        for part in ("train", "validation")
        for value in history[f"{part}_accuracy"]
        if value is not None
    ]
    return max(0.0, float(np.floor(20 * np.quantile(values, 0.1)) / 20) - 0.01) if values else 0.0


def _element(svg: str, title: str) -> str:
    """The SVG element alone, with the page's colours, as wide as the page lets it be, and no style for the page."""
    svg = re.sub(r"(?s)<metadata>.*?</metadata>|<style.*?</style>", "", svg[svg.index("<svg") :])
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, variable)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
