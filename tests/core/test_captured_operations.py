"""What holds of an operation holds of it captured: the same numbers, and the same gradients, in every replay.

Every operation of the registry, on all examples of its record: exactly, where nothing is fused, and within rounding
where steps become machine code.
"""

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.testing.cases import draw_case, examples_of

# They decide by their numbers what to compute, on some examples or on all, and a program cannot hold that.
REFUSED = set(
    """cov frexp geomspace linalg.cond linalg.lstsq nanpercentile nanquantile percentile polydiv polyfit polymul
    quantile trim_zeros unique""".split()  # noqa: SIM905 - as a list it would be a page
)
OPERATIONS = [op for op in ag.REGISTRY.values() if examples_of(op) and op.name not in REFUSED]

# Fused code computes the same formulas with other roundings: an elementary function is within 4 units in the last
# place of NumPy's (docs/approximations.md), a formula has some ten of them, and its terms may cancel to a thousandth.
ROUNDING = 4 * 10 * 1000 * float(np.finfo(np.float64).eps)


def _arrays(op, example, seed):
    rng = np.random.default_rng(seed)
    return draw_case(lambda n: int(rng.integers(n)), op, example)


def _numbers(tree):
    return [np.asarray(x._array if isinstance(x, ag.Tensor) else x) for x in tree]


def _check(captured, eager, cases, exact):
    for case in cases:
        wanted, found = _numbers(eager(*case.arrays)), _numbers(captured(*case.arrays))
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            assert a.shape == b.shape, case
            assert a.dtype == b.dtype, case
            if exact or b.dtype.kind != "f":
                np.testing.assert_array_equal(a, b, err_msg=repr(case))
            else:
                scale = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
                np.testing.assert_allclose(a, b, rtol=ROUNDING, atol=ROUNDING * scale, err_msg=repr(case))
    assert captured.plan is not None, f"{cases[0].op.name} was never replayed"


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])
@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_an_operation_computes_the_same_when_it_is_replayed(op, exact):
    for example in examples_of(op):
        first, *others = [_arrays(op, example, seed) for seed in range(4)]
        eager = first.__call__
        _check(ag.compile(eager, exact=exact), eager, [first, *others], exact)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])
@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.differentiable], ids=lambda op: op.name)
def test_a_gradient_is_the_same_when_it_is_replayed(op, exact):
    for example in examples_of(op):
        _check_gradient([_arrays(op, example, seed) for seed in range(4)], exact)


def _check_gradient(cases, exact):
    first = cases[0]
    rng = np.random.default_rng(5)
    weights = [rng.uniform(0.5, 1.5, np.shape(y)) for y in first(*first.arrays)]
    if not first.live or not any(w.size for w in weights):
        return

    def weighed(*arrays):
        results = first(*arrays)
        return sum(ag.sum(y * w) for y, w in zip(results, weights, strict=True))

    gradient = ag.grad(weighed, tuple(first.live))
    _check(ag.compile(gradient, exact=exact), gradient, cases, exact)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_operation_that_decides_by_its_numbers_is_refused_by_name_or_computes_the_same(name):
    op = ag.REGISTRY[name]
    refusals = []
    for example in examples_of(op):
        cases = [_arrays(op, example, seed) for seed in range(6)]
        captured = ag.compile(cases[0].__call__)
        try:
            _check(captured, cases[0].__call__, cases, exact=False)
            if op.differentiable:
                _check_gradient(cases, exact=False)
        except ag.GraphError as error:
            refusals.append(str(error))
    assert refusals
    assert all(
        re.search("asks for the numbers of this one call|computed something else|of plain arrays", r) for r in refusals
    )
