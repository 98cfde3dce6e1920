"""The one door to Hypothesis, an optional package: everything in the kit that draws imports it from here.

Knows the profiles in which our own tests run, which other projects may take over.
"""

try:
    from hypothesis import HealthCheck, Phase, Verbosity, assume, given, seed, settings, strategies as st
    from hypothesis.errors import Flaky, InvalidArgument
    from hypothesis.extra import numpy as hnp
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError(
        "autograd_core.testing: strategies, given_gradcheck and check_operation need Hypothesis, which is not "
        "installed; pip install 'autograd-core[test]'"
    ) from error

__all__ = [
    "PROFILES",
    "register_profiles",
    "Flaky",
    "HealthCheck",
    "InvalidArgument",
    "Phase",
    "SearchStrategy",
    "Verbosity",
    "assume",
    "given",
    "hnp",
    "seed",
    "settings",
    "st",
]

_PLAIN = settings.get_profile("default")  # where the variable CI is set, Hypothesis's own default is another one

PROFILES = {
    "dev": settings(_PLAIN, max_examples=50, derandomize=True, deadline=None, database=None),
    "ci": settings(_PLAIN, max_examples=200, deadline=None, print_blob=True),
    "nightly": settings(_PLAIN, max_examples=2000, deadline=None, print_blob=True),
}
"""How hard Hypothesis tries: `dev` always draws the same numbers, so that a run can be repeated; `ci` and `nightly`
draw others each time, and more of them."""


def register_profiles() -> None:
    """Make the profiles `dev`, `ci` and `nightly` known to Hypothesis, for `settings.load_profile` and for pytest's
    ``--hypothesis-profile``.

    It replaces profiles of these names, `ci` of Hypothesis's own among them, so nothing does it unasked.

    >>> from autograd_core.testing.hypothesis import register_profiles, settings
    >>> register_profiles()
    >>> settings.get_profile("nightly").max_examples
    2000
    """
    for name, profile in PROFILES.items():
        settings.register_profile(name, profile)
