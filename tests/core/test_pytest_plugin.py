"""The plugin in other people's projects: it shows reports, counts, takes options, and is not noticed by anybody else.

Each test runs pytest in a process and a folder of its own, as the user of the plugin does.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_core as ag
import nn

ROOT = Path(ag.__file__).parent.parent

GRADIENTS = """
import numpy as np

def square(x):
    return x * x

def square_vjp(x, g):
    return 2 * x * g

def without_factor(x, g):
    return x * g

def wrong_above_one_and_a_half(x, g):
    return np.where(x > 1.5, 3 * x * g, 2 * x * g)
"""

TESTS = """
import numpy as np
import pytest
from hypothesis import given, strategies as st
from autograd_core.testing import given_gradcheck
from gradients import square, square_vjp, without_factor, wrong_above_one_and_a_half

def test_right(gradcheck):
    gradcheck((square, square_vjp), np.array([1.0, 2.0]))

def test_wrong(gradcheck):
    x = np.array([1.0, 2.0])
    gradcheck((square, without_factor), x)

test_drawn_right = given_gradcheck((square, square_vjp))

test_drawn_wrong = given_gradcheck((square, wrong_above_one_and_a_half))

@pytest.fixture(scope="session")
def seven():
    return 7

@given_gradcheck((square, square_vjp), max_examples=5)
def test_body_with_fixtures(x, seven, gradcheck):
    assert seven == 7

@given_gradcheck((square, square_vjp))
def test_wrong_body(x):
    assert np.all(x < 2)

@given(st.floats(1, 3))
def test_drawn_by_hypothesis_alone(x):
    numbers = np.array([x])
    from autograd_core.testing import gradcheck
    gradcheck((square, wrong_above_one_and_a_half), numbers)

def test_many_numbers(gradcheck):
    gradcheck((square, without_factor), np.linspace(1, 2, 60))

def test_a_mismatch_that_is_expected(gradcheck):
    assert not gradcheck((square, without_factor), 1.0, raise_exception=False)

def broken(x):
    raise ZeroDivisionError("broken")

def test_broken(gradcheck):
    gradcheck((broken, square_vjp), np.ones(2))
"""


def run_pytest(folder, *arguments):
    """The output of pytest with the plugin, loaded by its name so that it need not be installed."""
    command = [sys.executable, "-m", "pytest", "-p", "_hypothesis_pytestplugin", "-p", "autograd_core_pytest"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": path, "COLUMNS": "120"}
    environment.pop("HYPOTHESIS_PROFILE", None)
    run = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "gradients.py").write_text(GRADIENTS)
    (folder / "test_gradients.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --strict-markers --strict-config\n")
    return folder


@pytest.fixture(scope="module")
def output(project):
    return run_pytest(project, "-v", "--hypothesis-seed=0")


def failure(output, test):
    """What is printed about a test that failed."""
    return re.search(rf"\n_+ {test} _+\n(.*?)(?=\n_+ test_\w+ _+\n|\n=+ |\ngradient checks)", output, re.DOTALL)[1]


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_right_gradients_pass_and_wrong_ones_fail(output):
    for name, result in {
        "test_right": "PASSED",
        "test_wrong": "FAILED",
        "test_drawn_right": "PASSED",
        "test_drawn_wrong": "FAILED",
        "test_body_with_fixtures": "PASSED",
        "test_wrong_body": "FAILED",
        "test_a_mismatch_that_is_expected": "PASSED",
    }.items():
        assert re.search(rf"test_gradients.py::{name} {result}", output), output


@pytest.mark.parametrize(
    ("test", "line"),
    [
        ("test_wrong", "gradcheck((square, without_factor), x)"),
        ("test_drawn_wrong", "test_drawn_wrong = given_gradcheck((square, wrong_above_one_and_a_half))"),
        ("test_drawn_by_hypothesis_alone", "gradcheck((square, wrong_above_one_and_a_half), numbers)"),
    ],
)
def test_first_the_line_of_the_test_then_the_report(output, test, line):
    shown = failure(output, test)
    lines = shown.splitlines()
    assert lines[0].startswith("test_gradients.py:")
    assert line in shown
    assert shown.index(line) < shown.index("gradient of square (gradients.py:")
    assert "analytic / numeric" in shown
    assert "suspected cause" in shown
    assert re.search(r"gradcheck\(\(square, \w+\), x\)", shown[shown.index("to reproduce") :])
    assert "gradcheck.py" not in shown  # of the kit
    assert "hypothesis/" not in shown
    assert len(lines) < 45


def test_what_is_shown_is_the_smallest_input(output):
    assert "x = np.array(2.0)" in failure(output, "test_drawn_wrong")
    assert "x=np.array(2.)" in failure(output, "test_drawn_wrong")


def test_a_reproduction_too_long_for_the_report_is_shown_below_it(output):
    report, _, reproduction = failure(output, "test_many_numbers").partition("- To reproduce -")
    assert "1.0169491525423728" not in report
    assert "1.0169491525423728" in reproduction
    assert "gradcheck((square, without_factor), x)" in reproduction


def test_the_failure_of_a_body_is_shown_as_any_other(output):
    shown = failure(output, "test_wrong_body")
    assert ">       assert np.all(x < 2)" in shown
    assert "x=np.array(2.)" in shown
    assert "given.py" not in shown


def test_an_error_in_the_function_is_shown_without_the_kit(output):
    shown = failure(output, "test_broken")
    assert "gradcheck((broken, square_vjp), np.ones(2))" in shown
    assert '>       raise ZeroDivisionError("broken")' in shown
    assert "autograd_core" not in shown


def test_the_summary_counts_what_was_checked(output):
    (line,) = re.findall(r"^gradient checks: .*", output, re.MULTILINE)
    functions, checks, entries = re.match(
        r"gradient checks: (\d+) functions?, ([\d,]+) checks, ([\d,]+) entries", line
    ).groups()
    assert int(functions) == 3  # square with three gradients
    assert int(checks.replace(",", "")) > 100  # Hypothesis's default, and more
    assert int(entries.replace(",", "")) > 100
    assert line.endswith(", 2 functions wrong")  # the one that was expected is wrong in another test, too


@pytest.mark.parametrize("option", ["--full-trace", "--tb=native"])
def test_everything_can_still_be_shown(project, option):
    shown = run_pytest(project, "-k", "test_wrong and not body", option)
    assert "gradcheck.py" in shown
    assert "raise GradientMismatch(report)" in shown


# --- options ----------------------------------------------------------------------------------------------------------

COUNTING = """
from autograd_core.testing import given_gradcheck
from autograd_core.testing.tally import EFFORT
from gradients import square, square_vjp
test_many = given_gradcheck((square, square_vjp), shapes=[(5,)])

