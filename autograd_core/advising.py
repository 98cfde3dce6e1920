"""What would make it faster here: from facts to plain sentences, each with the line to write.

Knows the facts that `config` gathers, and tries matrix kernels out where others could be chosen. A sentence is said
only where it is true: what is asserted of time has been measured here, or is not put in numbers.
"""

import os
import subprocess
import sys
from time import perf_counter
from typing import Any

import numpy as np

__all__ = ["advice"]

_AVX2_KERNELS = ("Haswell", "Zen", "Excavator")  # OpenBLAS's, by the processor that they are named after
_SIDE = 1024  # of the matrices that are multiplied to try kernels
_ENOUGH = 0.3  # seconds of trying
_WORTH_SAYING = 1.1
_THREADS_OF_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def advice(facts: dict[str, Any], measure: bool = True) -> list[str]:
    """What follows from the facts that `config` gives, most useful first."""
    found = [_matrix_kernels(facts, measure), _machine_code(facts), _code_cache(facts)]
    found += [_too_many_threads(facts), _too_few_threads(facts), _no_control(facts), _memory(facts)]
    return [line for line in found if line]


def _matrix_kernels(facts: dict[str, Any], measure: bool) -> str | None:
    narrow = any(b["library"] == "openblas" and b["kernels"] in _AVX2_KERNELS for b in facts["blas"])
    if not narrow or "AVX-512" not in facts["processor"]["features"]:
        return None
    told = facts["settings"].get("OPENBLAS_CORETYPE")
    cause = f"OPENBLAS_CORETYPE={told} makes OpenBLAS take" if told else "OpenBLAS took"
    line = (
        f"This processor has AVX-512, but {cause} its AVX2 kernels. Set the environment variable "
        "OPENBLAS_CORETYPE=SkylakeX before Python starts"
    )
    if not measure:
        return f"{line}; large matrix products of NumPy's may take half the time."
    here, there = product_seconds(), _seconds_elsewhere(OPENBLAS_CORETYPE="SkylakeX")
    if there is None or here < there * _WORTH_SAYING:
        return None
    own = " Large float32 products of Tensors are machine code here, and do not need it." * facts["machine_code"]["on"]
    return (
        f"{line}: NumPy's product of {_SIDE} x {_SIDE} float32 matrices then takes {there * 1e3:.1f} ms in place of "
        f"{here * 1e3:.1f}, measured just now.{own}"
    )


def _machine_code(facts: dict[str, Any]) -> str | None:
    if facts["machine_code"]["on"]:
        return None
    if facts["settings"].get("AUTOGRAD_CORE_NATIVE") == "0":
        return "AUTOGRAD_CORE_NATIVE=0 switches machine code off. Unset it for faster kernels and compiled functions."
    return "pip install 'autograd-core[fast]' brings llvmlite, for faster kernels and compiled functions."


def _code_cache(facts: dict[str, Any]) -> str | None:
    code, told = facts["machine_code"], facts["settings"].get("AUTOGRAD_CORE_CACHE")
    if not code["on"] or code["folder"] is not None:
        return None
    if told == "0":
        return "AUTOGRAD_CORE_CACHE=0: machine code is compiled anew in every run. Unset it to keep it on disk."
    return (
        "No folder for machine code can be written to, so it is compiled anew in every run. Set AUTOGRAD_CORE_CACHE "
        "to a folder of yours."
    )


def _too_many_threads(facts: dict[str, Any]) -> str | None:
    allowed = facts["quota"] or facts["cores"]
    most, right = max(facts["threads"], facts["blas_threads"] or 1), max(1, int(allowed))
    if most <= allowed or most == right:
        return None
    there = f"a container allows {allowed:g} cores" if facts["quota"] else f"there are {allowed} cores"
    return f"{most} threads share the work, but {there}: they wait for each other. Say ag.set_num_threads({right})."


def _too_few_threads(facts: dict[str, Any]) -> str | None:
    threads, right = facts["threads"], max(1, int(facts["quota"] or facts["cores"]))
    settings = facts["settings"]
    if threads >= right or settings.get("AUTOGRAD_CORE_NUM_THREADS"):
        return None  # who sets ours means it
    name = next((name for name in _THREADS_OF_BLAS if settings.get(name) == str(threads)), None)
    if name is None:
        return None
    unused = right - threads
    return (
        f"{name}={threads} leaves {unused} of {right} cores unused. Unset it, or say ag.set_num_threads({right}): only "
        "one of BLAS and library uses several threads at a time."
    )


def _no_control(facts: dict[str, Any]) -> str | None:
    if facts["blas_threads"] is not None or facts["cores"] == 1:
        return None
    return (
        "The threads of NumPy's BLAS cannot be told apart from others or held here, so kernels work on one thread. "
        "NumPy from PyPI (pip install numpy) comes with an OpenBLAS that can."
    )


def _memory(facts: dict[str, Any]) -> str | None:
    if facts["keeps_freed_memory"] or "glibc" not in facts["platform"]:
        return None
    settings = facts["settings"]
    name = next((n for n in settings if n.startswith("MALLOC_") or n == "GLIBC_TUNABLES"), None)
    if settings.get("AUTOGRAD_CORE_KEEP_MEMORY") == "0":
        name = "AUTOGRAD_CORE_KEEP_MEMORY"
    if name is None:
        return None
    return (
        f"{name}={settings[name]}: freed memory goes back to the system, and has to be asked for again in every step, "
        "which takes longer for arrays of some megabytes. Unset it where memory is not scarce."
    )


# --- trying out -------------------------------------------------------------------------------------------------------


def product_seconds() -> float:
    """The least time of some products of NumPy's."""
    a = np.ones((_SIDE, _SIDE), np.float32)
    np.matmul(a, a)  # wakes the threads
    least, end = float("inf"), perf_counter() + _ENOUGH
    while (start := perf_counter()) < end:
        np.matmul(a, a)
        least = min(least, perf_counter() - start)
    return least


def _seconds_elsewhere(**settings: str) -> float | None:
    """The same in a new process with these settings, which runs this file; None if that does not work."""
    try:
        command, environment = [sys.executable, __file__], {**os.environ, **settings}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
        return float(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


if __name__ == "__main__":
    print(product_seconds())
