"""What is claimed of all operations, checked of every operation in the registry: nobody writes tests for one of them.

Each test is one claim of the kit about one operation, which goes through all examples of the record; an operation is
left out only where the claim says nothing about it, when the tests are collected. What holds in this repository alone,
such as where the public name is, is said here.
"""

import re
from operator import attrgetter
from types import FunctionType

import pytest

import autograd_core as ag
from autograd_core.testing.cases import examples_of
from autograd_core.testing.conformance import CLAIMS, check_operation

OPERATIONS = list(ag.REGISTRY.values())

# A face of a linear map, checked through its VJPs, which are its other faces; NumPy has no function to compare with.
_FACE = re.compile(r"_(input|weight|gather|scatter)$")
# Steps inside another operation, which are not public and have arguments that only that operation can make.
_INSIDE = re.compile(r"_(gather|scatter|packed)$")
# They are documented, and reached with such shapes, through the operation they belong to.
_NOT_OF_STEPS_INSIDE = {"the_examples_in_the_docstring_run", "some_example_has_no_elements_or_no_axes"}


def _id(given):
    return given.name


def says_something(claim, op):
    return claim.applies(op) and not (claim.name in _NOT_OF_STEPS_INSIDE and _INSIDE.search(op.name))


PAIRS = [(claim, op) for claim in CLAIMS.values() for op in OPERATIONS if says_something(claim, op)]


@pytest.mark.parametrize(("claim", "op"), PAIRS, ids=_id)
def test_claim(claim, op, tally):
    # A failure names the example and the numbers; to have it shrunk, call check_operation.
    tally.add(check_operation(op, claims=[claim.name], shrink=False))


@pytest.mark.parametrize("op", OPERATIONS, ids=_id)
def test_the_record_is_complete(op, tally):
    if not _INSIDE.search(op.name):
        assert isinstance(attrgetter(op.name)(ag), FunctionType), f"public as ag.{op.name}"
    assert op.reference is not None or _FACE.search(op.name), "a reference to agree with"
    assert examples_of(op), "examples"
    tally.checks += 1
