"""Layers, losses, optimizers, schedulers and whole models beside PyTorch, on one page.

``python -m benchmarks.networks [--settings N] [--page FILE]`` runs `benchmarks.layers`, `benchmarks.optimizers` and
`benchmarks.exchange`, and writes docs/networks.md.
"""

from __future__ import annotations

import argparse
import platform
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks import exchange
from benchmarks.layers.module_db import compare_samples, without_counterpart
from benchmarks.layers.settings import compare_family
from benchmarks.layers.tally import Row
from benchmarks.optimizers.__main__ import SEARCHING, TOLERATED
from benchmarks.optimizers.rows import rows as optimizer_rows
from tests.nn.samples import FAMILIES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "networks.md"


def main() -> int:
    """Compare everything and write the page; 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=main.__doc__)
    parser.add_argument("--settings", type=int, default=200, help="random settings of each class (200)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the results are written (docs/networks.md)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # what PyTorch says of the settings
    layers = [_said(compare_family(family, options.settings)) for family in FAMILIES.values()]
    samples = {row.name: row for row in map(_said, compare_samples(set()))}
    optimizers = [_said(row) for row in optimizer_rows(options.settings)]
    models = [_said(row) for row in exchange.rows()]
    wrong = sum(len(row.failures) for row in [*layers, *samples.values()])
    wrong += sum(not row.difference <= SEARCHING.get(row.name, TOLERATED) for row in optimizers)
    wrong += sum(not row.ok for row in models)
    options.page.write_text(_page(layers, samples, optimizers, models, wrong))
    print(f"{wrong} differ; the page is {options.page}")
    return int(wrong > 0)


def _said(row: object) -> object:
    print(row, flush=True)
    for failure in getattr(row, "failures", []):
        print(f"    {failure}", flush=True)
    return row


def _page(layers: list[Row], samples: dict[str, Row], optimizers: list, models: list, wrong: int) -> str:
    import torch

    compared = sum(row.compared for row in layers), sum(row.compared for row in samples.values())
    steps = sum(row.settings for row in optimizers)
    lines = [
        "# Networks beside PyTorch",
        "",
        "Written by `make networks`: the same layers with the same parameters on the same inputs, here and in PyTorch "
        f"{torch.__version__.partition('+')[0]} (NumPy {np.__version__}, Python {platform.python_version()}).",
        "",
        f"- Layers and losses: {compared[0]:,} random settings of {sum(r.compared > 0 for r in layers)} classes, and "
        f"{compared[1]:,} of PyTorch's own samples (`module_db`) of {sum(r.compared > 0 for r in samples.values())}: "
        "outputs, gradients of inputs and parameters, buffers afterwards, names and shapes of the state.",
        f"- Optimizers and schedulers: {steps:,} settings, PyTorch's `optim_db` among them.",
        f"- {len(models)} architectures whose weights and graphs went both ways.",
        f"- Without an explanation: {wrong} differences.",
        "",
        "Differences are relative to the largest number of each array, or absolute where that is below 1.",
        "",
        "## Layers and losses",
        "",
        "float64. A setting is left out where PyTorch cannot be asked: the reason stands beside it.",
        "",
        "| class | settings | largest difference | module_db | largest difference | left out |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for row in sorted(layers, key=lambda row: row.name.lower()):
        other = samples.get(row.name)
        theirs = (f"{other.compared}", f"{other.largest:.1e}") if other and other.compared else ("", "")
        reasons = dict(row.skipped) | (dict(other.skipped) if other else {})
        left = "; ".join(f"{count}: {reason}" for reason, count in reasons.items())
        ours = (f"{row.compared}", f"{row.largest:.1e}") if row.compared else ("", "")
        lines.append(f"| {row.name} | {ours[0]} | {ours[1]} | {theirs[0]} | {theirs[1]} | {left} |")
    lines += [
        "",
        f"In PyTorch's samples but not here: {', '.join(without_counterpart())}.",
        "",
        "## Optimizers and schedulers",
        "",
        "| class | settings | largest difference | compared |",
        "|---|--:|--:|---|",
        *(f"| {row.name} | {row.settings} | {row.difference:.1e} | {row.note} |" for row in optimizers),
        "",
        "## Models that go both ways",
        "",
        "float32. Weights through safetensors files, loaded strictly: written here and read by PyTorch, and the other "
        "way round. Graphs through ONNX files, run by onnxruntime on another batch size, and read back here.",
        "",
        "| architecture | numbers | to PyTorch | from PyTorch | onnxruntime | read back |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {row.name} | {row.parameters:,} | {row.to_pytorch:.1e} | {row.from_pytorch:.1e} | {row.onnx:.1e} | "
            f"{row.read_back:.1e} |"
            for row in models
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