def test_effort(gradcheck):
    print(EFFORT, getattr(gradcheck, "keywords", None))
"""


def test_options_say_how_hard_to_try(project, tmp_path):
    (tmp_path / "gradients.py").write_text(GRADIENTS)
    (tmp_path / "test_counting.py").write_text(COUNTING)
    shown = run_pytest(tmp_path, "-s", "--gradcheck-mode=fast", "--gradcheck-examples=7", "--gradcheck-profile=ci")
    assert "Effort(examples=7, mode='random', profile='ci') {'mode': 'random'}" in shown
    assert "gradient checks: 1 function, 7 checks, 21 entries\n" in shown  # in three directions each

    (tmp_path / "pytest.ini").write_text("[pytest]\ngradcheck_mode = full\ngradcheck_profile = dev\n")
    shown = run_pytest(tmp_path, "-s", "--strict-config")
    assert "Effort(examples=None, mode='full', profile='dev') {'mode': 'full'}" in shown
    assert "gradient checks: 1 function, 50 checks, 250 entries\n" in shown

    (tmp_path / "pytest.ini").write_text("[pytest]\ngradcheck_mode = slow\n")
    assert "ERROR: gradcheck_mode must be one of fast, full, got 'slow'" in run_pytest(tmp_path)
    assert "invalid choice: 'slow'" in run_pytest(tmp_path, "--gradcheck-mode=slow")


def test_options_are_listed_in_a_group_of_their_own(project):
    shown = run_pytest(project, "--help")
    assert "gradient checks (autograd_core):" in shown
    assert "--gradcheck-examples=N" in shown


# --- projects that do not use it --------------------------------------------------------------------------------------


def test_it_imports_nothing_and_says_nothing_until_it_is_used(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n"
        "def test_other():\n"
        "    loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "    assert 'autograd_core_pytest' in loaded\n"
        "    assert not loaded & {'autograd_core', 'nn', 'numpy', 'hypothesis'}\n\n"
        "def test_fails():\n"
        "    assert not sys\n"
    )
    shown = run_pytest(tmp_path, "-W", "error", "--strict-markers", "--strict-config")
    assert "1 failed, 1 passed" in shown
    assert ">       assert not sys" in shown
    assert "gradient" not in shown.partition("short test summary")[0]


@pytest.mark.parametrize("package", [ag, nn])
def test_pytest_is_told_not_to_rewrite_the_package(package):
    # of a distribution with a plugin pytest rewrites all modules, and warns of those that were imported before it came
    assert "PYTEST_DONT_REWRITE" in package.__doc__
