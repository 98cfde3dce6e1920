"""The comparison with PyTorch leaves no operation out unsaid, and sees a difference. None of this needs PyTorch."""

import ast
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import agreement
from benchmarks.agreement import coverage
from benchmarks.agreement.__main__ import main
from benchmarks.agreement.comparison import TOLERANCE, Finding, difference
from benchmarks.agreement.counterparts import TABLE, Counterpart, Skip, named
from benchmarks.agreement.differences import DIFFERENCES, REFUSALS, explanations
from benchmarks.agreement.page import page
from benchmarks.agreement.tally import Row

SOURCES = sorted(Path(agreement.__file__).parent.rglob("*.py"))
IDENTITY = Counterpart("identity", ("positive",), lambda input, *, scale=1: input * scale)


# --- what is compared -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({name for counterpart in TABLE for name in counterpart.ours}))
def test_what_is_called_exists(name):
    assert callable(named(name))


def test_each_pair_stands_in_the_table_once():
    pairs = Counter((counterpart.theirs, counterpart.ours) for counterpart in TABLE)
    assert [pair for pair, count in pairs.items() if count > 1] == []


def test_every_differentiable_operation_is_compared_or_has_a_reason():
    assert coverage.differentiable() - coverage.mapped() - set(coverage.NO_COUNTERPART) == set()


def test_no_reason_is_given_for_what_is_compared_or_not_there():
    assert set(coverage.NO_COUNTERPART) & coverage.mapped() == set()
    assert set(coverage.NO_COUNTERPART) <= coverage.differentiable()
    assert all(coverage.NO_COUNTERPART.values())


@pytest.mark.parametrize("said", [*DIFFERENCES, *REFUSALS], ids=lambda said: said.entries.split()[0])
def test_an_explanation_is_of_entries_that_are_compared(said):
    assert set(said.entries.split()) <= {counterpart.theirs for counterpart in TABLE}


# --- what counts as a difference --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"),
    [
        ([1.0, 2.0], [1.0, 2.0], False),
        ([1.0, np.nan], [1.0, np.nan], False),
        ([1.0, np.nan], [1.0, 2.0], True),
        ([np.inf], [np.inf], False),
        ([np.inf], [-np.inf], True),
        ([1e6], [1e6 + 0.5e6 * TOLERANCE], False),
        ([1.0, 1e6], [1.0 + 2e6 * TOLERANCE, 1e6], True),
        ([1.0], [1.0 + 2 * TOLERANCE], True),
        ([[1.0]], [1.0], True),
        (np.float32([1.0]), [1.0], True),
        ([1], [2], True),
        ([], [], False),
    ],
)
def test_numbers_differ_beyond_rounding_and_shapes_and_types_at_all(ours, theirs, differs):
    words, _, _ = difference(np.asarray(ours), np.asarray(theirs), [])
    assert bool(words) is differs


def _finding(differs, *arrays, entry="clamp_min"):
    differs = np.asarray(differs)
    zeros, row = np.zeros(differs.shape), Counterpart(entry, (), IDENTITY.call)
    return Finding(row, 1, 0, zeros, zeros, differs, [np.asarray(a) for a in arrays], [], {})


def test_a_tie_explains_a_difference_at_the_tie_and_nowhere_else():
    a, b = [1.0, 2.0, 3.0], [1.0, 0.0, 3.0]
    assert explanations(_finding([True, False, True], a, b))
    assert not explanations(_finding([True, True, False], a, b))
    assert not explanations(_finding([True, False, True], a, b, entry="exp"))


@pytest.mark.parametrize("other", [np.zeros(3), np.float32(0)])
def test_no_condition_explains_another_shape_or_type(other):
    finding = _finding(True, 1.0, 1.0)
    finding.ours = np.asarray(other)
    assert not explanations(finding)


def test_a_condition_reaches_an_argument_through_broadcasting():
    rows, column = [[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.0]]
    assert explanations(_finding([[True], [False]], rows, column))
    assert not explanations(_finding([[False], [True]], rows, column))
    assert explanations(_finding(True, [1.0, 2.0], 1.0))
    assert not explanations(_finding(True, [1.0, 2.0], 3.0))


# --- what is left out -------------------------------------------------------------------------------------------------


def test_an_option_without_a_counterpart_is_left_out_and_named():
    assert IDENTITY([np.array(3.0)], {"scale": 2}) == [6.0]
    with pytest.raises(Skip, match="memory_format"):
        IDENTITY([np.array(3.0)], {"memory_format": None})


def test_torch_is_imported_in_one_file_and_only_when_it_is_needed():
    for source in SOURCES:
        tree = ast.parse(source.read_text())
        inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
        for node in ast.walk(tree):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(module.split(".")[0] == "torch" for module in modules):
                assert source.name == "pytorch.py"
                assert node in inside


def test_without_torch_the_run_names_the_extra_that_brings_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["--only", "exp", "--page", str(tmp_path / "page.md")]) == 2
    assert "'.[bench]'" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


# --- what is written --------------------------------------------------------------------------------------------------


def test_the_page_has_the_counts_and_says_what_has_no_explanation():
    row = Row(IDENTITY, samples=1234, compared=[1111, 5, 3], differing=[0, 2, 0])
    row.explained["a tie"] += 2
    row.skipped["sparse tensors"] += 7
    row.failures.append("something is wrong")
    text = page([row], {"PyTorch": "0.0"}, 200)
    for said in (
        "1,234 samples",
        "- values: 1,111 samples compared, 0 of them differ",
        "| `identity` | 2 | a tie |",
        "| sparse tensors | 7 |",
        "- something is wrong",
        "| `identity` | `positive` | 1234 | 1111 | 5 | 3 | 2 | 0 |",
    ):
        assert said in text
