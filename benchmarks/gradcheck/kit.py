"""The check of this project, asked about bugs and about right derivatives."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from autograd_core.testing import gradcheck
from benchmarks.gradcheck.bugs import Bug
from benchmarks.gradcheck.numbers import drawn
from benchmarks.gradcheck.verdict import Verdict


def ask(function: Any, inputs: list[Any], order: int = 1, seed: int = 0) -> Verdict:
    """Check one function at these inputs. An error that the check raises is an objection without a cause."""
    begun = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of bugs that divide by zero
        try:
            report = gradcheck(function, *inputs, order=order, rng=seed, raise_exception=False)
        except Exception as error:  # an objection too, without a cause: what is right must not raise either
            words = f"{type(error).__name__}: {error}"
            return Verdict(True, "", words, time.perf_counter() - begun)
    seconds = time.perf_counter() - begun
    cause = report.cause.name if report.cause is not None else ""
    if not cause and report.findings:
        cause = report.findings[0].cause
    return Verdict(not report.ok, cause, "" if report.ok else str(report), seconds, report.checked)


def ask_about(bug: Bug, seed: int) -> Verdict:
    """Check a bug at inputs drawn with this seed."""
    return ask(bug.made(), drawn(bug.inputs, np.random.default_rng(seed)), bug.order, seed)
