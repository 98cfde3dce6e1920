"""A report of trained networks as one HTML file: nothing is fetched, no script runs, it reads well on light and dark.

Knows results and how to lay them out. Does not train, and computes nothing that a result does not hold.
"""

import base64
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import plots
from .conv import Conv2d
from .files import write_whole
from .linear import Linear
from .results import Result

__all__ = ["write_report"]

_MISTAKES = 24  # examples shown per network; the count is always given
_FILTERS = 32

_CSS = """
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1c1e21; --soft: #5b626a; --rule: #dcdad3;
  --accent: #1f5fae; --good: #1a7a42; --bad: #b3261e; --cell: 31 95 174; --miss: 179 38 30;
  --series-1: #1f5fae; --series-2: #c2570c; --series-3: #1a7a42; --series-4: #7b3fa0; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --card: #1e2125; --ink: #e7e6e1; --soft: #a3a9b1;
  --rule: #383d43; --accent: #7db4f5; --good: #6cc990; --bad: #ff8f84; --cell: 110 170 245; --miss: 255 120 108;
  --series-1: #7db4f5; --series-2: #f5a15c; --series-3: #6cc990; --series-4: #c99bea; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.8rem 0 .3rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .3rem 0 .9rem; max-width: 46rem; }
.soft, figcaption, .card small { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin: 1.6rem 0 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem 1.2rem; }
.card strong { display: block; font-size: 2.3rem; line-height: 1.15; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.card small { display: block; font-size: .875rem; }
.card .verdict { font-size: 1.3rem; line-height: 1.4; padding: .45rem 0 .4rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
figure { margin: .8rem 0 0; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { font-size: .875rem; margin-top: .3rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem 2.5rem; }
.scroll { overflow-x: auto; }
img.px { image-rendering: pixelated; display: block; border-radius: 3px; }
.tiles { display: flex; flex-wrap: wrap; gap: .55rem; padding: 0; margin: .6rem 0 0; list-style: none; }
.tiles.small img { width: 3.2rem; height: 3.2rem; border: 1px solid var(--rule); }
.tiles.digits li { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .5rem;
  font-size: .8125rem; line-height: 1.35; width: 6.6rem; }
.tiles.digits img { width: 100%; aspect-ratio: 1; margin-bottom: .35rem; background: #fff; }
.tiles.digits b { font-weight: 650; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.confusion th, .confusion td { width: 2.05rem; height: 1.9rem; text-align: center; font-size: .8125rem; padding: 0; }
.confusion th { font-weight: 500; color: var(--soft); }
.confusion td { border: 1px solid var(--paper); border-radius: 4px; }
.confusion .zero { color: transparent; background: rgb(var(--cell) / .04); }
.confusion .wrong { font-weight: 650; background: rgb(var(--miss) / .25); }
.confusion caption { text-align: left; padding-bottom: .3rem; font-weight: 600; }
.settings td, .settings th { text-align: left; vertical-align: top; padding: .25rem 1.4rem .25rem 0; font-size: .875rem;
  border-bottom: 1px solid var(--rule); font-weight: 400; }
.settings thead th { color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto;
  font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.graph { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem; overflow-x: auto; }
.graph svg { width: 100%; min-width: 44rem; height: auto; display: block; }
.graph svg text { fill: var(--ink); font-family: inherit; }
.graph .graph > polygon { fill: none; }
.graph .cluster path, .graph .cluster polygon { fill: rgb(var(--cell) / .06); stroke: var(--rule); }
.graph .edge path { stroke: var(--soft); } .graph .edge polygon { fill: var(--soft); stroke: var(--soft); }
.graph .operation path, .graph .output path { fill: var(--card); stroke: var(--soft); }
.graph .output path { stroke: var(--ink); }
.graph .parameter ellipse { fill: rgb(var(--cell) / .2); stroke: var(--accent); }
.graph .input polygon { fill: var(--card); stroke: var(--good); }
.graph .constant polygon, .graph .constant path { fill: none; stroke: var(--soft); }
@media (max-width: 34rem) { main { padding-top: 1.5rem; } .confusion th, .confusion td { width: 1.7rem; } }
@media print { h2, figure, .card { break-inside: avoid; } }
"""


