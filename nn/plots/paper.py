"""What plots are drawn on, and in which colours: the one door to Matplotlib.

Knows axes, themes and SVG. Does not know what is plotted. Each theme is a set of Matplotlib's own settings, and the
plots read their colours from there: whoever sets them in another way gets those.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["as_svg", "pixels", "require", "style"]

# Matplotlib writes these colours for the theme "page"; `as_svg` puts the page's own in their place.
_VARIABLES = {
    "#0a0b01": "var(--ink)",
    "#0a0b02": "var(--rule)",
    "#0a0b03": "var(--paper)",
}
_OPEN = tuple(f"#0a0b1{i}" for i in range(1, 9))
_VARIABLES |= {color: f"var(--series-{i})" for i, color in enumerate(_OPEN, start=1)}
# blue, orange, green, purple, pink, teal, ochre, grey; dashes, markers and labels tell things apart as well
_DEEP = ("#1f5fae", "#c2570c", "#1a7a42", "#7b3fa0", "#b3266b", "#0b7a86", "#7a5c00", "#5b626a")
_PALE = ("#7db4f5", "#f5a15c", "#6cc990", "#c99bea", "#f58bb8", "#5fc9d6", "#d9bf5a", "#a3a9b1")
# ink, faint lines, paper, and the series
_THEMES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "light": ("#1c1e21", "#dcdad3", "#ffffff", _DEEP),
    "dark": ("#e7e6e1", "#383d43", "#16181b", _PALE),
    "print": ("#000000", "#c8c8c8", "#ffffff", _DEEP),
    "page": ("#0a0b01", "#0a0b02", "#0a0b03", _OPEN),
}
# Colours that can be read on light and on dark paper, for what is one picture on both.
HIGH, LOW = "#d6493b", "#3b82d6"
_DEPTHS = ("#c8641b", "#c9406f", "#8c5ac8", "#3b82d6")
_MARKERS = "o^sDvP*X"


def require() -> None:
    """See that Matplotlib is there, before minutes are spent on what is to be plotted.

    Errors: ImportError that says how to install it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "plots: needs matplotlib, which is not installed; pip install 'autograd-core[plots]', or matplotlib alone"
        ) from error


@contextmanager
def style(theme: str = "light") -> Iterator[None]:
    """Draw in a theme: "light", "dark", "print" (pure black on white), or "page".

    "page" leaves the colours open, for an SVG by `as_svg` that takes those of the web page around it.
    Errors: OptionError for another theme, ImportError without Matplotlib.

    >>> with nn.plots.style("dark"):  # doctest: +SKIP
    ...     ax = nn.plots.learning_curves(history)
    ...     ax.figure.savefig("curves.png")
    """
    if theme not in _THEMES:
        raise ag.OptionError(f"style: theme must be one of {', '.join(_THEMES)}; got {theme!r}")
    require()
    import matplotlib

    ink, faint, paper, series = _THEMES[theme]
    settings: dict[Any, Any] = {
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": ink,
        "axes.edgecolor": faint,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.facecolor": paper,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": f"cycler(color={[*series]!r})",
        "grid.color": faint,
        "grid.linewidth": 0.6,
        "xtick.color": ink,
        "ytick.color": ink,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.minor.size": 0,
        "lines.linewidth": 1.8,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "figure.facecolor": paper,
        "savefig.facecolor": paper,
    }
    with matplotlib.rc_context(settings):
        yield


def axis(ax: Any, who: str) -> Any:
    """The axis to draw on: the given one, or that of a new figure.

    Errors: ImportError without Matplotlib, OptionError for what is no axis, such as an array of them.
    """
    require()
    if ax is None:
        from matplotlib import pyplot

        return pyplot.subplots(layout="constrained")[1]
    if not hasattr(ax, "get_figure") or not hasattr(ax, "imshow"):
        hint = "; take one of them, as in ax=axes[0]" if isinstance(ax, np.ndarray | Sequence) else ""
        raise ag.OptionError(f"{who}: ax must be one axis of Matplotlib, got {type(ax).__name__}{hint}")
    return ax


