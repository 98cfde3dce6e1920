"""What the library runs on: versions, matrix kernels, threads, memory, and what would make it faster."""

import os
import platform
import sys
from typing import Any

import numpy as np

from .memory import KEEP, keeps_freed_memory

_WIDE = ("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd")  # what OpenBLAS's SkylakeX kernels need


def config() -> dict[str, Any]:
    """Versions, processor, matrix libraries with their kernels and threads, and whether freed memory is kept.

    >>> sorted(ag.config())
    ['autograd_core', 'blas', 'cores', 'keeps_freed_memory', 'numpy', 'platform', 'python']
    """
    from threadpoolctl import threadpool_info

    from . import __version__

    return {
        "autograd_core": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "blas": [
            {
                "library": pool.get("internal_api"),
                "version": pool.get("version"),
                "kernels": pool.get("architecture"),
                "threads": pool.get("num_threads"),
            }
            for pool in threadpool_info()
            if pool.get("user_api") == "blas"
        ],
        "keeps_freed_memory": keeps_freed_memory(),
    }


def show_config() -> None:
    """Print `config()`, and advice where this processor could run faster kernels than the ones chosen."""
    facts = config()
    print(f"autograd-core {facts['autograd_core']}, NumPy {facts['numpy']}, Python {facts['python']}")
    print(f"{facts['platform']}, {facts['cores']} cores")
    for blas in facts["blas"]:
        print(f"BLAS: {blas['library']} {blas['version']}, {blas['kernels']} kernels, {blas['threads']} threads")
    kept = (
        f"up to {KEEP >> 20} MiB are kept for the next step"
        if facts["keeps_freed_memory"]
        else "goes back to the system"
    )
    print(f"freed memory: {kept}")
    for line in advice(facts["blas"]):
        print(f"advice: {line}")


def advice(blas: list[dict[str, Any]]) -> list[str]:
    """What would make matrix products faster on this processor."""
    slow = any(b["library"] == "openblas" and b["kernels"] in ("Haswell", "Zen") for b in blas)
    if slow and not os.environ.get("OPENBLAS_CORETYPE") and _has_wide_vectors():
        return [
            "this processor has AVX-512, but OpenBLAS chose its AVX2 kernels; set the environment variable "
            "OPENBLAS_CORETYPE=SkylakeX before Python starts, and large matrix products may take half the time"
        ]
    return []


def _has_wide_vectors() -> bool:
    if sys.platform != "linux" or not os.path.exists("/proc/cpuinfo"):
        return False
    with open("/proc/cpuinfo") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
    return all(flag in flags for flag in _WIDE)
