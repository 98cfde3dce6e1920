"""The benchmarks run, and their statistics and their check say what they claim. What is fast is not tested here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.evidence import disagreement, fingerprint
from benchmarks.measure import Spread, calibrate, ratio, spread, time_round
from benchmarks.problems import NETWORKS
from benchmarks.rows import ROWS
from benchmarks.step import Step


def test_spread_is_the_median_and_the_quartiles() -> None:
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    # The middle round was disturbed for both. The ratio of the sums would be 0.75, that of the medians 0.67.
    assert ratio([1.0, 100.0, 2.0], [2.0, 132.0, 3.0]).median == pytest.approx(2 / 3)


def test_a_round_counts_its_steps_and_waits_for_them() -> None:
    calls: list[str] = []
    step = Step(lambda: calls.append("run"), list, finish=lambda: calls.append("finish"))
    time_round(step, 3)
    assert calls == ["run", "finish", "run", "run", "run", "finish"]  # one to wake up, then three timed
    calls.clear()
    time_round(step, 1)
    assert calls == ["run", "finish"]


def test_calibration_fills_the_round() -> None:
    step = Step(lambda: None, list)
    count = calibrate(step, 0.001)
    assert count > 1
    assert time_round(step, 10 * count) * 10 * count > 0.001


def test_the_check_sees_what_rounding_does_not_explain() -> None:
    rng = np.random.default_rng(0)
    gradient = rng.standard_normal((20, 30))
    truth = fingerprint([gradient])
    assert disagreement(truth, truth) == 0
    # float32 keeps 24 bits: a rounded gradient differs by less than 2**-23 of its norm, and the sums want some room.
    assert disagreement(truth, fingerprint([gradient.astype(np.float32)])) < 1e-6
    wrong = gradient.copy()
    wrong[3, 4] *= 2
    assert disagreement(truth, fingerprint([wrong])) > 1e-3
    assert disagreement(truth, fingerprint([gradient * 1.01])) > 1e-3
    assert disagreement(truth, fingerprint([gradient.T])) > 1e-3
    assert disagreement(truth, fingerprint([gradient[:19]])) == np.inf
    wrong[3, 4] = np.nan
    assert disagreement(truth, fingerprint([wrong])) == np.inf


def test_every_network_is_a_row_whose_layers_fit() -> None:
    assert set(NETWORKS) <= set(ROWS)
    for network in NETWORKS.values():
        height = network.image[-1]
        for layer in network.convolutions:
            height = (height + 2 * layer.padding - layer.kernel + 1) // (2 if layer.pool else 1)
        channels = network.convolutions[-1].channels if network.convolutions else 1
        assert network.sizes[0] == channels * (height**2 if network.convolutions else height)


def test_two_rows_of_ours_run_and_are_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["chain300", "micrograd"]
    arguments = [
        "--rows",
        ",".join(rows),
        "--libraries",
        "ours",
        "--repeats",
        "1",
        "--quick",
        "--output",
        str(tmp_path),
    ]
    assert main(arguments) == 0, capsys.readouterr().err
    written = json.loads((tmp_path / "latest.json").read_text())
    assert list(written["rows"]) == rows
    assert all(written["rows"][row]["libraries"]["ours"]["seconds"]["median"] > 0 for row in rows)
    assert all(row in (tmp_path / "latest.md").read_text() for row in rows)
