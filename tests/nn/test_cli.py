"""The command line: a short run leaves its files, the same seed the same figures, and a wrong word is told in words."""

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import nn
from nn.__main__ import main
from nn.history import History

pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
pytest.importorskip("matplotlib", reason="reports are drawn with matplotlib")


def train(folder, *more):
    return main(["train", "--data", "digits", "--model", "mlp", "--epochs", "2", "--output", str(folder), *more])


def test_training_prints_the_accuracy_and_leaves_weights_history_config_and_report(tmp_path, capsys):
    assert train(tmp_path / "a") == 0
    accuracy = float(re.search(r"test accuracy: ([\d.]+) %", capsys.readouterr().out)[1])
    assert accuracy > 60
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert (config["model"], config["seed"], config["epochs"]) == ("mlp", 0, 2)
    assert 100 * config["test_accuracy"] == pytest.approx(accuracy, abs=0.005)  # printed with two digits
    assert len(History.load(tmp_path / "a" / "weights.json")) == 2
    page = (tmp_path / "a" / "index.html").read_text()
    assert "Confusion matrix" in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)  # everything is in the file


def test_the_same_seed_leaves_the_same_weights(tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert train(tmp_path / name, "--seed", seed, "--quiet") == 0
    a, b, c = ((tmp_path / name / "weights.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_run_that_was_killed_goes_on_to_the_same_weights(tmp_path):
    options = ["--checkpoint-every", "3 steps", "--quiet"]
    assert train(tmp_path / "whole", "--quiet") == 0
    folder = tmp_path / "killed"
    command = ["train", "--data", "digits", "--model", "mlp", "--epochs", "2", "--output", str(folder), *options]
    child = subprocess.Popen([sys.executable, "-m", "nn", *command], cwd=Path(nn.__file__).parents[1])
    while not (folder / "checkpoint.safetensors").exists() and child.poll() is None:
        time.sleep(0.001)
    child.kill()  # at whatever moment this is
    child.wait()
    assert train(folder, *options, "--resume") == 0
    weights = [(at / "weights.safetensors").read_bytes() for at in (tmp_path / "whole", folder)]
    assert weights[0] == weights[1]
    figures = [
        [replace(e, seconds=0.0) for e in History.load(at / "weights.json")] for at in (tmp_path / "whole", folder)
    ]
    assert figures[0] == figures[1]
    assert [replace(e, seconds=0.0) for e in History.load(folder / "log.jsonl")] == figures[0]


def test_a_run_is_not_resumed_with_other_settings(tmp_path, capsys):
    assert train(tmp_path, "--quiet") == 0
    assert train(tmp_path, "--quiet", "--resume", "--lr", "0.5") == 1
    assert (
        "this run was begun with learning_rate=0.003, not 0.5; say the same, or choose another"
        in capsys.readouterr().err
    )


def test_patience_schedules_and_weight_decay_are_chosen_by_options(tmp_path):
    options = ["--patience", "1", "--scheduler", "onecycle", "--weight-decay", "0.01", "--no-augment", "--quiet"]
    assert train(tmp_path, *options, "--epochs", "5") == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert [config[name] for name in ("patience", "schedule", "weight_decay", "augment")] == [
        1,
        "onecycle",
        0.01,
        False,
    ]
    rates = History.load(tmp_path / "weights.json")["lr"]
    assert rates[0] != rates[-1]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[0]["config"]["schedule"] == "onecycle"
    decays = re.findall(r"weight_decay=([\d.]+)", lines[0]["optimizer"])
    assert decays == ["0.01", "0.0"], "biases have none"


def test_the_demo_confirms_the_gradient_and_writes_its_report(tmp_path, capsys):
    assert main(["demo", "--epochs", "1", "--output", str(tmp_path), "--quiet"]) == 0
    assert "agrees with central differences" in capsys.readouterr().out
    page = (tmp_path / "index.html").read_text()
    for section in (
        *("Learning curves", "Networks", "Learned filters", "Feature maps", "Activations", "Gradient norms"),
        *("Confusion matrices", "Misclassified digits", "A boundary is learned", "What goes wrong"),
        *("Computation graph", "One training step, measured", "Gradient check", "Settings"),
    ):
        assert f">{section}</h2>" in page
    links = re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', page)
    assert links == ["graph.html"], "nothing is fetched, and there is one page beside this one"
    assert "</html>" in (tmp_path / "graph.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "resnet"], r"invalid choice: 'resnet' .*mlp.*cnn.*lenet.*nielsen"),
        (["--data", "cifar"], r"invalid choice: 'cifar' .*digits.*mnist"),
        (["--optimizer", "lbfgs"], r"invalid choice: 'lbfgs' .*sgd.*adam.*adamw"),
        (["--epochs", "0"], "must be a positive whole number, got '0'"),
        (["--epochs", "two"], "must be a positive whole number, got 'two'"),
        (["--lr", "nan"], "must be a positive number, got 'nan'"),
        (["--scheduler", "linear"], r"invalid choice: 'linear' .*constant.*cosine.*onecycle"),
        (["--patience", "0"], "must be a positive whole number, got '0'"),
        (["--seed", "-1"], "must be a whole number, not negative"),
        (["--validation", "1.5"], "must be a fraction from 0 to below 1"),
    ],
)
def test_wrong_choices_end_in_words(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", *arguments])
    assert end.value.code == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_network_that_the_images_are_too_small_for_is_refused(capsys):
    assert main(["train", "--data", "digits", "--model", "lenet"]) == 1
    assert "lenet needs larger images than those of digits" in capsys.readouterr().err


def test_intervals_and_patience_without_meaning_are_told_in_words(tmp_path, capsys):
    assert train(tmp_path, "--checkpoint-every", "weeks") == 1
    assert "checkpoint_every must be such as 'epoch', '2 epochs', '500 steps'" in capsys.readouterr().err
    assert train(tmp_path, "--validation", "0", "--patience", "3") == 1
    assert "patience needs images that are held out" in capsys.readouterr().err


def test_missing_files_are_told_with_where_they_were_looked_for(tmp_path, capsys, monkeypatch):
    for name, value in (("AUTOGRAD_CORE_OFFLINE", "1"), ("XDG_CACHE_HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AUTOGRAD_CORE_DATA", raising=False)
    assert main(["train", "--data", "mnist", "--data-dir", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
