"""The public surface: what is exported exists, is documented, and is what the operations registry says."""

import inspect

import autograd_core as ag
from autograd_core import ops


def test_every_exported_name_exists_once():
    assert len(ag.__all__) == len(set(ag.__all__))
    assert all(hasattr(ag, name) for name in ag.__all__)


def test_every_operation_of_the_namespace_is_exported():
    assert set(ops.__all__) <= set(ag.__all__)


def test_every_exported_function_and_class_is_documented():
    undocumented = [
        name
        for name in ag.__all__
        if (inspect.isfunction(getattr(ag, name)) or inspect.isclass(getattr(ag, name)))
        and not getattr(ag, name).__doc__
    ]
    assert undocumented == []
