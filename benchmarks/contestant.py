"""A library as the race sees it: a worker process that is started, asked, and started again after a crash."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.libraries import LIBRARIES

PATIENCE = 120.0  # seconds for one answer: longer than any compiler here takes over a row that is of use to anybody
ROOT = Path(__file__).resolve().parent.parent


class NotInstalledError(Exception):
    """The library's package is not there."""


class CannotStartError(Exception):
    """Something that the library needs is not there. The message says what."""


class WorkerError(Exception):
    """The library raised, or its process died. The message says how."""


class Contestant:
    """One library's worker process, spoken to over pipes. A context manager: leaving it ends the process.

    What it compiles, it keeps in a folder of this run; `forget` begins a new one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.library = LIBRARIES[name]
        self.process: subprocess.Popen[bytes] | None = None
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self.cache = tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True)

    def ask(self, do: str, patience: float = PATIENCE, **arguments: Any) -> dict[str, Any]:
        """Send one request and wait for its answer, at most `patience` seconds."""
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            process.stdin.flush()
            ready = select.select([process.stdout], [], [], patience)[0]
            line = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [process.stdout], b""
        if not ready:
            process.kill()
            self.rest()
            raise WorkerError(f"no answer within {patience:.0f} s; stopped")
        if not line:
            self.process = None
            raise WorkerError(f"the process ended with status {process.wait()}\n{self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            raise NotInstalledError(answer["missing"])
        if "needs" in answer:
            raise CannotStartError(answer["needs"])
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def rest(self) -> None:
        """End the process; the next request starts a fresh one."""
        if self.process is not None:
            self.process.communicate()
            self.process = None

    def forget(self) -> None:
        """End the process, and let the next one find nothing compiled."""
        self.rest()
        self.cache.cleanup()
        self.cache = tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True)

    def __enter__(self) -> Contestant:
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self.errors.close()
        self.cache.cleanup()

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        kept = dict.fromkeys(self.library.cache, self.cache.name)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path, **self.library.environment, **kept},
        )
        return self.process

    def _last_words(self) -> str:
        self.errors.seek(0)
        return "\n".join(self.errors.read().decode(errors="replace").splitlines()[-20:])
