"""Colours and borders of a picture: light, dark, and black on white for print.

Knows kinds and norms. Does not know what draws with them. Shapes and borders tell the kinds apart, in every theme the
same; a filled band means a gradient and nothing else.

Sources: light, ColorBrewer's YlGnBu (C. Brewer, M. Harrower, colorbrewer2.org); dark, viridis (S. van der Walt,
N. Smith, Matplotlib 2015); print, ColorBrewer's Greys. They are read at even steps of CIE lightness L*, so that equal
ratios of norms look equally far apart, to the colour-blind and on a grey printer as well. Contrast: WCAG 2.1, 1.4.3.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .picture import Picture

Colour = str

TEXT_CONTRAST = 4.5
"""The least ratio of luminances between a text and what it stands on: WCAG 2.1, level AA."""


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for. `scale` goes from the smallest gradient to the largest."""

    background: Colour
    text: Colour
    muted: Colour
    edge: Colour
    node: Colour
    group: Colour
    group_border: Colour
    wrong: Colour
    borders: Mapping[str, Colour]
    scale: tuple[Colour, ...]


THEMES = {
    "light": Theme(
        background="#ffffff",
        text="#1f2328",
        muted="#57606a",
        edge="#6e7781",
        node="#ffffff",
        group="#f6f8fa",
        group_border="#afb8c1",
        wrong="#b42318",
        borders={"parameter": "#0550ae", "input": "#116329", "hidden": "#9a3412", "output": "#1f2328"},
        scale=("#edf8b1", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#253494"),
    ),
    "dark": Theme(
        background="#0d1117",
        text="#e6edf3",
        muted="#9da7b3",
        edge="#8b949e",
        node="#1c2128",
        group="#151b23",
        group_border="#3d444d",
        wrong="#ff7b72",
        borders={"parameter": "#79c0ff", "input": "#7ee787", "hidden": "#ffa657", "output": "#e6edf3"},
        scale=("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"),
    ),
    "print": Theme(
        background="#ffffff",
        text="#000000",
        muted="#000000",
        edge="#000000",
        node="#ffffff",
        group="#ffffff",
        group_border="#000000",
        wrong="#000000",
        borders={},
        scale=("#ffffff", "#f0f0f0", "#d9d9d9", "#bdbdbd", "#969696"),
    ),
}

SHAPES = {
    "operation": {"shape": "box", "style": "rounded,filled"},
    "output": {"shape": "box", "style": "rounded,filled", "peripheries": "2"},
    "parameter": {"shape": "cylinder", "style": "filled", "margin": "0.1,0.1"},
    "input": {"shape": "folder", "style": "filled", "margin": "0.1,0.07"},
    "constant": {"shape": "box", "style": "dashed,filled"},
    "module": {"shape": "box3d", "style": "filled", "margin": "0.12,0.07"},
    "repeat": {"shape": "plain"},
    "hidden": {"shape": "note", "style": "dashed,filled"},
    "sum": {"shape": "ellipse", "style": "filled", "margin": "0.02"},
    "gradient": {"shape": "box", "style": "diagonals,filled"},
    "sweep": {"shape": "octagon", "style": "filled", "margin": "0,0"},
    "effect": {"shape": "tab", "style": "filled", "margin": "0.1,0.07"},
}
"""How Graphviz is to draw each kind; no two alike even without colours. Repetitions are a pile of sheets (dot.py)."""


def norms(picture: Picture) -> tuple[float, float] | None:
    """The smallest and the largest norm among gradients that are neither zero nor wrong; None if there are none."""
    if not picture.gradients:
        return None
    gradients = [item.gradient for item in picture.items if item.gradient is not None and not item.gradient.flag]
    found = [gradient.norm for gradient in gradients if gradient.norm]
    return (min(found), max(found)) if found else None


def colour_of_norm(theme: Theme, norm: float, span: tuple[float, float]) -> Colour:
    """The colour of a norm: even in its logarithm."""
    low, high = (math.log(end) for end in span)
    return colour_at(theme, (math.log(norm) - low) / (high - low) if high > low else 0.5)


def colour_at(theme: Theme, fraction: float) -> Colour:
    """The colour so far along the scale, from 0 to 1: even in lightness."""
    heights = [lightness(colour) for colour in theme.scale]
    wanted = heights[0] + min(max(fraction, 0.0), 1.0) * (heights[-1] - heights[0])
    for i in range(len(heights) - 1):
        low, high = sorted(heights[i : i + 2])
        if low <= wanted <= high or i == len(heights) - 2:
            break
    return _mixed(theme.scale[i], theme.scale[i + 1], (wanted - heights[i]) / (heights[i + 1] - heights[i]))


def ink(fill: Colour, wish: Colour = "") -> Colour:
    """What to write with on a fill: the colour wished for if it can be read, else black or white, whichever is better.

    One of the two always has a contrast above 4.5: the product of both is 21.
    """
    if wish and contrast(wish, fill) >= TEXT_CONTRAST:
        return wish
    return max("#000000", "#ffffff", key=lambda colour: contrast(colour, fill))


def contrast(a: Colour, b: Colour) -> float:
    """The ratio of two colours' luminances, from 1 to 21: WCAG 2.1."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """How bright a colour is, from 0 to 1: sRGB, IEC 61966-2-1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(colour: Colour) -> float:
    """How bright a colour looks, from 0 to 100: CIE 1976 L*."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


def _channels(colour: Colour) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(a: Colour, b: Colour, part: float) -> Colour:
    pairs = zip(_channels(a), _channels(b), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * part):02x}" for x, y in pairs)
