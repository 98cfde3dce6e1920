"""Whoever waits for a large program to be planned is told, on a terminal and nowhere else."""

import io
import re
import threading
from contextlib import redirect_stderr

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import GraphError
from autograd_core.capture import announcing


class Screen(io.StringIO):
    """Standard error that remembers, and can be waited for."""

    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal, self.written = is_terminal, threading.Event()

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        count = super().write(text)
        self.written.set()
        return count


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(announcing, "PATIENCE", 0)


def test_a_terminal_is_told_at_work_and_at_the_end():
    with redirect_stderr(Screen(True)) as screen, announcing.announced("step", 99_999):
        assert screen.written.wait(60)
    told = r"ag.compile: planning 99,999 operations of step ...\nag.compile: step is planned, after \d+\.\d s\n"
    assert re.fullmatch(told, screen.getvalue())


def test_the_end_is_not_announced_where_planning_fails():
    with redirect_stderr(Screen(True)) as screen, pytest.raises(GraphError), announcing.announced("step", 99_999):
        raise GraphError("no")
    assert "is planned" not in screen.getvalue()


@pytest.mark.parametrize(("is_terminal", "count"), [(False, 99_999), (True, 10)])
def test_nothing_is_said_in_files_nor_of_small_programs(is_terminal, count):
    with redirect_stderr(Screen(is_terminal)) as screen, announcing.announced("step", count):
        pass
    assert screen.getvalue() == ""


def test_a_plan_is_announced_when_it_is_made(monkeypatch):
    monkeypatch.setattr(announcing, "FEW", 2)
    f = ag.compile(lambda x: ag.sum(ag.tanh(x)))
    with redirect_stderr(Screen(True)) as screen:
        said = []
        for _ in range(3):
            f(np.zeros(3))
            said.append(screen.getvalue().count("<lambda> is planned"))
    assert said == [0, 1, 1]
