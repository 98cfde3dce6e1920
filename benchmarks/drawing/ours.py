"""The same programs and the same chain here; the programs are those whose pictures the pages show."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import autograd_core as ag

ROOT = Path(__file__).resolve().parents[2]
DRAWN = {name: name for name in ("xor", "micrograd", "nielsen", "vanishing", "residual", "second_derivative")}
DRAWN["lenet"] = "lenet_folded"


def pictures() -> ModuleType:
    """docs/make_pictures.py."""
    spec: Any = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chain(operations: int) -> ag.Tensor:
    """A long chain of the three operations that a recurrent network repeats."""
    x = ag.tensor(np.ones(4), requires_grad=True)
    w = ag.tensor(np.full(4, 0.5), requires_grad=True)
    y = x
    for _ in range(operations // 3):
        y = ag.tanh(y * w + x)
    return y.sum()
