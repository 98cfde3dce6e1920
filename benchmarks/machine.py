"""What the numbers were measured on: processor, Python, versions, thread counts and BLAS kernels."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import numpy as np


def machine() -> dict[str, str]:
    """Processor, cores, system, Python, and how busy the machine was when the run began."""
    facts = {
        "processor": _processor() + (" (AVX-512)" if has_avx512() else ""),
        "cores": str(cores()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        facts["load before the run"] = f"{os.getloadavg()[0]:.2f}"
    if memory := _memory():
        facts["memory"] = memory
    return facts


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, OSError, ValueError):
        return ""


def version(distribution: str) -> str:
    """The installed version. A source tree on the path has none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "from source"


def numpy_kernels() -> dict[str, str]:
    """NumPy's version, and its BLAS as loaded in this process: library, kernels and threads. threadpoolctl knows."""
    facts = {"numpy": np.__version__}
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        return {**facts, "threads": "?", "kernels": "? (threadpoolctl is not installed)"}
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        **facts,
        "threads": ", ".join(str(pool["num_threads"]) for pool in pools),
        "kernels": ", ".join(f"{p['internal_api']} {p['version']} {p.get('architecture', '')}".strip() for p in pools),
    }


def native_code() -> str:
    """What autograd_core's machine code comes from in this process."""
    try:
        from autograd_core.kernels import llvm
    except ImportError:
        return "none"
    if not llvm.available():
        return "none: NumPy alone"
    return f"llvmlite {version('llvmlite')}, {8 * llvm.vector_bytes()}-bit vectors"


def has_avx512() -> bool:
    """Whether the processor has the vectors that OpenBLAS's SkylakeX kernels need."""
    return {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(_cpuinfo("flags").split())


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(field: str) -> str:
    """The first processor's line of that name in /proc/cpuinfo; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")
