"""The counting allocator: built from `counter.c` when it is first needed, preloaded, and asked.

Knows the C compiler and the loader. Needs Linux with glibc, whose allocator can be stood in front of.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.libraries import CannotRunError

SOURCE = Path(__file__).with_name("counter.c")
LABELS = 4096  # as in counter.c; what has a higher one counts as label 0
BUILD = Path(__file__).resolve().parents[2] / "build"


def library() -> Path:
    """The compiled counter.

    Errors: CannotRunError where it cannot be built.
    """
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        raise CannotRunError("counting bytes needs Linux with glibc, and a C compiler")
    path = BUILD / f"counter-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if not path.exists():
        BUILD.mkdir(exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        command = [compiler, "-O2", "-shared", "-fPIC", "-pthread", str(SOURCE), "-o", str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotRunError(f"the counter does not compile here:\n{done.stderr}")
        unfinished.replace(path)
    return path


def environment() -> dict[str, str]:
    """What a process needs for being counted. Python's own small objects then come from the same allocator."""
    return {"LD_PRELOAD": str(library()), "PYTHONMALLOC": "malloc"}


class Counter:
    """The counter of this process, which must have been started in `environment()`."""

    def __init__(self) -> None:
        self._code = ctypes.CDLL(None)
        if not hasattr(self._code, "counter_live"):
            raise CannotRunError("this process was not started with the counter")
        for name in ("live", "peak", "sum_at_peak"):
            getattr(self._code, f"counter_{name}").restype = ctypes.c_longlong

    def live(self) -> int:
        """The bytes held now."""
        return int(self._code.counter_live())

    def begin(self, labelled: bool = False) -> None:
        """Forget the peak, and from here on, if wanted, remember under which label each block was allocated."""
        self._code.counter_begin(int(labelled))

    def peak(self) -> int:
        """The most bytes held since `begin`."""
        return int(self._code.counter_peak())

    def label(self, number: int) -> None:
        """What is allocated from here on, on whatever thread, has this label."""
        self._code.counter_label(number)

    def at_peak(self, names: list[str]) -> dict[str, int]:
        """The bytes that were held at the peak, by the names that labels stand for, the largest first."""
        sums: dict[str, int] = {}
        for number, name in enumerate(names[:LABELS]):
            sums[name] = sums.get(name, 0) + int(self._code.counter_sum_at_peak(number))
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def label_at_peak(self) -> int:
        """The label at the peak."""
        return int(self._code.counter_label_at_peak())
