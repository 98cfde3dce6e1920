"""The distribution of what layers give, and how many of their units are stuck."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from ..layers.activation import ReLU, Sigmoid, Softplus, Tanh
from ..module import Module
from ..monitor import layer_outputs, units
from .paper import axis, depth_colors, setting, with_alpha

__all__ = ["activations"]

_HEIGHT = 0.82  # of the highest bar, where the next layer begins at 1


def activations(
    model: Module,
    x: Any,
    ax: Any = None,
    *,
    layers: str | Module | Sequence[str | Module] | None = None,
    bins: int = 60,
    tolerance: float = 0.01,
    axis_of_units: int = 1,
) -> Any:
    """A histogram of each layer's outputs for a batch of inputs, from the first layer (top, orange) to the last (blue).

    Zeros, which a ReLU gives many of, are counted apart; each histogram has its own height. Beside it stands how many
    numbers are zero, and how many units are stuck: dead (a ReLU that is 0 for every input) or saturated (a sigmoid or
    tanh whose slope is nowhere above `tolerance` of its largest), as `nn.monitor.dead_units` tells it. `layers` are
    paths or modules, or one; without them, all activation modules, or if there are none, all modules that call no
    others.
    Errors: OptionError for layers that the model does not have, ShapeError for an empty batch.

    >>> ax = nn.plots.activations(model, images)  # doctest: +SKIP
    """
    outputs = layer_outputs(model, x, layers)
    if layers is None:
        outputs = [out for out in outputs if isinstance(out.module, ReLU | Sigmoid | Tanh | Softplus)] or outputs
    if not outputs:
        raise ag.OptionError("activations: no module was called for this input")
    if not all(out.values.size for out in outputs):
        raise ag.ShapeError("activations: there are no inputs in this batch, so there are no outputs to count")
    if bins < 1:
        raise ag.OptionError(f"activations: bins must be at least 1, got {bins}")
    finite = [out.values[np.isfinite(out.values) & (out.values != 0)].astype(np.float64) for out in outputs]
    low = min([0.0, *(float(values.min()) for values in finite if values.size)])
    high = max([0.0, *(float(values.max()) for values in finite if values.size)])
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    ax = axis(ax, "activations")
    names = []
    for row, (out, values, color) in enumerate(zip(outputs, finite, depth_colors(len(outputs)), strict=True)):
        floor = len(outputs) - 1 - row
        counts = np.histogram(values, edges)[0]
        heights = floor + _HEIGHT * counts / max(counts.max(), 1)
        body = {"facecolor": with_alpha(color, 0.45), "edgecolor": color, "linewidth": 1.0}
        ax.stairs(heights, edges, baseline=floor, fill=True, label=out.label, **body)
        ax.axhline(floor, color=setting("grid.color"), linewidth=0.8, zorder=0)
        names.append(out.label)
        ax.text(
            1.02, floor + 0.1, _words(out, tolerance, axis_of_units), transform=ax.get_yaxis_transform(), va="bottom"
        )
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_yticks(np.arange(len(outputs))[::-1] + 0.3, names)
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(-0.05, len(outputs)), xlabel="output, without zeros", title="Outputs by layer")
    ax.set_xlim(edges[0], edges[-1])
    return ax


def _words(out: Any, tolerance: float, axis_of_units: int) -> str:
    """What a histogram does not tell."""
    lines = []
    bad = int(out.values.size - np.isfinite(out.values).sum())
    if bad:
        lines.append(f"✕ {bad:,} NaN or infinite")
    lines.append(f"{100 * np.mean(out.values == 0):.0f} % zeros")
    stuck = units(out, tolerance, axis_of_units)
    if stuck is not None:
        lines.append(f"{'▲ ' if stuck.count else ''}{stuck.count} of {stuck.dead.size} {stuck.kind}")
    return "\n".join(lines)
