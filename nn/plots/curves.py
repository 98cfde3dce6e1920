"""Curves over time: the loss and the accuracy of training, and the norms of gradients by layer.

Knows what History and GradientNorms hold. Does not know how it came about.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from ..history import Epoch, History
from ..monitor import GradientNorms
from .paper import axis, depth_colors, marker, series, setting

__all__ = ["gradient_norms", "learning_curves"]

_QUANTITIES = ("loss", "accuracy")
_LABELS = 6  # so many lines are labelled wherever they end; of more, those whose labels have room


def learning_curves(
    histories: History | Sequence[float] | Mapping[str, History | Sequence[float]],
    ax: Any = None,
    *,
    quantity: str = "loss",
) -> Any:
    """The loss (on a logarithmic scale) or the accuracy by epoch: training solid, validation dashed, the best ringed.

    `histories` is one History or several by name; a plain list of losses or accuracies will do for one. `quantity` is
    "loss" or "accuracy": one to an axis.
    Errors: OptionError for no history, for one without epochs or without that quantity.

    >>> ax = nn.plots.learning_curves(history, quantity="accuracy")  # doctest: +SKIP
    """
    if quantity not in _QUANTITIES:
        raise ag.OptionError(f"learning_curves: quantity must be {' or '.join(_QUANTITIES)}, got {quantity!r}")
    given = histories if isinstance(histories, Mapping) else {"": histories}
    if not given:
        raise ag.OptionError("learning_curves: there is no history")
    curves = {name: _history(history, name, quantity) for name, history in given.items()}
    ax = axis(ax, "learning_curves")
    drawn, floor = [], []
    for i, (name, history) in enumerate(curves.items()):
        for part, dashes in (("train", "-"), ("validation", (0, (3, 2)))):
            values = history[f"{part}_{quantity}"]
            if None in values:
                continue
            numbers = history["number"]
            label = ", ".join(filter(None, [name, "training" if part == "train" else part]))
            every = max(1, len(numbers) // 6)
            shape = marker(i) if len(curves) > 1 or len(numbers) == 1 else None
            ax.plot(
                *(numbers, values),
                **{"color": series(i), "linestyle": dashes, "label": label},
                **{"marker": shape, "markersize": 4, "markevery": (i * every // 3, every)},
            )
            drawn += values
            floor.append(np.quantile(values, 0.1))
            if part == "validation" and len(values) > 1:
                best = int(np.nanargmax(values) if quantity == "accuracy" else np.nanargmin(values))
                ring = {"markersize": 9, "markerfacecolor": "none", "markeredgecolor": series(i), "linestyle": ""}
                ax.plot([numbers[best]], [values[best]], marker="o", label="_best", **ring)
    ax.set(xlabel="epoch", title=quantity.capitalize())
    if max(map(len, curves.values())) == 1:
        ax.set_xticks(sorted({history.last.number for history in curves.values()}))
    else:
        ax.locator_params(axis="x", integer=True)
    if quantity == "accuracy":
        lowest = max(0.0, math.floor(20 * min(floor)) / 20 - 0.01)  # below most of the curves, not their first part
        ax.set_ylim(lowest, 1.004 if lowest > 0.8 else 1.02)
        ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:g} %")
        ax.legend(loc="lower right")
    else:
        if min(drawn) > 0:
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            close = max(drawn) < 100 * min(drawn)
            ax.yaxis.set_minor_formatter(lambda y, _: f"{y:g}" if close and f"{y:e}"[0] in "25" else "")
        ax.legend(loc="upper right")
    return ax


def _history(history: Any, name: str, quantity: str) -> History:
    """A History, made of a plain list if need be."""
    what = f"learning_curves: the history{f' {name!r}' if name else ''}"
    if not isinstance(history, History):
        values = np.asarray(history, dtype=object) if isinstance(history, Sequence | np.ndarray) else None
        if values is None or values.ndim != 1 or not all(isinstance(v, int | float | np.number) for v in values):
            raise ag.OptionError(f"{what} must be a History or a list of numbers, got {type(history).__name__}")
        losses = quantity == "loss"
        history = History(
            [Epoch(i, *((float(v),) if losses else (math.nan, float(v)))) for i, v in enumerate(values, start=1)]
        )
    if not len(history):
        raise ag.OptionError(f"{what} has no epoch yet; train first")
    if None in history[f"train_{quantity}"]:
        raise ag.OptionError(f"{what} has no {quantity}, because its targets are no classes; plot the loss")
    return history


def gradient_norms(record: GradientNorms, ax: Any = None) -> Any:
    """The norm of each layer's gradient over time, on a logarithmic scale: orange for the first layer, blue the last.

    Where gradients vanish the lines of early layers lie decades below those of late ones; where they explode, above. A
    gradient of zero is a triangle at the bottom, an infinite one or a NaN a cross at the top; a gap means none.
    Errors: OptionError for a record that is empty.

    >>> norms = nn.monitor.GradientNorms(model)  # doctest: +SKIP
    >>> fit = {"epochs": 9, "optimizer": optimizer, "progress": False}  # doctest: +SKIP
    >>> history = nn.train.fit(model, data, callbacks=[norms], **fit)  # doctest: +SKIP
    >>> ax = nn.plots.gradient_norms(norms)  # doctest: +SKIP
    """
    if not isinstance(record, GradientNorms):
        raise ag.OptionError(f"gradient_norms: expects a nn.monitor.GradientNorms, got {type(record).__name__}")
    if not len(record):
        raise ag.OptionError(
            "gradient_norms: nothing was recorded; call record() after backward(), or give the record to fit as a "
            "callback"
        )
    ax = axis(ax, "gradient_norms")
    ax.set_yscale("log")
    at = np.asarray(record.at)
    odd, ends = [], []
    for path, color in zip(record.layers, depth_colors(len(record.layers)), strict=True):
        norms = np.array([np.nan if norm is None else norm for norm in record.norms[path]])
        shown = np.where(np.isfinite(norms) & (norms > 0), norms, np.nan)
        label = f"{path} {record.kinds[path]}".strip()
        few = "o" if np.isfinite(shown).sum() <= 2 else None
        ax.plot(at, shown, color=color, label=label, marker=few, markersize=4)
        if np.isfinite(shown).any():
            last = int(np.flatnonzero(np.isfinite(shown))[-1])
            ends.append((float(shown[last]), label, color))
        broken = np.array([norm is not None and not math.isfinite(norm) for norm in record.norms[path]])
        odd += [(at[norms == 0], "v", 0.02, f"{label}: zero", color), (at[broken], "X", 0.98, f"{label}: NaN", color)]
    for places, shape, height, label, color in odd:
        if len(places):
            edge = ax.get_xaxis_transform()
            points = {"linestyle": "", "marker": shape, "color": color, "markersize": 7, "clip_on": False}
            ax.plot(places, np.full(len(places), height), transform=edge, label=label, **points)
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel=record.unit, title="Gradient norm by layer, orange the first, blue the last")
    ax.margins(x=0.02)
    _label_ends(ax, ends)
    return ax


def _label_ends(ax: Any, ends: list[tuple[float, str, Any]]) -> None:
    """Write names beside the right ends of lines, as near as they can be without one lying on the other."""
    if not ends:
        return
    low, high = np.log(ax.get_ylim())
    size = 0.85 * setting("font.size")
    inches = ax.get_figure().get_figheight() * ax.get_position().height
    step = min(1.25 * size / 72 / inches, 1 / min(len(ends), _LABELS))

    def height(end: tuple[float, str, Any]) -> float:
        return (math.log(end[0]) - low) / (high - low)

    if len(ends) > _LABELS:  # the first, the last, and those that are far enough from any other
        chosen = [ends[0], ends[-1]]
        for end in ends[-2:0:-1]:
            if all(abs(height(end) - height(other)) >= step for other in chosen):
                chosen.append(end)
        ends = chosen
    ends = sorted(ends, key=height)
    wanted = [height(end) for end in ends]
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step) if places else place)
    excess = places[-1] - max(1.0, wanted[-1])
    if excess > 0:
        places[-1] -= excess
        for i in reversed(range(len(places) - 1)):
            places[i] = min(places[i], places[i + 1] - step)
    for (value, label, color), place in zip(ends, places, strict=True):
        ax.annotate(
            label,
            (ax.get_xlim()[1], value),
            **{"xycoords": "data", "xytext": (1.03, place), "textcoords": "axes fraction", "va": "center"},
            **{"fontsize": size, "color": setting("text.color"), "annotation_clip": False},
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "shrinkA": 1,
                "shrinkB": 0,
                "linewidth": 1.2,
                "relpos": (0, 0.5),
            },
        )
