"""How the tests run: how hard Hypothesis tries, and what the conformance suite says at the end.

Profiles, chosen with ``--hypothesis-profile`` or the variable HYPOTHESIS_PROFILE: `dev` always draws the same numbers,
so that a run can be repeated; `ci` and `nightly` draw others each time, and more of them.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=50, derandomize=True, deadline=None, database=None)
settings.register_profile("ci", max_examples=200, deadline=None, print_blob=True)
settings.register_profile("nightly", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


class Tally:
    """What the conformance suite has looked at: (operation, number of the example) pairs, and checks of one of them."""

    def __init__(self) -> None:
        self.examples: set[tuple[str, int]] = set()
        self.checks = 0

    def count(self, operation: str, example: int) -> None:
        """One more check, of this example of this operation."""
        self.examples.add((operation, example))
        self.checks += 1


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
