"""Small pictures in a grid: the filters of a layer, and the maps that a layer makes of one image.

Knows arrays whose last two axes are a picture. Does not know how they were learned.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..layers.linear import Linear
from ..module import Module
from ..monitor import layer_outputs, path_of
from .paper import amounts, axis, bare, setting, signed

__all__ = ["feature_maps", "filters"]

_GAP = 0.12  # between two tiles, of a tile


def filters(layer: Any, ax: Any = None, *, columns: int | None = None, limit: int = 64) -> Any:
    """The filters of a convolution in a grid, in their order.

    Of one input channel: red for weights above 0, blue below, the bare paper for 0, on one scale for all, the same on
    both sides. Of three: as colours, red, green and blue, where grey is 0. Of any other number: the mean over the
    channels, and the title says so. `layer` is a layer with a `weight`, or the weights; those of a Linear layer whose
    inputs are the pixels of a square are shown as squares. Of more than `limit` those of largest norm are shown.
    Shapes: weights (filters, channels, height, width).
    Errors: ShapeError for weights of another shape.

    >>> ax = nn.plots.filters(nn.Conv2d(1, 16, 3))  # doctest: +SKIP
    """
    weights, kind = _weights(layer)
    if limit < 1 or (columns is not None and columns < 1):
        raise ag.OptionError(f"filters: limit and columns must be at least 1, got {limit} and {columns}")
    count, channels = weights.shape[:2]
    ax = axis(ax, "filters")
    words = f"{count} {kind}{'s' * (count != 1)} of {weights.shape[2]} × {weights.shape[3]}"
    numbers = range(count)
    if count > limit:
        strength = np.square(weights, dtype=np.float64).sum(axis=(1, 2, 3))
        numbers = np.sort(np.argsort(-strength, kind="stable")[:limit]).tolist()
        words = f"the {limit} strongest of {words}"
    if channels == 3:
        bound = _bound(weights)
        tiles = [0.5 + 0.5 * weights[i].transpose(1, 2, 0) / bound for i in numbers]
        _grid(ax, tiles, columns)
        ax.set(title=words + ", as RGB", xlabel=f"grey: 0, full colour: ±{bound:.3g}")
    else:
        if channels > 1:
            words += f", mean over {channels} channels"
        means = weights.mean(axis=1)
        bound = _bound(means[list(numbers)])
        _grid(ax, [means[i] for i in numbers], columns, cmap=signed(), vmin=-bound, vmax=bound)
        ax.set(title=words, xlabel=_scale(bound))
    return ax


def feature_maps(
    model: Module,
    image: Any,
    layer: str | Module,
    ax: Any = None,
    *,
    columns: int | None = None,
    limit: int = 64,
) -> Any:
    """What a layer makes of one image: its output channels in a grid, in their order, all on one scale.

    Blue for what is above 0 and bare paper for 0, if nothing is below; else red above, blue below. `layer` is a path as
    in `named_modules`, or a module. The model runs in evaluation mode; nothing is recorded. More than `limit` maps are
    cut to the first ones. A layer that is called twice shows its first call.
    Shapes: image (channels, height, width), or (1, channels, height, width).
    Errors: ShapeError for several images, or a layer whose output is no picture; OptionError for no such layer.

    >>> ax = nn.plots.feature_maps(model, image, "0")  # doctest: +SKIP
    """
    pixels = np.asarray(image.detach().numpy() if isinstance(image, ag.Tensor) else image)
    if pixels.ndim == 4 and len(pixels) != 1:
        raise ag.ShapeError(f"feature_maps: takes one image, got {len(pixels)}, {pixels.shape}; give images[0]")
    if pixels.ndim not in (3, 4):
        raise ag.ShapeError(f"feature_maps: image must be (channels, height, width), got {pixels.shape}")
    path = path_of(model, layer, "feature_maps")
    out = layer_outputs(model, pixels[None] if pixels.ndim == 3 else pixels, [path])[0]
    if out.values.ndim != 4:
        raise ag.ShapeError(
            f"feature_maps: the output of {out.label} is {out.values.shape}, and only (1, channels, height, width) can "
            "be seen as pictures"
        )
    maps = out.values[0, :limit]
    ax = axis(ax, "feature_maps")
    shown = f"{out.values.shape[1]} maps of {maps.shape[1]} × {maps.shape[2]}"
    if len(maps) < out.values.shape[1]:
        shown = f"the first {len(maps)} of {shown}"
    bound = _bound(maps)
    if (maps >= 0).all():
        _grid(ax, list(maps), columns, cmap=amounts(), vmin=0.0, vmax=bound)
        ax.set(xlabel=f"paper: 0, blue: {bound:.3g}")
    else:
        _grid(ax, list(maps), columns, cmap=signed(), vmin=-bound, vmax=bound)
        ax.set(xlabel=_scale(bound))
    ax.set(title=f"{out.label}: {shown}")
    return ax


def _weights(layer: Any) -> tuple[NDArray[Any], str]:
    """Weights (filters, channels, height, width), and what they are called."""
    held = getattr(layer, "weight", None) if isinstance(layer, Module) else layer
    if held is None:
        raise ag.OptionError(f"filters: {type(layer).__name__} has no weight; give the layer itself, such as model[0]")
    weights = np.asarray(held.detach().numpy() if isinstance(held, ag.Tensor) else held)
    side = math.isqrt(weights.shape[1]) if weights.ndim == 2 else 0
    if isinstance(layer, Linear) and side * side == weights.shape[1]:
        return weights.reshape(-1, 1, side, side), "unit"
    if weights.ndim != 4 or 0 in weights.shape:
        raise ag.ShapeError(
            f"filters: weights must be (filters, channels, height, width), those of a Conv2d; got {weights.shape}"
        )
    return weights, "filter"


def _bound(values: NDArray[Any]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size and finite.max() else 1.0


def _scale(bound: float) -> str:
    return f"blue: −{bound:.3g}, paper: 0, red: +{bound:.3g}"


def _grid(ax: Any, tiles: Sequence[NDArray[Any]], columns: int | None, **options: Any) -> None:
    """Draw pictures of one size in rows, each one an image of the axis, with a line around it."""
    height, width = tiles[0].shape[:2]
    columns = columns or math.ceil(math.sqrt(2 * len(tiles) * height / width))
    columns = min(columns, len(tiles))
    gap = _GAP * max(height, width)
    for i, tile in enumerate(tiles):
        row, column = divmod(i, columns)
        left, top = column * (width + gap), row * (height + gap)
        right, bottom = left + width, top + height
        ax.imshow(tile, extent=(left, right, bottom, top), interpolation="none", **options)
        corners = ([left, right, right, left], [top, top, bottom, bottom])
        ax.fill(*corners, fill=False, edgecolor=setting("grid.color"), linewidth=0.6)
    rows = math.ceil(len(tiles) / columns)
    bare(ax)
    ax.set(xlim=(-gap / 2, columns * (width + gap) - gap / 2), ylim=(rows * (height + gap) - gap / 2, -gap / 2))
    ax.set_aspect("equal")
