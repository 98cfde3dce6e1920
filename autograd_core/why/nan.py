"""Where a NaN or an infinity came from: an output's graph, or a run of a function, searched forward and backward.

Knows what to say of an output; the two searches stand in files of their own.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..containers import flatten
from ..engine import Node, nodes_of
from ..errors import DTypeError
from ..tensor import Tensor
from ..watching import observed_by, seen, watch
from . import backward
from .alive import Names
from .forward import Trace
from .observing import Transitions
from .report import Finding, Report, has_bad, numbers, where
from .values import Step

_RUN_AGAIN = "Lines are known of what is recorded under `with ag.watch():`, and of a function: ag.why_nan(lambda: ...)."


def why_nan(y: Any) -> Report:
    """Where the first NaN or infinity in a result, and the first in a sweep from it, came from.

    `y` is a Tensor, or a function without arguments that computes one or several: that is run while it is watched, and
    its result swept, so that everything is known; no `.grad` changes but those that the function itself fills. Of a
    Tensor that was not recorded under `ag.watch()`, the operations, modules and many values are known, and no lines.

    Only what reached `y` counts: a NaN that `where` or `nan_to_num` hid is no cause of another one. "First" is in the
    order of recording, and for the sweep in the order of the sweep. The report is true if anything was found.

    Raises: DTypeError for what is neither a Tensor nor a function.

    >>> x = ag.tensor([1.0, 0.0], requires_grad=True)
    >>> report = ag.why_nan(lambda: (x * ag.log(1.0 * x)).sum())
    >>> report.forward.operation, report.forward.index, report.became_nan.operation
    ('log', (1,), 'multiply')
    """
    names = Names(sys._getframe(1))
    if isinstance(y, Tensor):
        found, said = _backward(nodes_of([y]), Transitions())
        return _report([y], names, "the tensor", Transitions(), found, said)
    if callable(y):
        return _of_run(y, names)
    raise DTypeError(
        f"why_nan: a Tensor is needed, or a function that computes one, got {type(y).__name__}; "
        "an array does not remember how it was computed"
    )


def _of_run(function: Callable[[], Any], names: Names) -> Report:
    """Run a function, sweep what it returned, and search both; what is gone by then was noted on the way."""
    noted = Transitions()
    with np.errstate(all="ignore"), watch(), observed_by(noted.observe):
        outputs = [x for x in flatten(function())[0] if isinstance(x, Tensor)]
        found, said = _backward(nodes_of(outputs), noted)
    return _report(outputs, names, "the result", noted, found, said)


def _report(
    outputs: Sequence[Tensor],
    names: Names,
    subject: str,
    noted: Transitions,
    found: Finding | None,
    said: Sequence[str],
) -> Report:
    flawed = [y for y in outputs if has_bad(y._array)]
    subject = "; ".join(str(numbers(names.of(y) or subject, y._array)) for y in flawed or outputs) or subject
    forward, became, notes = None, None, list[str]()
    if any(y.node is not None for y in flawed):
        trace = Trace(nodes_of(flawed), names)
        forward, became = trace.first, trace.became_nan
        if forward is not None:
            forward, more = noted.before(forward, trace)
            notes += more
        if trace.uncertain:
            step = Step(trace.uncertain[-1], ())
            made = f"{'It may have' if forward else 'It'} come out of {step.operation}{where(step.place, step.path)}"
            notes.append(f"{made}, or in with an argument of that which is not known.".replace("It come", "It came"))
    elif flawed:
        notes.append("It is a constant: nothing was recorded that could be searched. ag.why_none tells why it is one.")
    elif outputs:
        subject += ". No NaN or infinity reached it"
        if noted.forward:
            hidden = noted.forward[0][1]
            subject += f"; {hidden.article} came out of {hidden.operation}{hidden.where}, and was hidden"
        subject += "."
    elif noted.forward:
        forward = noted.forward[0][1]
    notes += said
    if any(finding is not None and finding.place is None for finding in (forward, found)) or (flawed and not forward):
        notes.append(_RUN_AGAIN)
    return Report(subject, forward, became, found, tuple(dict.fromkeys(notes)))


def _backward(roots: Sequence[Node], noted: Transitions) -> tuple[Finding | None, Sequence[str]]:
    """The first in the sweeps that were noted or seen, else in one that is made for the purpose."""
    found: Finding | None = None
    if noted.backward or not roots:
        pass
    elif backward.can_be_swept(roots):
        found = backward.first_in_new_sweep(roots)
    elif any(seen(root) is not None for root in roots):
        found = backward.first_seen(roots, seen)
    else:
        return None, ("Backward: not known, because a sweep has freed the graph.", _RUN_AGAIN)
    if noted.backward:  # by the function's own sweep, or inside a call that stands for several operations
        found = noted.backward[0]
    return found, () if found is not None or not roots else ("Backward: all cotangents are finite.",)
