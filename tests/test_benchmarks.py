"""The benchmarks run, and their statistics and their check say what they claim. What is fast is not tested here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

import autograd_core as ag
from benchmarks.__main__ import main
from benchmarks.contestant import Contestant, NotInstalledError, WorkerError
from benchmarks.evidence import disagreement, fingerprint
from benchmarks.families import FAMILIES
from benchmarks.goals import GOALS
from benchmarks.libraries import LIBRARIES, ours
from benchmarks.measure import Spread, calibrate, ratio, spread, time_round
from benchmarks.problems import NETWORKS
from benchmarks.report.findings import Findings
from benchmarks.rows import ROWS
from benchmarks.sequences import SEQUENCES, Recurrent
from benchmarks.step import Step
from benchmarks.work import WORK, recurrent_work


def test_spread_is_the_median_and_the_quartiles() -> None:
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    # The middle round was disturbed for both. The ratio of the sums would be 0.75, that of the medians 0.67.
    assert ratio([1.0, 100.0, 2.0], [2.0, 132.0, 3.0]).median == pytest.approx(2 / 3)
    # Who ran fewer rounds is compared over those.
    assert ratio([1.0, 3.0, 100.0], [2.0, 6.0]) == Spread(0.5, 0.5, 0.5)


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


def test_every_problem_is_a_row_whose_layers_fit() -> None:
    assert {*NETWORKS, *SEQUENCES, *GOALS, *WORK} <= set(ROWS)
    for network in [*NETWORKS.values(), *(f.network(f.sizes[1]) for f in FAMILIES.values() if f.network)]:
        height = network.image[-1]
        for layer in network.convolutions:
            height = (height + 2 * layer.padding - layer.kernel + 1) // (2 if layer.pool else 1)
        channels = network.convolutions[-1].channels if network.convolutions else 1
        assert network.sizes[0] == channels * (height**2 if network.convolutions else height)


@pytest.mark.parametrize("name", [*NETWORKS, "attention"])
def test_the_work_of_a_row_is_what_is_recorded_when_it_runs(name: str) -> None:
    problem = (NETWORKS | SEQUENCES)[name]
    model = ours.model_of(problem)
    with ag.metered() as meter:
        model(ag.tensor(problem.data()[0]))
    products = [cost.multiply_adds for cost in meter.costs if cost.multiply_adds]
    # Forward once, then once for each factor of a product. The input of the first one is the data, which needs no
    # gradient, unless something that learns stands before it.
    assert WORK[name]().flops == 2 * (3 * sum(products) - (0 if name == "attention" else products[0]))


def test_the_work_of_an_lstm_is_four_gates_at_every_step() -> None:
    problem = Recurrent(batch=2, length=3, width=5, hidden=7, classes=11)
    entering, staying, head = 2 * 3 * (4 * 7 * 5), 2 * 3 * (4 * 7 * 7), 2 * 7 * 11
    assert recurrent_work(problem).flops == 2 * (2 * entering + 3 * (staying + head))


@pytest.mark.parametrize("name", list(SEQUENCES))
def test_what_is_written_out_over_numpy_is_what_the_layers_compute(name: str) -> None:
    problem = SEQUENCES[name]
    x, _ = problem.data()
    activation = expit if name == "lstm" else lambda z: np.maximum(z, 0)
    written_out = problem.logits([p.astype(np.float64) for p in problem.parameters()], x, np, activation)
    # float32 against float64 through a dozen layers: a few hundred roundings of 2**-24, relative to outputs below 1.
    np.testing.assert_allclose(ours.model_of(problem)(ag.tensor(x)).detach().numpy(), written_out, atol=2e-5)


def test_long_chains_keep_their_gradient() -> None:
    for length in (10, 3_333):
        step = ours.chain(length)
        step.run()
        (gradient,) = step.evidence()
        assert np.all(np.abs(gradient.numpy()) > 1e-3)
        assert np.all(np.abs(gradient.numpy()) < 1e3)


def test_a_worker_that_does_not_answer_is_stopped_and_replaced() -> None:
    with Contestant("ours") as contestant:
        with pytest.raises(WorkerError, match="no answer within 0 s"):
            contestant.ask("describe", patience=0.0)
        assert contestant.process is None
        assert "chain300" in contestant.ask("describe")["rows"]


def test_a_worker_says_what_it_lacks() -> None:
    missing = [name for name, library in LIBRARIES.items() if find_spec(library.package) is None]
    for name in missing[:1]:
        with Contestant(name) as contestant, pytest.raises(NotInstalledError):
            contestant.ask("describe")


def test_rows_of_ours_run_and_are_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["chain300", "micrograd"]
    chosen = ["--rows", ",".join(rows), "--libraries", "ours", "--parts", "rows", "--repeats", "1", "--quick"]
    assert main([*chosen, "--output", str(tmp_path), "--publish", str(tmp_path / "docs" / "page.md")]) == 0
    assert "autograd-core eager" in capsys.readouterr().out
    written = Findings.read((tmp_path / "findings.json").read_text())
    assert list(written.results) == rows
    assert all(written.spread(row, "ours").median > 0 for row in rows)
    for text in ("index.html", "benchmarks.md", "docs/page.md"):
        assert all(row in (tmp_path / text).read_text() for row in rows)
    assert main(["--again", "--output", str(tmp_path)]) == 0
