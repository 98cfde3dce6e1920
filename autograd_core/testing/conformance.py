"""The conformance suite: all that is claimed of operations, checked of one, for whoever wrote it.

Goes through the claims that apply and the examples of the record; Hypothesis draws the numbers from the record's
domain, and shrinks what fails. What is claimed stands in `claims`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any
from zlib import crc32

import numpy as np

from ..errors import OptionError
from ..examples import Example
from ..op import Op
from .arguments import source_of
from .cases import Case, draw_case, examples_of, record_of
from .claims import CLAIMS, Broken, Claim
from .domains import First, Pick
from .hypothesis import Flaky, HealthCheck, Phase, Verbosity, given, seed, settings, st
from .strategies import picking

__all__ = ["CLAIMS", "Claim", "ClaimError", "ConformanceReport", "check_operation"]


class ClaimError(AssertionError):
    """An operation breaks a claim. The text has the claim, the call as code, and the numbers.

    `claim` and `operation` are names; `example` is the record's and `case` the call, None if the claim is about the
    record itself; `__cause__` is what was raised.
    """

    def __init__(
        self, claim: Claim, op: Op, error: Exception, example: Example | None = None, case: Case | None = None
    ) -> None:
        self.claim, self.operation, self.example, self.case = claim.name, op.name, example, case
        what = str(error) if isinstance(error, Broken) else f"raised {type(error).__name__}: {error}"
        lines = [f"{op.name} breaks the claim {claim.name}:", indent(claim.statement, "  "), what]
        if example is not None:
            lines.append(f"example:   {example}")
        if case is not None:
            lines.append(f"call:      {case}")
        place = source_of(op.forward)
        super().__init__("\n".join([*lines, f"operation: {op!r}{f', {place}' if place else ''}"]))

    def often(self) -> "ClaimError":
        """The same, if a second run on the same numbers holds."""
        self.args = (f"{self}\nOn the same numbers it does not fail each time: is the operation repeatable?",)
        return self


@dataclass(frozen=True)
class ConformanceReport:
    """What was looked at.

    `claims` are those that hold, `silent` those that say nothing about this operation; `examples` the numbers of the
    examples that some claim was checked on, and `checks` how many checks that were.
    """

    operation: str
    claims: tuple[str, ...]
    silent: tuple[str, ...]
    examples: frozenset[int]
    checks: int

    def __str__(self) -> str:
        text = f"{self.operation}: {len(self.claims)} claims hold, {len(self.examples)} examples, {self.checks} checks"
        return f"{text}\n  nothing to say: {', '.join(self.silent)}" if self.silent else text


def check_operation(
    operation: Any,
    *,
    claims: Iterable[str] | None = None,
    max_examples: int | None = None,
    shrink: bool = True,
    rng: int | np.random.Generator | None = None,
) -> ConformanceReport:
    """Check all that is claimed of operations for one: its record, or the public function.

    That is `CLAIMS`, or those named in `claims`. Each is checked on every example of the record, with `max_examples`
    choices of numbers for each; by default a sixteenth of what Hypothesis's profile says, at least two, the first of
    them all ones. A failure is shrunk unless `shrink` is off. With `rng`, a seed or generator, the same numbers are
    drawn in each run; without, that is as Hypothesis's profile says.

    Raises: ClaimError, an AssertionError, for the first claim that does not hold; OptionError for what is no operation,
    or a claim that does not exist.

    >>> from autograd_core.testing import check_operation
    >>> print(check_operation(ag.tanh, claims=["vjp_is_what_differences_say"], max_examples=2))
    tanh: 1 claims hold, 5 examples, 10 checks
    """
    op = record_of(operation)
    chosen = _chosen(claims)
    profile = settings.default or settings()
    if max_examples is None:
        max_examples = max(2, profile.max_examples // 16)
    elif max_examples < 1:
        raise OptionError(f"check_operation: max_examples must be at least 1, got {max_examples}")
    base = None
    if rng is not None or profile.derandomize:
        base = int(np.random.default_rng(0 if rng is None else rng).integers(2**32))
    applying = [claim for claim in chosen if claim.applies(op)]
    seen, checks = set[int](), 0
    for claim in applying:
        search = _Search(op, claim, None if base is None else crc32(f"{base} {claim.name} {op.name}".encode()))
        search.run(max_examples, shrink)
        seen |= search.seen
        checks += search.checks
    silent = tuple(claim.name for claim in chosen if claim not in applying)
    return ConformanceReport(op.name, tuple(claim.name for claim in applying), silent, frozenset(seen), checks)


def _chosen(names: Iterable[str] | None) -> list[Claim]:
    if names is None:
        return list(CLAIMS.values())
    if isinstance(names, str):
        raise OptionError(f"check_operation: claims is a list of names; say claims=[{names!r}]")
    chosen = list(names)
    for name in chosen:
        if name not in CLAIMS:
            raise OptionError(f"check_operation: there is no claim {name!r}; there is {', '.join(CLAIMS)}")
    return [CLAIMS[name] for name in chosen]


_AGAIN = 200  # choices of numbers for the one example that failed, before it is shrunk


class _Search:
    """One claim about one operation: looks for a call that breaks it, and then for the simplest such call."""

    def __init__(self, op: Op, claim: Claim, seed: int | None) -> None:
        self.op, self.claim, self.seed = op, claim, seed
        self.seen: set[int] = set()
        self.checks = 0
        self.failed_at = 0

    def run(self, max_examples: int, shrink: bool) -> None:
        if self.claim.about == "record":
            self._of_record()
            return
        every = range(len(examples_of(self.op)))
        if self.claim.once:
            self._of_calls(First(), every)
            return
        found = self._broken(every, max_examples, shrink=False)
        if found is not None and shrink:
            found = self._broken([self.failed_at], _AGAIN, shrink=True) or found
        if found is not None:
            raise found from found.__cause__

    def _of_record(self) -> None:
        try:
            self.checks += self.claim.check(self.op)
        except Exception as error:  # whatever the author's code raises is shown with the claim it was raised in
            raise ClaimError(self.claim, self.op, error) from error

    def _of_calls(self, pick: Pick, numbers: Sequence[int]) -> None:
        """Check the claim once on each of these examples."""
        for i in numbers:
            example = examples_of(self.op)[i]
            case = draw_case(pick, self.op, example)
            if not self.claim.where(case):
                continue
            kept = [x.copy() for x in case.arrays]  # what is shown is what was passed in, whatever became of it
            try:
                looked = self.claim.check(case, pick) is not False
            except Exception as error:  # as above
                self.failed_at = i
                raise ClaimError(self.claim, self.op, error, example, case.having(kept)) from error
            if looked:
                self.seen.add(i)
                self.checks += 1

    def _broken(self, numbers: Sequence[int], max_examples: int, shrink: bool) -> ClaimError | None:
        """What Hypothesis finds, if anything, without what it says about this class."""
        last: list[ClaimError] = []

        def once(pick: Pick) -> None:
            try:
                self._of_calls(pick, numbers)
            except ClaimError as error:
                last.append(error)
                raise

        try:
            _hypothesis(once, max_examples, shrink, self.seed)
        except ClaimError as error:
            error.__notes__ = []
            return error
        except Flaky:
            return last[-1].often()
        return None


@st.composite
def _picks(draw: Any, once: Callable[[Pick], None]) -> None:
    """Runs `once` while it draws: what a claim draws depends on what the operation returned."""
    once(picking(draw))


def _hypothesis(once: Callable[[Pick], None], max_examples: int, shrink: bool, start: int | None) -> None:
    @settings(
        max_examples=max_examples,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(_picks(once))
    def trial(_: None) -> None:
        """Nothing is left to do."""

    (trial if start is None else seed(start)(trial))()
