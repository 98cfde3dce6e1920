"""An error at the very point where the first NaN or infinity is made, in the forward computation or in the sweep."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Node
from ..errors import AnomalyError, OptionError
from ..watching import Watched, observed_by, watch
from .alive import Names
from .backward import made, summed
from .forward import Trace
from .observing import listen, listening_to_the_alive
from .report import Finding, Report, has_bad
from .values import Step


@contextmanager
def detect_anomaly(check_nan: bool = True, check_infinities: bool = False) -> Iterator[None]:
    """Raise an error where the first NaN is made: in the operation, on its line, or in the sweep, naming the line.

    The error's `report` is what `ag.why_nan` says. It watches what is recorded inside, and every sweep over that,
    wherever it is started; also sweeps inside over graphs that are there already, of which it knows no lines. A NaN in
    the data is reported by the first operation whose result it reaches, and a NaN that an operation does not let
    through (`where`, `nan_to_num`) not at all. What is not recorded (constants, `no_grad`) is not looked at. NumPy's
    own warnings of what is checked are silent meanwhile.

    Infinities are legitimate where they are masked on purpose, such as -inf in the scores of attention or log(0) under
    a `where`, so they are let through, until a NaN comes of one: then the report tells where the infinity came from.
    `check_infinities=True` raises for them as well, also for those that came in on purpose. A NaN that is computed to
    be masked afterwards raises, because its derivative is NaN: mask before, ag.log(ag.where(x > 0, x, 1)).

    Raises: AnomalyError at that point; OptionError if nothing is to be checked.

    >>> x = ag.tensor([4.0, -1.0], requires_grad=True)
    >>> try:
    ...     with ag.detect_anomaly():
    ...         ag.sqrt(x)
    ... except ag.AnomalyError as error:
    ...     print(error.report.forward.operation, error.report.forward.index)
    sqrt (1,)
    """
    if not (check_nan or check_infinities):
        raise OptionError("detect_anomaly: check_nan and check_infinities are both False, so nothing would be checked")
    silent: dict[str, Any] = {"invalid": "ignore"} if check_nan else {}
    if check_infinities:
        silent |= {"divide": "ignore", "over": "ignore"}
    detector = _Detector(check_nan, check_infinities)
    with listening_to_the_alive(detector.swept), np.errstate(**silent), watch(), observed_by(detector.observe):
        yield


class _Detector:
    def __init__(self, nan: bool, infinities: bool) -> None:
        self.nan, self.infinities = nan, infinities
        self._busy = False
        self._infinity: Finding | None = None

    def _wrong(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(self._wrong, value.values()))
        array = np.asarray(value)
        if value is None or array.dtype.kind != "f":
            return False
        return bool((self.nan and np.isnan(array).any()) or (self.infinities and np.isinf(array).any()))

    def observe(self, value: Watched, node: Node) -> None:
        if node.op is None or self._busy:
            return
        if self._wrong(value._array):
            self._busy = True
            try:
                trace = Trace([node], Names(sys._getframe(1)))
                found, became = trace.first, trace.became_nan
            finally:
                self._busy = False
            point = became or found
            self._raise(
                f"detect_anomaly: {_what(value._array)} in the result of {node.op.name}{point.where if point else ''}",
                Report("In the forward computation:", found, became),
                node.context.path,
            )
        listen(node, self.swept)

    def swept(self, step: Step, g: Any, pulled: Sequence[Any]) -> None:
        went_on = dict(enumerate(pulled))
        if self._wrong(g):
            total = next(v for v in g.values() if self._wrong(v)) if isinstance(g, dict) else g
            found = summed(step, total)
        elif self._wrong(went_on):
            found = made(step, g, pulled)
        else:
            if has_bad(went_on) and not has_bad(g):
                self._infinity = made(step, g, pulled)  # a NaN may come of it
            return
        report = Report("In the sweep:", backward=found)
        if has_bad(g) and self._infinity is not None:
            note = f"The infinity became NaN in the rule of {found.operation}{found.where}."
            report = Report("In the sweep:", backward=self._infinity, notes=(note,))
        message = f"detect_anomaly: {found.flaw} in the sweep, from the rule of {found.operation}{found.where}"
        self._raise(message, report, step.path)

    def _raise(self, message: str, report: Report, path: str) -> None:
        error = AnomalyError(f"{message}\n{report}", report)
        error.module = path  # type: ignore[attr-defined]  # so that modules on the way need not name themselves
        raise error


def _what(array: Any) -> str:
    return "NaN" if np.isnan(array).any() else "infinity"
