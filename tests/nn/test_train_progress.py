"""How far training is: a bar on a terminal, whole lines in files and notebooks, and nothing if nobody wants it."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import Linear, functional, optim
from nn.data import TensorDataset
from nn.train import fit

points = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]


def trained(epochs=3, **options):
    model = Linear(1, 1, rng=0)
    settings = {"epochs": epochs, "batch_size": 4, "loss": functional.mse_loss, "rng": 0, **options}
    data = TensorDataset(points, 2 * points)
    return fit(model, data, optimizer=optim.SGD(model.parameters(), lr=0.1), **settings)


class Terminal(io.StringIO):
    """Something that says it is one."""

    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_that_is_taken_away_and_the_last_line(monkeypatch):
    terminal, out = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", out)
    history = trained()
    shown = terminal.getvalue()
    assert re.search(r"epoch \d/3  loss \d", shown)
    assert "30/30" in shown
    assert shown.endswith("\r"), "it is taken away"
    last = str(history.last).replace("  3", "  3/3", 1)
    assert out.getvalue() == f"{last}\n"
    monkeypatch.setattr(sys, "stdout", file := io.StringIO())
    trained()
    assert len(file.getvalue().splitlines()) == 3, "a file that the output goes to has a line for each epoch"


def test_a_file_gets_one_line_for_each_epoch_and_no_control_characters(capsys):
    trained(validation=TensorDataset(points, 2 * points))
    out, err = capsys.readouterr()
    assert err == ""
    assert [re.sub(r"\d+\.\d+", "x", line) for line in out.splitlines()] == [
        f"epoch   {n}/3  loss x  validation loss x  x s" for n in (1, 2, 3)
    ]


def test_long_epochs_say_something_in_between(monkeypatch, capsys):
    monkeypatch.setattr("nn.train.progress._SILENCE", -1.0)
    trained(epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert re.fullmatch(r"epoch   1/1  batch 10/10  loss \d\.\d{4}", lines[9])


@pytest.mark.parametrize("fake", [True, False])
def test_silence_is_silence(monkeypatch, capsys, fake):
    terminal = Terminal()
    if fake:
        monkeypatch.setattr(sys, "stderr", terminal)
    trained(progress=False)
    assert capsys.readouterr() == ("", "")
    assert terminal.getvalue() == ""


def test_what_is_written_as_it_happens_can_be_followed_in_a_pipe(tmp_path):
    """Python holds back what it prints into a pipe; lines of progress must not wait for the end."""
    program = (
        "import numpy as np, os\n"
        "from nn import Linear, functional, optim\n"
        "from nn.data import TensorDataset\n"
        "from nn.train import fit\n"
        "x = np.ones((4, 1), np.float32); m = Linear(1, 1)\n"
        "fit(m, TensorDataset(x, x), epochs=1, optimizer=optim.SGD(m.parameters(), lr=0.1), loss=functional.mse_loss)\n"
        "os._exit(0)\n"  # nothing is flushed
    )
    held_back = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**held_back, "PYTHONPATH": str(Path(nn.__file__).parents[1])},
    )
    assert done.stdout.startswith("epoch   1/1  loss ")
