"""Large programs: planned in time that grows as they do, without recursion, and without leaving garbage behind."""

import gc
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.capture.building import Builder
from autograd_core.kernels import llvm, nests, segments


def chain(length):
    def f(x, a, b):
        for _ in range(length):
            x = ag.tanh(x * a + b)
        return ag.sum(x)

    return f


def numbers(length):
    """A start, factors near one and shifts near zero, so that neither values nor gradients vanish or explode."""
    rng = np.random.default_rng(length)
    shifts = rng.uniform(-0.003, 0.003, 10) / length
    return rng.uniform(-0.05, 0.05, 10), 1 + rng.uniform(0, 3, 10) / length, shifts


@pytest.mark.parametrize("exact", [False, True])
def test_a_program_of_thousands_of_operations_is_replayed_without_recursion(exact):
    length, depth = 1200, 150
    f, arguments = chain(length), numbers(length)
    slope = ag.compile(ag.grad(f), exact=exact)
    expected = ag.grad(f)(*arguments)
    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(used + depth)  # what pytest needs already, and little more
    try:
        found = [slope(*arguments) for _ in range(3)]
    finally:
        sys.setrecursionlimit(limit)
    assert slope.plan is not None
    for gradient in found:
        # each of 3 * length steps there and back rounds a factor, by a half ulp each or by 2 where approximated
        np.testing.assert_allclose(gradient, expected, rtol=0 if exact else 12 * length * 2**-52)


@pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")
def test_no_function_of_machine_code_is_longer_than_llvm_is_quick_with(monkeypatch):
    texts = []

    def compiled(text, **options):
        texts.append(text)
        return llvm.compiled(text, **options)

    monkeypatch.setattr(segments, "compiled", compiled)
    monkeypatch.setattr(segments, "recalled", lambda *_: None)  # as if nothing had been compiled before
    monkeypatch.setattr(segments, "_LONG", 300)
    monkeypatch.setattr(nests, "_MANY", 100)
    f = chain(300)

    def g(x, a, b):
        for _ in range(30):  # many short nests, too: each sum has loops of its own
            x = x / (1 + ag.sum(x * x)) + b
        return f(x, a, b)

    arguments = numbers(300)
    slope = ag.compile(ag.grad(g))
    expected = ag.grad(g)(*arguments)
    found = [slope(*arguments) for _ in range(3)][-1]
    (text,) = [text for text in texts if "@run0(" in text]
    functions = [part.count("\n") for part in text.split("\ndefine ")[1:]]
    assert len(functions) > 5
    assert max(functions) < 300 + 100 * 12  # a nest begins in a function that is not full: a dozen lines for each step
    np.testing.assert_allclose(found, expected, rtol=12 * 330 * 2**-52)


def test_steps_are_built_from_the_second_of_two_like_calls(monkeypatch):
    built = []
    add = Builder.add
    monkeypatch.setattr(Builder, "add", lambda self, *args: (built.append(args), add(self, *args))[1])
    f = ag.compile(chain(3))
    first = f(*numbers(3))
    assert built == []
    assert f.plan is None
    second = f(*numbers(3))
    assert len(built) == 10
    assert f.plan is not None
    assert first == second == pytest.approx(f(*numbers(3)), rel=1e-14)  # some ten roundings


def test_a_call_that_is_traced_leaves_no_cycles_behind():
    f, arguments = ag.compile(ag.grad(chain(100))), numbers(100)
    gc.collect()
    gc.disable()
    try:
        f(*arguments)
        f(*arguments)
        found = gc.collect()
    finally:
        gc.enable()
    assert found < 100  # not something for each operation
