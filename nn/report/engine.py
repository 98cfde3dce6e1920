"""The sections of the demonstration's report that tell of the engine: what it records, what that costs, what it shows.

Knows graphs, profiles and the moons, and how to lay them out. Computes none of them.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from .. import plots
from ..moons import Moons
from ..plots.paper import sheet
from .page import Section, columns, drawn

_FULL, _HALF = 9.6, 4.6


def learning_in_the_plane(moons: Moons) -> Section:
    """Decision boundaries as they are learned."""
    with plots.style("page"):
        count = len(moons.boundaries)
        figure, axes = sheet(_FULL, 3.3, 1, count, sharex=True, sharey=True)
        for ax, (name, model) in zip(axes[0], moons.boundaries.items(), strict=True):
            plots.decision_boundary(model, moons.points, moons.labels, ax, resolution=100)
            ax.set(title=name)
            if ax is not axes[0, 0]:
                ax.get_legend().remove()
        picture = drawn(figure, "Decision boundaries of a small network on two moons")
    return Section(
        "boundary",
        "A boundary is learned",
        f"{len(moons.points)} points of two half moons, and what a network with two hidden layers of 32 ReLU units "
        "makes of the plane. On the line both classes are equally probable; the stronger the colour, the surer.",
        picture,
    )


def what_goes_wrong(moons: Moons) -> Section:
    """Gradients that vanish, units that die."""
    blocks = []
    with plots.style("page"):
        figure, axes = sheet(_FULL, 3.6, 1, len(moons.gradients), sharey=True)
        for ax, (name, record) in zip(axes[0], moons.gradients.items(), strict=True):
            plots.gradient_norms(record, ax)
            ax.set(title=name)
        blocks.append(
            drawn(
                figure,
                "Gradient norms by layer in two deep networks",
                "Gradient norms in two networks of twelve hidden layers, orange the first layer, blue the last. With "
                "sigmoid units each layer passes on a fraction of the gradient, and the first ones get next to "
                "nothing: they do not learn, and neither do the others. ReLU units with weights of the right size pass "
                "all of it on.",
            )
        )
        pictures = []
        for name, model in moons.rates.items():
            figure, axes = sheet(_HALF, 2.9)
            plots.activations(model, moons.points, axes[0, 0])
            axes[0, 0].set(title=name)
            pictures.append(drawn(figure, f"Outputs by layer after training at {name}"))
    blocks.append(columns(*pictures))
    blocks.append(
        '<p class="soft">The same network after 50 epochs. Steps that are far too large have thrown most units to '
        "where they give zero for every point, and no gradient brings them back.</p>"
    )
    return Section(
        "illness",
        "What goes wrong",
        "Two common illnesses of networks, on the same points, and how they show.",
        "".join(blocks),
    )


def computation_graph(folded: Mapping[str, Any], unfolded: Mapping[str, Any], name: str, link: str = "") -> Section:
    """What was recorded: graphs by theme, each folded to modules and not, and where to find one to play with."""
    body = ""
    try:
        for theme in ("light", "dark"):
            pictures = (
                _inline(graph[theme].render("svg").decode(), f"{theme}-{i}")
                for i, graph in enumerate((folded, unfolded))
            )
            body += (
                f'<div class="graphs on-{theme}">'
                + "".join(f'<figure tabindex="0">{svg}</figure>' for svg in pictures)
                + "</div>"
            )
    except ImportError as error:
        body = f"<pre>{escape(str(unfolded['light']))}\n\n{escape(str(error))}</pre>"
    if link:
        body += (
            f'<p><a href="{escape(link)}">The same graph to play with</a>: fold and unfold modules, search, look at '
            "every value and gradient, and step through the sweep.</p>"
        )
    return Section(
        "graph",
        "Computation graph",
        f"What the engine recorded in one forward pass of {escape(name)}, down to the loss, with the gradients after "
        "the sweep: folded to modules, from left to right, and unfolded. Both go on where they are cut off: scroll.",
        body,
    )


def profile(found: Any, name: str) -> Section:
    """Where time and memory go."""
    return Section(
        "profile",
        "One training step, measured",
        f"Where time and memory went in one step of {escape(name)}, forward and backward.",
        f"<figure>{found.svg}</figure><details><summary>As tables</summary><pre>{escape(str(found))}</pre></details>",
    )


def _inline(svg: str, mark: str) -> str:
    """An SVG element whose names do not clash with those of the other one on the page."""
    svg = re.sub(r"(?s)<!--.*?-->\s*", "", svg[svg.index("<svg") :])
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{mark}-", svg)
    return svg.replace("<svg", '<svg role="img" aria-label="computation graph"', 1).strip()
