"""Names are replaced while somebody listens, and are what they were when nobody does, whoever ends first."""

import itertools
import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.replacing import Replacements


class Named:
    """A class with a name of its own, and one that it inherits."""

    own = "own"


class Inheriting(Named):
    """A class that only inherits."""


def _wrapping(namespace, mark, log):
    """A set that wraps the function ``f`` of a namespace, and one attribute of a class."""

    def replace_all(replace):
        f = namespace["f"]
        replace(namespace, "f", lambda: (log.append(mark), f())[1])
        replace(Inheriting, "own", mark)

    return Replacements(replace_all)


@pytest.mark.parametrize("ends", list(itertools.permutations("abc")), ids="".join)
def test_all_names_are_as_before_when_all_have_ended_in_whatever_order(ends):
    log, namespace = [], {"f": lambda: "result"}
    before = namespace["f"]
    sets = {mark: _wrapping(namespace, mark, log) for mark in "abc"}
    for each in sets.values():
        each.install()
    assert (namespace["f"](), log) == ("result", ["c", "b", "a"])
    for n, mark in enumerate(ends, 1):
        sets[mark].remove()
        log.clear()
        assert namespace["f"]() == "result"
        assert set(log) >= set(ends[n:])  # those that still listen are not lost
    assert namespace["f"] is before
    assert "own" not in vars(Inheriting)


def test_who_listens_again_before_the_others_have_ended_hears_everything_once():
    log, namespace = [], {"f": lambda: "result"}
    a, b = (_wrapping(namespace, mark, log) for mark in "ab")
    a.install(), b.install(), a.remove(), a.install()
    namespace["f"]()
    assert log == ["b", "a"]
    a.remove(), b.remove()
    log.clear()
    namespace["f"]()
    assert log == []


def test_what_fails_while_it_replaces_leaves_nothing_replaced():
    def replace_all(replace):
        replace(namespace, "f", None)
        raise ValueError("on purpose")

    namespace = {"f": 1}
    with pytest.raises(ValueError, match="on purpose"):
        Replacements(replace_all).install()
    assert namespace == {"f": 1}


def test_a_profile_that_ends_in_another_thread_leaves_a_function_that_is_traced_followed():
    traced, ended = threading.Event(), threading.Event()

    def profiled():
        with ag.profile():
            began.set()
            traced.wait()
        ended.set()

    def f(x):
        traced.set()
        ended.wait()
        return ag.sin(x) * 2

    began = threading.Event()
    thread = threading.Thread(target=profiled)
    thread.start()
    began.wait()
    captured = ag.compile(f, exact=True)
    for i in range(4):
        np.testing.assert_array_equal(captured(np.full(3, float(i))), np.sin(np.full(3, float(i))) * 2)
    thread.join()
    assert captured.plan is not None
    assert ag.sin.__globals__["forward"] is np.sin  # nothing is left behind
