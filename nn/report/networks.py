"""The sections of a report that tell of trained networks: how good they are, and what they have learned.

Knows results and plots. Does not know how the page looks. A section without anything to show is None.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plots
from ..layers.activation import ReLU
from ..layers.conv import Conv2d
from ..layers.linear import Linear
from ..monitor import dead_units, layer_outputs
from ..plots.paper import sheet
from ..results import Result
from ..summary import summary
from .page import Section, columns, drawn, png

_MISTAKES = 24  # examples shown per network; the count is always given
_FILTERS = 32
_FULL, _HALF = 9.6, 4.6  # widths in inches


def cards(results: Iterable[Result], check: tuple[bool, str] | None) -> str:
    """The figures that one looks for first."""
    found = []
    for result in results:
        wrong = len(result.mistakes)
        found.append(
            f'<div class="card"><small>{escape(result.name)}: accuracy on the test set</small>'
            f"<strong>{100 * result.accuracy:.2f}&thinsp;%</strong>"
            f"<small>{wrong:,} of {result.tested:,} images wrong. {result.parameters:,} parameters, "
            f"{len(result.history)} epochs in {result.history.seconds:.1f} s"
            f"{', interrupted' if result.history.interrupted else ''}.</small></div>"
        )
    if check:
        word, mark = ("confirmed", "good") if check[0] else ("not confirmed", "bad")
        found.append(
            '<div class="card"><small>Gradient, by finite differences</small>'
            f'<strong class="verdict {mark}">{"&#10003;" if check[0] else "&#10007;"} {word}</strong>'
            f'<small><a href="#check" style="color:inherit">What was compared</a></small></div>'
        )
    return f'<div class="cards">{"".join(found)}</div>'


def curves(results: Sequence[Result]) -> Section | None:
    """Loss and accuracy by epoch."""
    histories = {result.name: result.history for result in results if len(result.history)}
    if not histories:
        return None
    scored = {name: history for name, history in histories.items() if None not in history["train_accuracy"]}
    pictures = []
    with plots.style("page"):
        for quantity, shown in (("loss", histories), ("accuracy", scored)):
            if shown:
                figure, axes = sheet(_HALF, 3.7)
                plots.learning_curves(shown, axes[0, 0], quantity=quantity)
                pictures.append(drawn(figure, f"{quantity.capitalize()} by epoch: " + ", ".join(shown)))
    return Section(
        "curves",
        "Learning curves",
        "Training (solid) is measured while the weights still change and, where there is dropout, with units left out; "
        "so validation (dashed, on images held out) can be better than training. A ring marks the best epoch.",
        columns(*pictures),
    )


def summaries(results: Iterable[Result]) -> Section | None:
    """What the networks are made of."""
    blocks = [
        f'<h3>{escape(result.name)}</h3><div class="scroll">'
        f"{summary(result.model, result.images.shape[1:])._repr_html_()}</div>"
        for result in results
    ]
    return Section(
        "networks", "Networks", "Layer by layer, from the image down to the scores of the classes.", "".join(blocks)
    )


def filters(results: Iterable[Result]) -> Section | None:
    """The weights of each first layer as pictures."""
    blocks = []
    for result in results:
        layer = next((module for module in result.model.modules() if isinstance(module, Conv2d | Linear)), None)
        if layer is None or (isinstance(layer, Linear) and math.isqrt(layer.in_features) ** 2 != layer.in_features):
            continue
        shown = min(_FILTERS, layer.weight.shape[0])
        with plots.style("page"):
            figure, axes = sheet(_HALF, _HALF * math.ceil(shown / 8) / 8 + 0.5)
            plots.filters(layer, axes[0, 0], columns=8, limit=_FILTERS)
            blocks.append(f"<h3>{escape(result.name)}</h3>" + drawn(figure, f"First filters of {result.name}"))
    if not blocks:
        return None
    return Section(
        "filters",
        "Learned filters",
        "What the first layer looks for. Red counts for a unit, blue against it; where the paper shows, it does not "
        "matter.",
        columns(*blocks),
    )


def feature_maps(results: Iterable[Result]) -> Section | None:
    """What the first two convolutions make of one test image."""
    blocks = []
    for result in results:
        image = result.images[0]
        outputs = layer_outputs(result.model, image[None])
        maps = [out for out in outputs if out.values.ndim == 4 and isinstance(out.module, ReLU)][:2]
        if not maps:
            continue
        heights = [_FULL * 0.78 * math.ceil(out.values.shape[1] / 16) / 16 + 0.5 for out in maps]
        with plots.style("page"):
            figure, axes = sheet(_FULL * 0.78, sum(heights), len(maps), gridspec_kw={"height_ratios": heights})
            for out, ax in zip(maps, axes[:, 0], strict=True):
                plots.feature_maps(result.model, image, out.module, ax, columns=16)
            picture = drawn(figure, f"Feature maps of {result.name}")
        digit = (
            f'<figure class="digit"><img class="px" alt="test image 0" src="{png(plots.pixels(_flat(image)))}">'
            f"<figcaption>{escape(result.name)} sees this</figcaption></figure>"
        )
        blocks.append(f'<div class="beside">{digit}{picture}</div>')
    if not blocks:
        return None
    return Section(
        "maps",
        "Feature maps",
        "What the filters make of the first test image, after the ReLU: the stronger the blue, the more a filter "
        "has found what it looks for at that place.",
        "".join(blocks),
    )


def outputs(results: Iterable[Result]) -> Section | None:
    """Histograms of activations, and dead units."""
    blocks = []
    for result in results:
        if not dead_units(result.model, result.images):
            continue
        with plots.style("page"):
            figure, axes = sheet(_HALF, 3.6)
            plots.activations(result.model, result.images, axes[0, 0])
            blocks.append(f"<h3>{escape(result.name)}</h3>" + drawn(figure, f"Outputs of {result.name} by layer"))
    if not blocks:
        return None
    return Section(
        "outputs",
        "Activations",
        "What the activation functions give for the first test images. A unit is dead (▲) if it is zero for every one "
        "of them: no gradient comes through it. Channels of a convolution count as one unit each.",
        columns(*blocks),
    )


def gradients(results: Iterable[Result]) -> Section | None:
    """Gradient norms by layer and epoch."""
    blocks = []
    for result in results:
        if result.norms is None or not len(result.norms):
            continue
        with plots.style("page"):
            figure, axes = sheet(_HALF, 3.4)
            plots.gradient_norms(result.norms, axes[0, 0])
            blocks.append(
                f"<h3>{escape(result.name)}</h3>" + drawn(figure, f"Gradient norms of {result.name} by layer")
            )
    if not blocks:
        return None
    return Section(
        "gradients",
        "Gradient norms",
        "The length of each layer's gradient, from the last batch of each epoch. Healthy networks keep the lines "
        "within a decade or two of each other.",
        columns(*blocks),
    )


def confusions(results: Iterable[Result]) -> Section | None:
    """Which class was taken for which."""
    blocks = []
    for result in results:
        with plots.style("page"):
            figure, axes = sheet(_HALF, 4.4)
            plots.confusion_matrix(result.confusion, result.classes, axes[0, 0])
            blocks.append(f"<h3>{escape(result.name)}</h3>" + drawn(figure, f"Confusion matrix of {result.name}"))
    return Section(
        "confusion",
        "Confusion matrices",
        "Rows are the true classes, columns the predicted ones; what is off the diagonal (red, bold) is wrong.",
        columns(*blocks),
    )


def mistakes(results: Iterable[Result]) -> Section | None:
    """Test images that were taken for something else."""
    blocks = []
    for result in results:
        shown = result.mistakes[:_MISTAKES]
        tiles = "".join(
            f'<li><img class="px" alt="test image {m.index}" src="{png(plots.pixels(_flat(m.image)))}">'
            f"says <b>{escape(m.predicted)}</b><br>is <b>{escape(m.true)}</b></li>"
            for m in shown
        )
        more = f" (the first {len(shown)} of {len(result.mistakes)})" if len(shown) < len(result.mistakes) else ""
        body = f'<ul class="tiles">{tiles}</ul>' if shown else "<p>None.</p>"
        blocks.append(f"<h3>{escape(result.name)}{more}</h3>{body}")
    return Section(
        "mistakes", "Misclassified digits", "Every test image that a network took for another digit.", "".join(blocks)
    )


def check(verdict: tuple[bool, str]) -> Section:
    """What the gradient check found."""
    return Section(
        "check",
        "Gradient check",
        "Each number is the derivative of the loss by one parameter, once from the engine and once from central "
        "differences at several steps, whose disagreement tells how far they can be trusted. The loss is that of four "
        "images with labels that are wrong on purpose: with the right ones it is flat, and there is little to compare.",
        f"<pre>{escape(verdict[1])}</pre>",
    )


def settings(results: Sequence[Result]) -> Section | None:
    """What the runs were determined by."""
    names = list(dict.fromkeys(name for result in results for name in result.settings))
    if not names:
        return None
    head = "".join(f'<th scope="col">{escape(result.name)}</th>' for result in results)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(str(result.settings.get(name, '')))}</td>" for result in results)
        + "</tr>"
        for name in names
    )
    table = f'<table class="settings"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return Section(
        "settings", "Settings", "The same seed gives the same figures again.", f'<div class="scroll">{table}</div>'
    )


def _flat(image: NDArray[Any]) -> NDArray[Any]:
    """An image (height, width) from one with a channel axis, or from a flat one."""
    if image.ndim == 1:
        side = round(image.size**0.5)
        return image.reshape(side, side)
    return np.asarray(image.mean(axis=0)) if image.ndim == 3 else image