def write_report(
    path: str | os.PathLike[str],
    results: Sequence[Result],
    *,
    title: str,
    summary: str,
    check: tuple[bool, str] | None = None,
    graph: Any = None,
    graph_of: str = "",
) -> Path:
    """Write the report of some trained networks; returns its path.

    `check` is the verdict of a numerical gradient check and what it says, `graph` an `ag.draw` of one network.
    Errors: ImportError without matplotlib.
    """
    sections = [_cards(results, check), _curves({result.name: result.history for result in results})]
    sections += [_filters(results), _confusions(results), _mistakes(results)]
    sections += [_check(check)] if check else []
    sections += [_graph(graph, graph_of)] if graph is not None else []
    sections.append(_settings(results))
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{escape(title)}</h1>\n<p class='soft'>{escape(summary)}</p></header>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )
    return write_whole(path, page.encode())


def _cards(results: Iterable[Result], check: tuple[bool, str] | None) -> str:
    cards = []
    for result in results:
        wrong = len(result.mistakes)
        cards.append(
            f'<div class="card"><small>{escape(result.name)}: accuracy on the test set</small>'
            f"<strong>{100 * result.accuracy:.2f}&thinsp;%</strong>"
            f"<small>{wrong:,} of {result.tested:,} images wrong. {result.parameters:,} parameters, "
            f"{len(result.history)} epochs in {result.history.seconds:.1f} s"
            f"{', interrupted' if result.history.interrupted else ''}.</small></div>"
        )
    if check:
        word, mark = ("confirmed", "good") if check[0] else ("not confirmed", "bad")
        cards.append(
            '<div class="card"><small>Gradient, by finite differences</small>'
            f'<strong class="verdict {mark}">{"&#10003;" if check[0] else "&#10007;"} {word}</strong>'
            f'<small><a href="#check" style="color:inherit">What was compared</a></small></div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _curves(histories: Mapping[str, Any]) -> str:
    if not any(len(history) for history in histories.values()):
        return ""
    return _section(
        "Learning curves",
        "Training is measured while the weights still change and, where there is dropout, with units left out; so "
        "validation can be better than training.",
        f'<figure class="scroll">{plots.learning_curves(histories)}<figcaption>Solid: training. '
        "Dashed: validation, on images held out of the training set.</figcaption></figure>",
    )


def _filters(results: Iterable[Result]) -> str:
    blocks = []
    for result in results:
        kernels, words = _first_weights(result)
        if kernels is None:
            continue
        tiles = "".join(
            f'<li><img class="px" alt="filter {i}" src="{_png(plots.pixels(kernel, signed=True))}"></li>'
            for i, kernel in enumerate(kernels)
        )
        blocks.append(f'<div><h3>{escape(result.name)}: {words}</h3><ul class="tiles small">{tiles}</ul></div>')
    if not blocks:
        return ""
    return _section(
        "Learned filters",
        "What the first layer looks for. Red counts for a unit, blue against it, white does not matter.",
        f'<div class="pair">{"".join(blocks)}</div>',
    )


def _first_weights(result: Result) -> tuple[NDArray[Any] | None, str]:
    """The first layer's weights as images: those of largest norm, if there are too many."""
    layer = next((module for module in result.model.modules() if isinstance(module, Conv2d | Linear)), None)
    if layer is None:
        return None, ""
    weights = layer.weight.detach().numpy()
    if isinstance(layer, Conv2d):
        images, words = (
            weights.mean(axis=1),
            f"{len(weights)} kernels of {weights.shape[2]}&thinsp;&times;&thinsp;{weights.shape[3]}",
        )
    else:
        side = round(weights.shape[1] ** 0.5)
        if side * side != weights.shape[1]:
            return None, ""
        images, words = weights.reshape(-1, side, side), f"{len(weights)} units"
    if len(images) > _FILTERS:
        strongest = np.sort(np.argsort(-np.square(images).sum(axis=(1, 2)), kind="stable")[:_FILTERS])
        images, words = images[strongest], f"the {_FILTERS} strongest of {words}"
    return images, words


def _confusions(results: Iterable[Result]) -> str:
    return _section(
        "Confusion matrix",
        "Rows are the true classes, columns the predicted ones; what is off the diagonal is wrong.",
        f'<div class="pair">{"".join(_confusion(result) for result in results)}</div>',
    )


def _confusion(result: Result) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in result.classes)
    rows = []
    for i, name in enumerate(result.classes):
        most = max(int(result.confusion[i].sum()), 1)
        cells = []
        for j, count in enumerate(result.confusion[i].tolist()):
            if i == j:
                cells.append(f'<td style="background: rgb(var(--cell) / {0.12 + 0.5 * count / most:.2f})">{count}</td>')
            else:
                cells.append(f'<td class="{"wrong" if count else "zero"}">{count}</td>')
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="scroll"><table class="confusion"><caption>{escape(result.name)}</caption>'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _mistakes(results: Iterable[Result]) -> str:
    blocks = []
    for result in results:
        shown = result.mistakes[:_MISTAKES]
        tiles = "".join(
            f'<li><img class="px" alt="test image {m.index}" src="{_png(plots.pixels(_flat(m.image)))}">'
            f"says <b>{escape(m.predicted)}</b><br>is <b>{escape(m.true)}</b></li>"
            for m in shown
        )
        more = f" (the first {len(shown)} of {len(result.mistakes)})" if len(shown) < len(result.mistakes) else ""
        body = f'<ul class="tiles digits">{tiles}</ul>' if shown else "<p>None.</p>"
        blocks.append(f"<h3>{escape(result.name)}{more}</h3>{body}")
    return _section("Misclassified digits", "Every test image that a network took for another digit.", "".join(blocks))


