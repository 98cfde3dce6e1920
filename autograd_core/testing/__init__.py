"""Checking derivatives numerically, of whoever wrote them. Stands beside the library: nothing in it imports this.

`gradcheck` compares a gradient with differences. `given_gradcheck` makes a property-based test of it, `check_operation`
runs all that is claimed of operations on one, `strategies` draw inputs for tests of one's own; these three need
Hypothesis (extra: test), and are imported when they are first asked for.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from .gradcheck import gradcheck
from .report import CAUSES, Cause, Entry, Finding, GradientMismatch, GradientReport, Step

if _TYPE_CHECKING:
    from . import strategies
    from .conformance import CLAIMS, ClaimError, check_operation
    from .given import given_gradcheck
    from .hypothesis import PROFILES, register_profiles

_LAZY = {
    "strategies": "strategies",
    "given_gradcheck": "given",
    "check_operation": "conformance",
    "CLAIMS": "conformance",
    "ClaimError": "conformance",
    "PROFILES": "hypothesis",
    "register_profiles": "hypothesis",
}

__all__ = [
    "CAUSES",
    "CLAIMS",
    "Cause",
    "ClaimError",
    "Entry",
    "Finding",
    "GradientMismatch",
    "GradientReport",
    "PROFILES",
    "Step",
    "check_operation",
    "given_gradcheck",
    "gradcheck",
    "register_profiles",
    "strategies",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd_core.testing' has no attribute {name!r}")
    module = _import_module(f".{_LAZY[name]}", __name__)
    value = globals()[name] = module if name == _LAZY[name] else getattr(module, name)
    return value
