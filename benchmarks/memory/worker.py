"""One measurement, in a process of its own: ``python -m benchmarks.memory.worker LIBRARY ROW [--labels]``.

Prints one JSON object: the bytes of a step, or why there are none.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

from benchmarks.libraries import CannotRunError
from benchmarks.memory.counter import Counter
from benchmarks.memory.rows import state_bytes, step
from benchmarks.step import Step

STEPS = 4  # that go before those that are measured, and that are measured


def measure(library: str, row: str, labelled: bool = False) -> dict[str, Any]:
    """The highest peak of some steps, and what is still held after them, less what was there and the row's state.

    Of a captured step the memory of its plan counts as well, which is there between the steps too; not the program and
    its machine code, as the libraries' own code does not count either.

    Labelled, instead: what was held at the peak of one more step, by the operations that allocated it.
    """
    counter = Counter()
    for _ in range(2):  # the first time is for everything that is loaded, compiled and cached once
        problem = None
        gc.collect()
        before = counter.live()
        problem = step(library, row)
        for _ in range(STEPS):
            problem.run()
        problem.finish()
    gc.collect()
    there = before + state_bytes(row)
    if labelled:
        return _where_the_peak_is(problem, counter)
    if library.startswith("captured"):
        there = counter.live() - _of_plans()
    counter.begin()
    for _ in range(STEPS):
        problem.run()
        problem.finish()
    return {"peak": counter.peak() - there, "kept": counter.live() - there, "state": state_bytes(row)}


def _of_plans() -> int:
    """Bytes that plans keep for intermediate results."""
    import autograd_core as ag

    return sum(x.nbytes for x in gc.get_objects() if isinstance(x, ag.Compiled))


def _where_the_peak_is(problem: Step, counter: Counter) -> dict[str, Any]:
    """What one step of ours held at its peak, by the operation that allocated it, and during which one that was."""
    from benchmarks.memory.labels import labelled_by_operation

    counter.begin(labelled=True)
    with labelled_by_operation(counter) as names:
        problem.run()
    return {"by_operation": counter.at_peak(names), "during": names[counter.label_at_peak()]}


def main() -> None:
    """Measure what the command line says. Whatever a library prints goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    library, row, *options = sys.argv[1:]
    try:
        answer = measure(library, row, "--labels" in options)
    except ModuleNotFoundError as error:
        answer = {"missing": f"{error.name} is not installed"}
    except (CannotRunError, KeyError) as error:
        answer = {"missing": str(error)}
    print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
