"""The gradient check finds planted bugs and names their causes, and passes right derivatives. See benchmarks/gradcheck.

A short form of `python -m benchmarks.gradcheck`, with few inputs and without PyTorch and JAX.
"""

from collections import Counter

import numpy as np
import pytest

from autograd_core.testing.report import CAUSES
from benchmarks.gradcheck import kit, page
from benchmarks.gradcheck.bugs import BUGS, KINDS
from benchmarks.gradcheck.numbers import drawn
from benchmarks.gradcheck.right import AT_KINKS, BY_HAND, registry
from benchmarks.gradcheck.tally import OURS, BugRow, RightRow, in_single_precision
from benchmarks.gradcheck.verdict import Verdict

SEEDS = (0, 1)

MISSED = {"deviation by the mean of squares"}
"""Bugs that are not caught at every seed. This one is off by some per cent in float32, where much is explained."""

OTHER_CAUSE: set[str] = set()
"""Bugs that are caught, and for which another cause is named at some seed."""


def _name(thing):
    return thing.name


# --- bugs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bug", BUGS, ids=_name)
def test_a_planted_bug_is_caught_and_its_cause_named(bug):
    verdicts = [kit.ask_about(bug, seed) for seed in SEEDS]
    caught = all(v.caught for v in verdicts)
    named = all(v.cause in bug.causes for v in verdicts if v.caught)
    assert caught == (bug.name not in MISSED)
    assert named == (bug.name not in OTHER_CAUSE), f"{bug.causes} expected, {[v.cause for v in verdicts]} said"


def test_every_exception_is_of_a_bug_that_is_there():
    assert {*MISSED, *OTHER_CAUSE} <= {bug.name for bug in BUGS}


def test_bugs_have_names_of_their_own_and_causes_that_exist():
    assert [name for name, count in Counter(map(_name, BUGS)).items() if count > 1] == []
    assert {cause for bug in BUGS for cause in bug.causes} <= set(CAUSES)


def test_few_bugs_have_two_right_causes():
    assert max(len(bug.causes) for bug in BUGS) <= 2
    assert sum(len(bug.causes) == 2 for bug in BUGS) <= len(BUGS) / 8


@pytest.mark.parametrize("bug", BUGS, ids=_name)
def test_inputs_are_the_same_for_the_same_seed(bug):
    one, two = (drawn(bug.inputs, np.random.default_rng(0)) for _ in range(2))
    assert all(np.array_equal(x, y) for x, y in zip(one, two, strict=True))


# --- right derivatives ------------------------------------------------------------------------------------------------


def _assert_no_alarm(case, count):
    for seed, (function, inputs) in enumerate(case.calls(count, seed=0)):
        verdict = kit.ask(function, inputs, seed=seed)
        assert not verdict.caught, verdict.words


@pytest.mark.parametrize("case", registry.cases(), ids=_name)
def test_no_false_alarm_for_an_operation(case):
    _assert_no_alarm(case, 2)


@pytest.mark.parametrize("case", BY_HAND, ids=_name)
def test_no_false_alarm_for_a_derivative_by_hand(case):
    _assert_no_alarm(case, 5)


@pytest.mark.parametrize("case", AT_KINKS, ids=_name)
def test_no_false_alarm_at_a_kink(case):
    _assert_no_alarm(case, 5)


@pytest.mark.parametrize("name", ["sin", "softmax", "matmul", "cross entropy", "relu"])
def test_no_false_alarm_for_what_computes_in_single_precision(name):
    case = in_single_precision(next(case for case in BY_HAND if case.name == name))
    _assert_no_alarm(case, 5)


# --- what is written about it -----------------------------------------------------------------------------------------


def test_an_error_of_the_check_counts_as_caught_without_a_cause():
    def raises(x, g):
        raise ValueError("no")

    verdict = kit.ask((np.sin, raises), [np.ones(3)])
    assert (verdict.caught, verdict.cause) == (True, "")


def test_the_page_counts_what_was_found():
    bug = next(bug for bug in BUGS if bug.name == "weight of a square matmul transposed")
    rows = [
        BugRow(b, {OURS: [Verdict(True, b.causes[0], "words", 1.0), Verdict(b is not bug, "other", "", 2.0)]})
        for b in BUGS
    ]
    results = page.Results(rows, [RightRow("SciPy", "erf", 10, 50, 1, "words", "factor")])
    assert results.share("caught") == 1 - 1 / (2 * len(BUGS))
    assert results.share("cause") == 0.5
    assert results.false_alarms == 1
    assert any("cause in 50.0%" in failure for failure in results.failures)
    text = page.page(results)
    assert "| SciPy: erf | 1 | factor |" in text
    assert f"| {bug.name} | transposed | transposed | 1 | 1 |" in text
    assert all(f"| {kind} |" in text for kind in KINDS)
