"""What the library runs on: processor, versions, matrix kernels, threads, machine code, memory; and what would help.

Gathers facts and prints them. What follows from them is said in `advising`.
"""

import os
import platform
import sys
from typing import Any

import numpy as np

from .kernels import llvm
from .memory import KEEP, keeps_freed_memory
from .parallel import blas_threads, cores, get_num_threads

__all__ = ["config", "show_config"]

_FEATURES = {  # as they are sold, by NumPy's names, and the width of their vectors in bits
    "AVX512F": ("AVX-512", 512),
    "AVX2": ("AVX2", 256),
    "AVX": ("AVX", 256),
    "SVE": ("SVE", 128),
    "ASIMD": ("NEON", 128),
    "VSX": ("VSX", 128),
    "VX": ("VX", 128),
    "LSX": ("LSX", 128),
    "SSE42": ("SSE4.2", 128),
}
_SETTINGS = (  # of the environment, that matter here
    "AUTOGRAD_CORE_CACHE",
    "AUTOGRAD_CORE_KEEP_MEMORY",
    "AUTOGRAD_CORE_NATIVE",
    "AUTOGRAD_CORE_NUM_THREADS",
    "GLIBC_TUNABLES",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
)


def config() -> dict[str, Any]:
    """Versions, processor, matrix library with its kernels, threads, machine code and memory, as plain data.

    `cores` are those that this process may use, and `quota` is what a container allows it of them, if that is less.
    `threads` is what `get_num_threads` says, and `blas_threads` what NumPy's BLAS may use, None if it cannot be told.

    >>> facts = ag.config()
    >>> facts["threads"] == ag.get_num_threads(), facts["processor"]["vector_bits"] >= 128
    (True, True)
    """
    from threadpoolctl import threadpool_info

    from . import __version__

    return {
        "autograd_core": __version__,
        "numpy": np.__version__,
        "numpy_simd": _numpy_simd(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "quota": _quota(),
        "threads": get_num_threads(),
        "blas_threads": blas_threads(),
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
        "machine_code": _machine_code(),
        "keeps_freed_memory": keeps_freed_memory(),
        "settings": {name: os.environ[name] for name in sorted(os.environ) if name in _SETTINGS or "MALLOC_" in name},
    }


def show_config(measure: bool = True) -> None:
    """Print what `config` finds, and what would make things faster here.

    With `measure`, advice that costs time to check is checked: where other matrix kernels could be chosen, both are
    tried, which takes about a second. From a shell: ``python -m autograd_core``.

    >>> ag.show_config(measure=False)  # doctest: +ELLIPSIS
    autograd-core ...
    """
    from textwrap import fill

    from .advising import advice

    facts = config()
    print(described(facts))
    found = advice(facts, measure)
    for line in found:
        print(fill(line, 118, initial_indent="- ", subsequent_indent="  "))
    if not found:
        print("Nothing to advise: this is set up well.")


def described(facts: dict[str, Any]) -> str:
    """The facts in words, one line for each thing."""
    processor = facts["processor"]
    lines = [
        (
            f"autograd-core {facts['autograd_core']}",
            f"NumPy {facts['numpy']}, Python {facts['python']}, {facts['platform']}",
        ),
        (
            "processor",
            f"{processor['name']}, {_count(facts['cores'], 'core')}"
            + (f", of which a container allows {facts['quota']:g}" if facts["quota"] else "")
            + f"; {', '.join(processor['features'])}: vectors of {processor['vector_bits']} bits",
        ),
        ("NumPy uses", ", ".join(facts["numpy_simd"]) or "unknown"),
    ]
    for blas in facts["blas"] or [{}]:
        kernels = f", {blas['kernels']} kernels" if blas.get("kernels") else ""
        known = f"{blas.get('library')} {blas.get('version')}{kernels}, {_count(blas.get('threads'), 'thread')}"
        lines.append(("matrix products", known if blas else "NumPy's own BLAS, of which nothing is known"))
    lines.append(("threads", f"{facts['threads']} at work at a time, at most"))
    code = facts["machine_code"]
    lines.append(("machine code", code["why"] if not code["on"] else f"on ({code['why']}){_cache(code)}"))
    kept = facts["keeps_freed_memory"]
    lines.append(
        ("freed memory", f"up to {KEEP >> 20} MiB are kept for the next step" if kept else "goes back to the system")
    )
    if facts["settings"]:
        lines.append(("set outside", " ".join(f"{name}={value}" for name, value in facts["settings"].items())))
    return "\n".join(f"{name:20} {what}" for name, what in lines)


def _cache(code: dict[str, Any]) -> str:
    if code["folder"] is None:
        return "; nothing is kept on disk"
    return f"; {_count(code['files'], 'file')}, {code['bytes'] / 2**20:.1f} MiB, in {code['folder']}"


def _count(number: int | None, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# --- facts ------------------------------------------------------------------------------------------------------------


def _processor() -> dict[str, Any]:
    """Its name, and which vectors it has, the widest first."""
    there = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
    has = getattr(there, "__cpu_features__", {})
    found = [_FEATURES[name] for name in _FEATURES if has.get(name)] or [(platform.machine(), 128)]
    features = [name for name, _ in found if not (name == "AVX" and has.get("AVX2"))]
    return {"name": _processor_name(), "features": features, "vector_bits": max(bits for _, bits in found)}


def _processor_name() -> str:
    """As the system calls it."""
    import subprocess

    try:
        if sys.platform == "linux":
            lines = _text_of("/proc/cpuinfo").splitlines()
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, StopIteration, subprocess.CalledProcessError):
        pass
    return platform.processor() or platform.machine()


def _numpy_simd() -> list[str]:
    """The instruction sets that NumPy was built for and this processor has."""
    try:
        found: Any = np.show_config(mode="dicts")
        return [*found["SIMD Extensions"]["baseline"], *found["SIMD Extensions"].get("found", [])]
    except (KeyError, TypeError):
        return []


def _text_of(file: str) -> str:
    with open(file) as text:
        return text.read()


def _quota() -> float | None:
    """How many cores' time a container allows, if that is less than there are cores."""
    try:
        allowed, period = _text_of("/sys/fs/cgroup/cpu.max").split()
        quota = float(allowed) / float(period)
    except (OSError, ValueError):  # another system; or "max", which is no limit
        return None
    return quota if quota < cores() else None


def _machine_code() -> dict[str, Any]:
    """Whether kernels of our own are compiled, by what or why not, and what is kept of them on disk."""
    from importlib.metadata import PackageNotFoundError, version

    on = llvm.available()
    try:
        why = f"llvmlite {version('llvmlite')}"
    except PackageNotFoundError:
        why = "llvmlite" if on else "off: llvmlite is not installed"
    if not on and not why.startswith("off"):
        why = "off: AUTOGRAD_CORE_NATIVE=0 is set"
    folder = llvm.folder() if on else None
    sizes = [path.stat().st_size for path in folder.glob("*.o")] if folder else []
    return {"on": on, "why": why, "folder": folder and str(folder), "files": len(sizes), "bytes": sum(sizes)}
