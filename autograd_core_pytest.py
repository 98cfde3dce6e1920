"""The pytest plugin: a fixture `gradcheck`, options for how hard to try, short failures, and a line that sums up.

pytest loads it in every project where the package is installed. So nothing of the package is imported here until a test
uses it, or an option is given; and what is not imported needs nothing from here.

PYTEST_DONT_REWRITE: there are no assertions here.
"""

import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_MODES = {"fast": "random", "full": "full"}
_PROFILES = ("dev", "ci", "nightly")

# --- options ----------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradcheck", "gradient checks (autograd_core)")
    for name, help_, kind in [
        ("examples", "how many inputs given_gradcheck draws, where a test does not say", {"type": int, "metavar": "N"}),
        ("mode", "fast: in random directions; full: all entries; where a test does not say", {"choices": [*_MODES]}),
        ("profile", "how given_gradcheck draws: profiles from few inputs to many", {"choices": _PROFILES}),
    ]:
        group.addoption(f"--gradcheck-{name}", help=help_, **kind)  # type: ignore[arg-type]
        parser.addini(f"gradcheck_{name}", f"as --gradcheck-{name}: {help_}", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_GradientChecks(), "gradient checks")
    examples, mode, profile = (_chosen(config, name) for name in ("examples", "mode", "profile"))
    if mode and mode not in _MODES:
        raise pytest.UsageError(f"gradcheck_mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if profile and profile not in _PROFILES:
        raise pytest.UsageError(f"gradcheck_profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
    if examples and not (str(examples).isdecimal() and int(examples) > 0):
        raise pytest.UsageError(f"gradcheck_examples must be a positive whole number, got {examples!r}")
    if examples or mode or profile:
        from autograd_core.testing.tally import EFFORT

        config.add_cleanup(partial(vars(EFFORT).update, vars(EFFORT).copy()))  # a test may run pytest in itself
        EFFORT.examples = int(examples) if examples else None
        EFFORT.mode = _MODES[mode] if mode else None  # type: ignore[assignment]
        EFFORT.profile = profile or None


def _chosen(config: pytest.Config, name: str) -> Any:
    option = config.getoption(f"gradcheck_{name}")
    return config.getini(f"gradcheck_{name}") if option is None else option


# --- the fixture ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def gradcheck() -> Any:
    """autograd_core.testing.gradcheck, with the mode that --gradcheck-mode says unless the call says another."""
    from autograd_core.testing import gradcheck
    from autograd_core.testing.tally import EFFORT

    return partial(gradcheck, mode=EFFORT.mode) if EFFORT.mode else gradcheck


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[Any]") -> Iterator[None]:
    """Show the user's own lines and the report; send what was counted along, if need be to another process."""
    tally = sys.modules.get("autograd_core.testing.tally")
    if tally is None:
        yield
        return
    mismatches = []
    if call.excinfo is not None:
        mismatches = list(_mismatches(call.excinfo.value, sys.modules["autograd_core.testing.report"]))
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and call.excinfo is not None:
        for mismatch in mismatches:
            tally.TALLY.blame(mismatch.report)
            again = mismatch.report.reproduction
            if not all(line.strip() in str(mismatch) for line in again.splitlines()):  # it was too long for the report
                report.sections.append(("To reproduce", again))
        if pytest.version_tuple >= (8,):
            shown = _without_the_kit(item, call.excinfo, call.excinfo.value in mismatches)
            report.longrepr = report.longrepr if shown is None else shown
    report.gradient_checks = tally.TALLY.take()


def _mismatches(error: BaseException, module: "ModuleType") -> Iterator[Any]:
    """The mismatches among an exception and those that it groups, as Hypothesis does."""
    if isinstance(error, module.GradientMismatch):
        yield error
    for part in getattr(error, "exceptions", ()):
        yield from _mismatches(part, module)


def _without_the_kit(item: pytest.Item, info: Any, is_mismatch: bool) -> Any:
    """The failure as pytest shows it, but of the traceback only the lines that are not of the kit or of Hypothesis.

    None, which is to leave it as it is, unless these are not to blame: the error is a mismatch, is about how the kit is
    used, or comes from a function that the kit called.
    """
    style, entries = item.config.getoption("tbstyle", "auto"), info.traceback
    if item.config.getoption("fulltrace", False) or style not in ("auto", "long", "short"):
        return None
    if not any(map(_is_of_the_kit, entries)):
        return None
    misused = isinstance(info.value, sys.modules["autograd_core.errors"].AutogradError)
    if not (is_mismatch or misused or not _is_inner(entries[-1])):
        return None
    own = next((entry for entry in entries if str(entry.path) == str(item.path)), None)  # the test, even if drawn
    before = True  # of pytest, until the test
    kept = []
    for entry in entries:
        before = before and entry is not own
        if entry is own or not (before or _is_inner(entry)):
            kept.append(entry)
    if not kept:
        return None
    if style == "auto":
        short = kept if is_mismatch else kept[:-1]
        kept = [*(entry.with_repr_style("short") for entry in short), *kept[len(short) :]]
    info.traceback = type(entries)(kept)
    return info.getrepr(
        style="long" if style == "auto" else style,
        showlocals=item.config.getoption("showlocals", False),
        funcargs=True,
        tbfilter=False,
    )


def _is_of_the_kit(entry: Any) -> bool:
    return str(entry.frame.f_globals.get("__name__")).startswith("autograd_core.testing")


def _is_inner(entry: Any) -> bool:
    names = entry.frame.f_globals
    of_hypothesis = str(names.get("__name__")).partition(".")[0] == "hypothesis"
    return of_hypothesis or "__hypothesistracebackhide__" in names or _is_of_the_kit(entry)


# --- the summary ------------------------------------------------------------------------------------------------------


class _GradientChecks:
    """What all tests counted together, wherever they ran."""

    def __init__(self) -> None:
        self.functions: set[str] = set()
        self.wrong: set[str] = set()
        self.checks = self.entries = self.kinks = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        counts = getattr(report, "gradient_checks", None)
        if counts:
            self.functions.update(counts["functions"])
            self.wrong.update(counts["wrong"])
            self.checks += counts["checks"]
            self.entries += counts["entries"]
            self.kinks += counts["kinks"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.checks or terminalreporter.config.getoption("verbose") < -1:
            return
        words = [_counted(len(self.functions), "function"), _counted(self.checks, "check")]
        words.append(_counted(self.entries, "entry", "entries"))
        if self.kinks:
            words.append(f"{self.kinks:,} on kinks")
        if self.wrong:
            words.append(f"{_counted(len(self.wrong), 'function')} wrong")
        terminalreporter.write_line(f"gradient checks: {', '.join(words)}", red=bool(self.wrong))


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
