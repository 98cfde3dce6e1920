"""Whole runs in files: all of it comes back or nothing changes, no damage goes unseen, no crash leaves half a file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
from nn import Dropout, Linear, Sequential, optim
from nn.saving import load_checkpoint, load_tree, save_checkpoint


def network(seed=0):
    return Sequential(Linear(3, 4, rng=seed), Dropout(0.5, rng=seed), Linear(4, 2, rng=seed))


def parts(seed=0, optimizer=optim.Adam):
    model = network(seed)
    return {"model": model, "optimizer": optimizer(model.parameters(), lr=0.01), "noise": np.random.default_rng(seed)}


def step(parts):
    parts["optimizer"].zero_grad()
    x = parts["noise"].standard_normal((5, 3)).astype(np.float32)
    (parts["model"](x) ** 2).mean().backward()
    parts["optimizer"].step()


def weights(parts):
    return [value.tobytes() for value in parts["model"].state_dict().values()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def test_a_run_goes_on_with_the_same_bits(path):
    whole, part = parts(), parts()
    for _ in range(3):
        step(whole)
        step(part)
    save_checkpoint(path, {**part, "step": 3, "config": {"lr": 0.01}})
    other = parts(seed=1)
    found = load_checkpoint(path, other)
    assert (found["step"], found["config"]) == (3, {"lr": 0.01})
    assert found["versions"]["numpy"] == np.__version__
    for _ in range(3):
        step(whole)
        step(other)
    assert weights(whole) == weights(other)


def test_generators_that_modules_share_are_shared_afterwards(path):
    def shared(seed):
        rng = np.random.default_rng(seed)
        return Sequential(Dropout(0.5, rng=rng), Dropout(0.5, rng=rng))

    one, two, x = shared(0), shared(1), np.ones(50, np.float32)
    one(x)
    save_checkpoint(path, {"model": one})
    load_checkpoint(path, {"model": two})
    assert two[0].rng is two[1].rng
    assert np.array_equal(one(x).data, two(x).data)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: {"model": Linear(2, 2)}, "model does not fit: its random generators are none, but saved were 1.rng"),
        (lambda: {"noise": np.random.Generator(np.random.MT19937(0))}, "the generator is a MT19937, .* of a PCG64"),
        (lambda: {"optimizer": optim.SGD(network().parameters())}, "optimizer does not fit"),
        (lambda: {"scheduler": network()}, "no 'scheduler' in this checkpoint; there is model, optimizer, noise"),
        (lambda: {"optimizer": 3}, "int has no load_state_dict"),
    ],
)
def test_what_does_not_fit_changes_nothing_at_all(path, other, words):
    save_checkpoint(path, parts())
    here = parts(seed=1)
    before, state = weights(here), here["noise"].bit_generator.state
    with pytest.raises(ag.DataError, match=rf"run\.safetensors: .*{words}.*nothing was loaded"):
        load_checkpoint(path, {**here, **other()})
    assert weights(here) == before
    assert here["noise"].bit_generator.state == state


def test_older_ones_are_kept_under_numbers_and_named_when_the_last_is_damaged(path):
    for number in range(5):
        save_checkpoint(path, {"step": number}, keep=3)
    files = {file.name: load_checkpoint(file)["step"] for file in path.parent.iterdir()}
    assert files == {"run.safetensors": 4, "run.1.safetensors": 3, "run.2.safetensors": 2}
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ag.DataError, match=r"run\.safetensors: .*older ones are .*run\.1\.safetensors, .*run\.2\."):
        load_checkpoint(path)


def test_older_ones_are_kept_where_there_are_no_hard_links(path, monkeypatch):
    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", refuse)
    for number in range(3):
        save_checkpoint(path, {"step": number}, keep=2)
    assert load_checkpoint(path.with_name("run.1.safetensors"))["step"] == 1


def test_a_thousand_flipped_bits_are_found(path):
    content = save_checkpoint(path, {**parts(), "step": 3}).read_bytes()
    rng = np.random.default_rng(0)
    for bit in rng.choice(8 * len(content), 1000, replace=False).tolist():
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(ag.DataError, match=r"run\.safetensors: .*use a copy"):
            load_checkpoint(path)


def test_a_file_cut_off_at_any_length_is_found(path):
    content = save_checkpoint(path, {"step": 3, "w": np.ones(3)}).read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ag.DataError, match=r"run\.safetensors: .*use a copy"):
            load_checkpoint(path)
    path.write_bytes(content)
    assert load_checkpoint(path)["step"] == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_kill_in_the_middle_of_saving_loses_a_checkpoint():
    script = Path(__file__).parents[1] / "crashes.py"
    command = [sys.executable, str(script), "--kills", "20", "--megabytes", "0.5"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=script.parents[1],
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "every time a checkpoint loaded whole" in ended.stdout


def test_other_trees_and_later_formats_are_refused(path):
    from nn.saving import save_tree

    save_tree({"model": 1}, path)
    with pytest.raises(ag.DataError, match="this tree is no checkpoint"):
        load_checkpoint(path)
    tree = load_tree(save_checkpoint(path, {"step": 1}))
    save_tree({**tree, "format": 99}, path)
    with pytest.raises(ag.DataError, match="a checkpoint of format 99, and this version reads 1"):
        load_checkpoint(path)
