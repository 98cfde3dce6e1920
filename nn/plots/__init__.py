"""Plots for people who train networks: each takes an axis of Matplotlib, or makes one, draws, and returns it.

They take their colours from Matplotlib's settings: `style` sets those for light and dark paper, for print, or for a
web page, whose SVG `as_svg` makes.
"""

from .confusion import confusion_matrix
from .curves import gradient_norms, learning_curves
from .paper import as_svg, pixels, require, style
from .plane import decision_boundary
from .rates import learning_rates
from .tiles import feature_maps, filters
from .units import activations

__all__ = [
    "activations",
    "as_svg",
    "confusion_matrix",
    "decision_boundary",
    "feature_maps",
    "filters",
    "gradient_norms",
    "learning_curves",
    "learning_rates",
    "pixels",
    "require",
    "style",
]
