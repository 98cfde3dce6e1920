"""PyTorch under `torch.compile`: the function from a batch to the loss, forward and backward, through Inductor.

The optimizers stay as in the tuned contestant. Inductor needs a C++ compiler; where there is none, the report says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

import torch

from benchmarks.libraries import CannotRunError, pytorch
from benchmarks.problems import NETWORKS
from benchmarks.sequences import SEQUENCES
from benchmarks.step import Step

if not (shutil.which("g++") or shutil.which("clang++")):
    raise CannotRunError("torch.compile needs a C++ compiler (g++ or clang++), and none is on the path")


def describe() -> dict[str, str]:
    """As for PyTorch, and the compiler."""
    return {**pytorch.describe(), "compiler": f"Inductor with {'g++' if shutil.which('g++') else 'clang++'}"}


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": partial(pytorch.chain, prepared=torch.compile),
    "gelu": partial(pytorch.gelu, prepared=torch.compile),
    "logistic": partial(pytorch.logistic, prepared=torch.compile),
    **{
        name: partial(pytorch.train, problem, tuned=True, prepared=torch.compile)
        for name, problem in (NETWORKS | SEQUENCES).items()
    },
}
