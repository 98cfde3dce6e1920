"""A process that runs one library and nothing else: ``python -m benchmarks.worker NAME``.

It reads requests and writes answers, one JSON object a line. Whatever a library prints goes to the error stream.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import traceback
from time import perf_counter
from typing import Any

from benchmarks.evidence import fingerprint
from benchmarks.libraries import LIBRARIES, CannotRunError, Library
from benchmarks.machine import has_avx512
from benchmarks.measure import CHECKED_STEPS, calibrate, settle, time_round
from benchmarks.roof import copy_speeds, product_speed
from benchmarks.step import Step


class Worker:
    """The library's side of the conversation. A request names a method, and the rest of it are the arguments."""

    def __init__(self, library: Library) -> None:
        if library.avx512 and not has_avx512():
            raise CannotRunError("this processor has no AVX-512")
        self.library = library
        self.module = importlib.import_module(f"benchmarks.libraries.{library.module}")
        self.step: Step | None = None

    def describe(self) -> dict[str, Any]:
        """What the library runs on, the rows it has, and the families."""
        rows = list(self.module.STEPS) + (["import"] if self.library.importing else [])
        return {"facts": self.module.describe(), "rows": rows, "families": list(getattr(self.module, "CURVES", []))}

    def check(self, row: str) -> dict[str, Any]:
        """Drop the last row's arrays, take the first steps of this one, and show what came of them.

        `first` is what they took, with all that is traced, planned or compiled on the way.
        """
        self.step = None
        gc.collect()
        if row == "import":
            return {"evidence": [], "first": None}
        self.step = self._build(row)
        start = perf_counter()
        for _ in range(CHECKED_STEPS):
            self.step.run()
        self.step.finish()
        first = perf_counter() - start
        return {"evidence": fingerprint(self.step.evidence()), "first": first}

    def _build(self, row: str) -> Step:
        family, _, size = row.partition("@")
        step: Step = self.module.CURVES[family](int(size)) if size else self.module.STEPS[row]()
        return step

    def roof(self) -> dict[str, Any]:
        """The speed of the library's matrix product, where it shows one, in operations a second by size."""
        product = getattr(self.module, "product", None)
        return {"flops": product_speed(product) if product else {}}

    def copying(self) -> dict[str, Any]:
        """Bytes read and written a second while an array is copied, by the bytes that both arrays have together."""
        return {"bytes": copy_speeds()}

    def calibrate(self, row: str, seconds: float) -> dict[str, Any]:
        """How many steps fill a round of so many seconds."""
        if self.step is None:
            self.round(row, 1)
            return {"count": 1}
        return {"count": calibrate(self.step, seconds)}

    def round(self, row: str, count: int) -> dict[str, Any]:
        """Seconds per step."""
        seconds = import_seconds(self.library) if self.step is None else time_round(self.step, count)
        return {"seconds": seconds}


def import_seconds(library: Library) -> float:
    """What the import takes in a fresh interpreter, once the imports that do not count are done."""
    clock = "from time import perf_counter; start = perf_counter()"
    lines = [library.beforehand, clock, f"{library.importing}", "print(perf_counter() - start)"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{library.importing}` failed:\n{done.stderr}")
    return float(done.stdout)


def main(name: str) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    library = LIBRARIES[name]
    worker: Worker | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            worker = worker or Worker(library)
            answer = getattr(worker, request.pop("do"))(**request)
            settle()
        except ModuleNotFoundError as error:
            answer = {"missing": error.name} if error.name == library.package else {"error": traceback.format_exc()}
        except CannotRunError as error:
            answer = {"needs": str(error)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
