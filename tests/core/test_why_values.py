"""What is known of the values in a graph: an operation computed again from what was seen gives what it gave."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine import reachable
from autograd_core.op import REGISTRY, Op
from autograd_core.testing.cases import draw_case, examples_of
from autograd_core.testing.domains import First
from autograd_core.watching import seen
from autograd_core.why.alive import bare
from autograd_core.why.values import UNKNOWN, Values, compute


def graph_of(case):
    """The nodes of a call on leaves in the place of its arrays, and its results."""
    results = case(*(ag.tensor(a, requires_grad=True) if a.dtype.kind == "f" else a for a in case.arrays))
    return reachable(y.node for y in results if isinstance(y, ag.Tensor) and y.node is not None), results


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_computed_again_from_its_arguments_an_operation_gives_its_value(op):
    for example in examples_of(op)[:2]:
        with ag.watch():
            nodes, results = graph_of(draw_case(First(), op, example))
        values = Values(nodes)
        assert values.watched
        for node in nodes:
            if isinstance(bare(node.op), Op):
                again = compute(node, [argument.value for argument in values.arguments(node)])
                assert again is not UNKNOWN
                np.testing.assert_array_equal(again, seen(node).value)  # the same computation: the same bits
        del results


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_what_is_known_without_watching_is_right(op, monkeypatch):
    monkeypatch.setattr("autograd_core.why.values.alive", lambda kind: [])  # nothing is, and to look takes long
    for example in examples_of(op)[:2]:
        case = draw_case(First(), op, example)
        nodes, results = graph_of(case)
        del results
        with ag.watch():
            watched, kept = graph_of(case)
        known = Values(nodes)
        for node, twin in zip(nodes, watched, strict=True):
            if known.of(node) is not UNKNOWN and node.op is not None and seen(twin) is not None:
                np.testing.assert_array_equal(known.of(node), seen(twin).value)
        del kept
