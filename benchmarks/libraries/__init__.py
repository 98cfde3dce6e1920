"""The contestants, one file each; this file is their list and imports none of them.

Each file offers `STEPS`, from the name of a row to a function of no arguments that builds its `Step`, and
`describe()`, which says what the library runs on. A row that a library cannot do, or does only by another road, is not
in its `STEPS`. A file may offer `CURVES`, from the name of a family (`families.py`) to a function of the size, and
`product(a, b)`, which returns a function that multiplies two matrices once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


class CannotRunError(Exception):
    """The package is there, but something that it needs is not. The message says what; the report repeats it."""


@dataclass(frozen=True)
class Library:
    """Where a contestant is found, and in which company it is shown.

    `module` is its file here, `package` what has to be installed. The row `import` times `importing` in a fresh
    interpreter that has already executed `beforehand`. `environment` is set for its process. `cache` names the
    variables that say where compiled programs are kept: they get an empty folder for the first call, and the same
    folder in a new process for the second. `shown`: in the tables and pictures that everybody looks at; in the curves
    only; among the other libraries; or among our own variants.
    """

    title: str
    module: str
    package: str
    shown: Literal["first", "curves", "others", "variants"] = "first"
    importing: str | None = None
    beforehand: str = "import numpy"
    environment: dict[str, str] = field(default_factory=dict)
    cache: tuple[str, ...] = ()
    avx512: bool = False  # makes sense only on such a processor


# OpenBLAS takes its AVX2 kernels on some processors that have AVX-512; this makes it take the others.
AVX512 = {"OPENBLAS_CORETYPE": "SkylakeX"}
NUMPY_ALONE = {"AUTOGRAD_CORE_NATIVE": "0"}
OURS = "autograd_core"
OUR_CACHE = ("AUTOGRAD_CORE_CACHE",)

LIBRARIES = {
    "ours": Library("autograd-core eager", "ours", OURS, importing="import autograd_core, nn", cache=OUR_CACHE),
    "captured": Library("autograd-core captured", "captured", OURS, cache=OUR_CACHE),
    "torch": Library("PyTorch", "pytorch", "torch", importing="import torch", beforehand="pass"),
    "torch_compile": Library("torch.compile", "pytorch_compiled", "torch", cache=("TORCHINDUCTOR_CACHE_DIR",)),
    "jax": Library(
        "JAX jit", "jax_jit", "jax", importing="import jax, jax.numpy", cache=("JAX_COMPILATION_CACHE_DIR",)
    ),
    "torch_tuned": Library("PyTorch, tuned", "pytorch_tuned", "torch", "others"),
    "autograd": Library("autograd", "hips", "autograd", "others", importing="import autograd, autograd.numpy"),
    "mygrad": Library("MyGrad", "mygrad_", "mygrad", "others", importing="import mygrad, mygrad.nnet"),
    "tinygrad": Library("tinygrad", "tinygrad_", "tinygrad", "others", importing="import tinygrad"),
    "micrograd": Library("micrograd", "micrograd_", "micrograd", "others", importing="import micrograd.engine"),
    "numpy": Library("NumPy by hand", "numpy_by_hand", "numpy", "others"),
    "uncollected": Library("eager, gc disabled", "uncollected", OURS, "curves"),
    "ours_numpy": Library("eager, NumPy alone", "ours", OURS, "variants", environment=NUMPY_ALONE),
    "captured_numpy": Library("captured, NumPy alone", "captured", OURS, "variants", environment=NUMPY_ALONE),
    "ours_avx512": Library("eager, AVX-512 BLAS", "ours", OURS, "variants", environment=AVX512, avx512=True),
    "captured_avx512": Library(
        "captured, AVX-512 BLAS", "captured", OURS, "variants", environment=AVX512, cache=OUR_CACHE, avx512=True
    ),
}