def _check(check: tuple[bool, str]) -> str:
    return _section(
        "Gradient check",
        "Each number is the derivative of the loss by one parameter, once from the engine and once from central "
        "differences at several steps, whose disagreement tells how far they can be trusted. The loss is that of four "
        "images with labels that are wrong on purpose: with the right ones it is flat, and there is little to compare.",
        f"<pre>{escape(check[1])}</pre>",
        anchor="check",
    )


def _graph(graph: Any, name: str) -> str:
    try:
        svg = graph.render("svg").decode()
        svg = re.sub(r"(?s)<!--.*?-->\s*", "", svg[svg.index("<svg") :])
        picture = f'<figure class="graph">{svg}</figure>'
    except ImportError as error:
        picture = f"<pre>{escape(str(graph))}\n\n{escape(str(error))}</pre>"
    return _section(
        "Computation graph",
        f"What the engine recorded in one forward pass of {name}, down to the loss. Ellipses are parameters, boxes are "
        "operations with the shape of their result, dashed boxes are constants such as images and labels, and the "
        "double frame is what the gradient is taken of.",
        picture,
    )


def _settings(results: Sequence[Result]) -> str:
    names = list(dict.fromkeys(name for result in results for name in result.settings))
    if not names:
        return ""
    head = "".join(f'<th scope="col">{escape(result.name)}</th>' for result in results)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(str(result.settings.get(name, '')))}</td>" for result in results)
        + "</tr>"
        for name in names
    )
    table = f'<table class="settings"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return _section("Settings", "The same seed gives the same figures again.", f'<div class="scroll">{table}</div>')


def _section(title: str, words: str, body: str, anchor: str = "") -> str:
    mark = f' id="{anchor}"' if anchor else ""
    return f'<section{mark}>\n<h2>{title}</h2>\n<p class="soft">{words}</p>\n{body}\n</section>'


def _flat(image: NDArray[Any]) -> NDArray[Any]:
    """An image (height, width) from one with a channel axis, or from a flat one."""
    if image.ndim == 1:
        side = round(image.size**0.5)
        return image.reshape(side, side)
    return image.mean(axis=0) if image.ndim == 3 else image


def _png(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()
