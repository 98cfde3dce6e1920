"""The libraries measured, one file each; this file is their list and imports none of them.

Each file offers `STEPS`, from the name of a row to a function of no arguments that builds its `Step`, and
`describe()`, which says what the library runs on. A row that a library cannot do, or does only by another road, is not
in its `STEPS`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """Where a library is found.

    `module` is its file here, `package` what has to be installed. The row `import` times `importing` in a fresh
    interpreter that has already executed `beforehand`.
    """

    title: str
    module: str
    package: str
    importing: str | None = None
    beforehand: str = "import numpy"


LIBRARIES = {
    "ours": Library("autograd_core", "ours", "autograd_core", importing="import autograd_core, nn"),
    "torch": Library("PyTorch", "pytorch", "torch", importing="import torch", beforehand="pass"),
    "torch_tuned": Library("PyTorch, tuned", "pytorch_tuned", "torch"),
    "jax": Library("JAX jit", "jax_jit", "jax", importing="import jax, jax.numpy"),
    "autograd": Library("HIPS autograd", "hips", "autograd", importing="import autograd, autograd.numpy"),
    "mygrad": Library("MyGrad", "mygrad_", "mygrad", importing="import mygrad, mygrad.nnet"),
    "numpy": Library("NumPy by hand", "numpy_by_hand", "numpy"),
}
