"""How the tests run: how hard Hypothesis tries, and what the conformance suite says at the end.

Profiles, those of the kit, are chosen with ``--hypothesis-profile`` or the variable HYPOTHESIS_PROFILE.
"""

import os

import pytest

from autograd_core.testing.conformance import ConformanceReport
from autograd_core.testing.hypothesis import register_profiles, settings

register_profiles()
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


class Tally:
    """What the conformance suite has looked at: (operation, number of the example) pairs, and checks of one of them."""

    def __init__(self) -> None:
        self.examples: set[tuple[str, int]] = set()
        self.checks = 0

    def add(self, report: ConformanceReport) -> None:
        """What a check of one operation has looked at."""
        self.examples |= {(report.operation, example) for example in report.examples}
        self.checks += report.checks


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is claimed of an operation whose values are another package's, if that is not installed."""
    for given in getattr(getattr(item, "callspec", None), "params", {}).values():
        forward = getattr(given, "forward", None)
        if getattr(forward, "__module__", "").startswith("autograd_core.ops.special."):
            pytest.importorskip("scipy", reason="scipy is not installed: special functions have no values")


_TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """Where the conformance suite counts."""
    return request.config.stash[_TALLY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[_TALLY]
    if tally.checks:
        operations = len({operation for operation, _ in tally.examples})
        terminalreporter.write_line(
            f"conformance: {operations} operations, {len(tally.examples)} examples, {tally.checks} checks"
        )