def sheet(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, NDArray[Any]]:
    """A figure for a file, which no window and no notebook keeps, and its axes (rows, columns). Sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def setting(name: str) -> Any:
    """One of Matplotlib's settings, such as "text.color"."""
    import matplotlib

    settings: Any = matplotlib.rcParams
    return settings[name]


def series(index: int) -> Any:
    """The colour of the n-th of several things."""
    colors = setting("axes.prop_cycle").by_key().get("color", ["C0"])
    return colors[index % len(colors)]


def marker(index: int) -> str:
    """The marker of the n-th of several things, for whoever sees no colours."""
    return _MARKERS[(index + index // len(_MARKERS)) % len(_MARKERS)]  # where colours come again, another marker does


def depth_colors(count: int) -> list[Any]:
    """Colours for layers from the first (orange) to the last (blue)."""
    from matplotlib.colors import LinearSegmentedColormap

    return [*LinearSegmentedColormap.from_list("depth", _DEPTHS)(np.linspace(0, 1, max(count, 1)))]


def with_alpha(color: Any, alpha: float) -> tuple[float, ...]:
    """A colour that lets something through."""
    from matplotlib.colors import to_rgba

    return to_rgba(color, alpha)


def amounts(color: str = LOW, most: float = 1.0, least: float = 0.0) -> Any:
    """A colour map from nothing, where the paper is seen, to a colour: right on any paper."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("amounts", [with_alpha(color, least), with_alpha(color, most)])


def signed() -> Any:
    """A colour map from blue for the lowest through nothing, where the paper is seen, to red for the highest."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = [with_alpha(LOW, 1.0), with_alpha(LOW, 0.0), with_alpha(HIGH, 0.0), with_alpha(HIGH, 1.0)]
    return LinearSegmentedColormap.from_list("signed", list(zip([0.0, 0.5, 0.5, 1.0], stops, strict=True)), 512)


def bare(ax: Any) -> None:
    """Take ticks, grid and frame away: the axis is a place for pictures."""
    ax.grid(False)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.patch.set_visible(False)


def as_svg(figure: Any, title: str = "") -> str:
    """A figure, or the figure of an axis, as an SVG element to stand in HTML: text stays text, and no time is in it.

    What was drawn in the style "page" takes the page's CSS variables --ink, --rule, --paper and --series-1 to -8. The
    title is what a screen reader says. The same figure gives the same text.
    """
    require()
    import matplotlib

    figure = getattr(figure, "figure", figure)
    file = io.StringIO()
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": f"autograd_core {title}",  # names inside differ from those of other figures on a page
        "image.composite_image": False,
    }
    with matplotlib.rc_context(settings):
        figure.savefig(file, format="svg", transparent=True)
    svg = file.getvalue()
    svg = re.sub(r"(?s)<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->\s*", "", svg[svg.index("<svg") :])
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, variable)
    svg = re.sub(r' (d|x|y|points)="([^"]*)"', _rounded, svg)
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", svg))  # other ids would stand twice on a page of two figures
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    width = figure.get_figwidth() * 96 * 1.04
    head, body = svg[: svg.index(">")], svg[svg.index(">") :]
    head = re.sub(r' (?:width|height|xmlns:xlink|version)="[^"]*"', "", head)
    svg = head + f' style="max-width: {width:.0f}px"' + body
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1; font-family: inherit", svg)
    svg = re.sub(r"font-family: (?!inherit)[^;\"]*", "font-family: inherit", svg)
    name = f' aria-label="{escape(title)}"' if title else ""
    return svg.replace("<svg", f'<svg role="img"{name}', 1).strip()


def _rounded(attribute: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point: nobody sees the rest, and it is most of the file."""
    short = re.sub(r"([0-9]+[.][0-9]{2})[0-9]+", r"\g<1>", attribute[2])
    return f' {attribute[1]}="{short}"'


def pixels(image: NDArray[Any]) -> bytes:
    """A small image as PNG, one pixel for each number, grey from 0 (paper) to 1 (ink).

    Shapes: image (height, width).
    """
    require()
    from matplotlib.image import imsave

    file = io.BytesIO()
    plain: Any = {"Software": None}  # no version in the file
    imsave(file, image, cmap="gray_r", vmin=0.0, vmax=1.0, format="png", metadata=plain)
    return file.getvalue()
