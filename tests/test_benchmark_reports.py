"""The arithmetic of the benchmarks' report, on invented measurements: exponents, roofs, goals, tables and pictures."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.contestant import WorkerError
from benchmarks.families import FAMILIES, Family
from benchmarks.goals import Microseconds, OfRoof, Ratio, StartUp, verdicts
from benchmarks.libraries import LIBRARIES
from benchmarks.measure import CHECKED_STEPS
from benchmarks.race import Failure, Result
from benchmarks.report import charts, tables
from benchmarks.report.findings import Findings
from benchmarks.report.markdown import drawings, markdown
from benchmarks.report.page import page
from benchmarks.report.sections import headline, sections
from benchmarks.report.writing import write
from benchmarks.roof import Roof
from benchmarks.scaling import Curve, exponent, growth, measure_curve, upper_half
from benchmarks.work import WORK, Work

LINEAR = Family("Line: a family", "size", (1, 10, 100, 1_000, 10_000), work=lambda size: 5.0 * size)


@pytest.fixture
def findings() -> Findings:
    """Two rows: eager takes half of PyTorch's time in the first one, twice its time in the second."""
    results = {
        "gelu": Result(
            rounds={"ours": [1e-3, 1e-3], "captured": [1e-4, 1e-4], "torch": [2e-3, 2e-3], "jax": [2e-4, 2e-4]},
            cold={"ours": 6e-3, "captured": 0.1005, "torch": 0.01, "jax": 1.0},
            warm={"captured": 0.0205},
        ),
        "mlp_small": Result(rounds={"ours": [2e-3], "torch": [1e-3]}, cold={"ours": 0.01, "torch": 0.01}),
    }
    curve = Curve(
        seconds={
            "ours": {size: 1e-6 * size**1.5 for size in FAMILIES["batch"].sizes},
            "torch": {size: 1e-5 * size for size in FAMILIES["batch"].sizes[:-1]},
        },
        noise={"torch": dict.fromkeys(FAMILIES["batch"].sizes[:-1], 0.1)},
        stopped={"torch": "at 4,096: no answer within 120 s; stopped"},
    )
    return Findings(
        machine={"processor": "an <invented> one", "cores": "2"},
        libraries={name: {"version": "1"} for name in ("ours", "captured", "torch", "jax", "autograd")},
        missing={"tinygrad": "no compiler"},
        results=results,
        roof=Roof(products={"ours": {"256": 1e11, "512": 2e11}}, copies={"1000": 4e10, "100000000": 1e10}),
        curves={"batch": curve},
        memory=[
            {"row": "lenet", "library": name, "peak": peak, "state": 2**19}
            for name, peak in (("ours", 2**20), ("torch", 2**21))
        ],
        failures=[Failure("jax", "mlp_small", "Traceback\nValueError: no", fatal=False)],
    )


def test_the_exponent_of_a_power_law_is_found_exactly() -> None:
    sizes = [1, 4, 16, 64]
    assert exponent(sizes, [3 * size**1.7 for size in sizes]) == pytest.approx(1.7)
    assert exponent(sizes, [5.0] * 4) == pytest.approx(0, abs=1e-12)


def test_the_exponent_is_fitted_where_fixed_costs_no_longer_count() -> None:
    assert upper_half([1, 10, 100, 1_000, 10_000]) == [100, 1_000, 10_000]
    assert upper_half([3, 1]) == [1, 3]
    seconds = {size: 1e-3 + 1e-6 * size for size in LINEAR.sizes}
    over_all = exponent(list(seconds), list(seconds.values()))
    found = growth(LINEAR, seconds)
    assert found is not None
    assert over_all < found.time < 1 == pytest.approx(found.work)
    assert not found.faster_than_its_work


def test_who_grows_faster_than_the_work_is_named() -> None:
    quadratic = growth(LINEAR, {size: 1e-9 * size**2 for size in LINEAR.sizes})
    nearly_linear = growth(LINEAR, {size: 1e-9 * size**1.05 for size in LINEAR.sizes})
    assert quadratic is not None
    assert nearly_linear is not None
    assert quadratic.faster_than_its_work
    assert not nearly_linear.faster_than_its_work  # single points are off by more than that
    assert growth(LINEAR, {1: 1.0}) is None


def test_what_noise_may_make_of_an_exponent_is_taken_off_before_anybody_is_named() -> None:
    seconds = {size: 1e-9 * size**1.15 for size in LINEAR.sizes}
    exact, noisy = growth(LINEAR, seconds), growth(LINEAR, seconds, dict.fromkeys(seconds, 0.25))
    assert exact is not None
    assert noisy is not None
    assert exact.noise == 0
    assert exact.faster_than_its_work
    assert not noisy.faster_than_its_work
    upper = upper_half(LINEAR.sizes)
    middle = np.mean(np.log(upper))
    slower = [seconds[size] * (1.25 if np.log(size) > middle else 1 / 1.25) for size in upper]
    assert exponent(upper, slower) == pytest.approx(noisy.time + noisy.noise)  # the worst that noise can do


def test_time_under_the_roof_is_that_of_the_slower_of_arithmetic_and_memory() -> None:
    roof = Roof(products={"ours": {"256": 1e11, "512": 2e11}, "torch": {"256": 5e10}}, copies={"1000": 1e9})
    assert roof.best_product() == 2e11
    assert roof.best_product("torch") == 5e10
    assert roof.best_product("jax") == 0
    arithmetic, moving = Work(flops=2e9, bytes=1e6), Work(flops=2e3, bytes=1e6)
    assert roof.least_seconds(arithmetic) == pytest.approx(0.01)
    assert roof.least_seconds(moving) == pytest.approx(0.001)
    assert [roof.bound_by(work) for work in (arithmetic, moving)] == ["arithmetic", "memory"]
    assert roof.fraction(arithmetic, 0.04) == pytest.approx(0.25)


def test_copies_between_the_sizes_measured_lie_between_their_speeds() -> None:
    roof = Roof(copies={"1000": 30.0, "100000": 10.0})
    assert roof.copy(10_000) == pytest.approx(20)
    assert [roof.copy(size) for size in (0, 10, 1e9)] == [30, 30, 10]


def test_a_goal_against_several_rivals_is_a_goal_against_the_faster() -> None:
    result = Result(rounds={"ours": [8.0, 8.0], "torch": [10.0, 10.0], "jax": [4.0, 4.0]})
    goal = Ratio("ours", ("torch", "jax"), 0.9)
    assert goal.measure("gelu", result, Roof()) == 2.0
    assert goal.words == "eager <= 0.9 of the faster of PyTorch and JAX jit"
    assert Ratio("ours", ("torch",), 1.0).measure("gelu", result, Roof()) == 0.8
    assert Ratio("captured", ("jax",), 1.0).measure("gelu", result, Roof()) is None


def test_goals_are_judged_with_what_is_missing(findings: Findings) -> None:
    goals = {
        "gelu": (
            Ratio("ours", ("torch",), 0.6),
            Ratio("captured", ("jax",), 0.3),
            Microseconds("ours", 500),
            Ratio("ours", ("mygrad",), 1.0),
        )
    }
    judged = verdicts(goals, findings.results, findings.roof)
    assert [verdict.met for verdict in judged] == [True, False, False, None]
    assert judged[1].missed == pytest.approx(0.5 / 0.3 - 1)
    assert judged[2].measured == pytest.approx(1000)


def test_a_fraction_of_the_roof_is_missed_by_what_the_time_would_have_to_shrink() -> None:
    work = WORK["mlp_wide"]()
    roof = Roof(products={"ours": {"1024": 4e11}})
    result = Result(rounds={"ours": [work.flops / 2e11]})
    goal = OfRoof("ours", 0.8)
    assert goal.measure("mlp_wide", result, roof) == pytest.approx(0.5)
    assert goal.missed(0.5) == pytest.approx(0.6)
    assert goal.missed(0.8) == 0
    assert goal.measure("mlp_wide", result, Roof()) is None


def test_start_up_is_what_first_steps_take_beyond_later_ones(findings: Findings) -> None:
    result = findings.results["gelu"]
    assert CHECKED_STEPS == 5
    assert result.start_up("captured") == pytest.approx(0.1)
    assert result.start_up("captured", warm=True) == pytest.approx(0.02)
    assert result.start_up("ours", warm=True) is None
    assert result.start_up("torch") == 0
    assert StartUp("captured", 0.05).missed(0.1) == pytest.approx(1)


def test_a_curve_leaves_out_who_fails_or_has_reached_its_limit() -> None:
    family = Family("Line", "size", (1, 2, 4), work=float, limits={"jax": (2, "too slow to compile")})
    fakes = [Fake("ours", 1.0), Fake("torch", 2.0, breaks_at=2), Fake("jax", 0.5)]
    said: list[str] = []
    curve = measure_curve("line", family, family.sizes, fakes, 2, 0.01, said.append)  # type: ignore[arg-type]
    assert curve.seconds == {"ours": {1: 1.0, 2: 2.0, 4: 4.0}, "torch": {1: 2.0}, "jax": {1: 0.5, 2: 1.0}}
    assert curve.stopped == {"jax": "too slow to compile", "torch": "at 2: it broke"}
    assert [max(fake.asked) for fake in fakes] == [4, 2, 2]
    assert len(said) == 3


class Fake:
    """A contestant that invents its answers: so many seconds for each unit of size, more in the first round."""

    def __init__(self, name: str, pace: float, breaks_at: int = 1000) -> None:
        self.name, self.library, self.pace, self.breaks_at = name, LIBRARIES[name], pace, breaks_at
        self.rounds = 0
        self.asked: set[int] = set()

    def rest(self) -> None:
        self.rounds = 0

    def ask(self, do: str, row: str, **_: object) -> dict[str, object]:
        size = int(row.partition("@")[2])
        self.asked.add(size)
        if size >= self.breaks_at:
            raise WorkerError("Traceback\nit broke")
        self.rounds += do == "round"
        slower = 1.5 if self.rounds % 2 else 1.0
        return {"evidence": [[1.0, 1.0, 0.5]], "first": 1.0, "count": 1, "seconds": size * self.pace * slower}


def test_findings_survive_json(findings: Findings) -> None:
    assert Findings.read(findings.json()) == findings


def test_tables_say_both_ratios_behind_a_rival(findings: Findings) -> None:
    table = tables.times(findings, ["ours", "captured", "torch", "jax"])
    assert table.rows[0][2:] == ["1,000", "100", "2,000 (0.50 / 0.05)", "200 (5.00 / 0.50)"]
    assert table.rows[1][2:] == ["2,000", "", "1,000 (2.00 / -)", ""]


def test_tables_are_rectangular_and_without_line_breaks(findings: Findings) -> None:
    found = [part for section in sections(findings) for part in section.parts if isinstance(part, tables.Table)]
    assert len(found) > 8
    for table in found:
        assert {len(row) for row in table.rows} <= {len(table.header)}
        assert not any("\n" in cell for row in table.rows for cell in row)


def test_start_ups_and_growth_and_memory_are_told(findings: Findings) -> None:
    assert tables.start_ups(findings, ["ours", "captured"]).rows[0] == ["gelu", "1", "100 / 20"]
    assert tables.growths(findings).rows == [["batch", "1.00", "1.50, faster than its work", "1.00 ± 0.07"]]
    assert tables.memory(findings).rows == [["lenet", "1.00 (0.50)", "2.00", "0.50"]]
    assert tables.goals(findings).rows[0] == ["gelu", "eager <= 1 of PyTorch", "0.5", "yes"]
    assert tables.goals(findings).rows[1][2:] == ["0.5", "no, by 67%"]
    text = markdown(findings, "pictures")
    assert "Growing faster than that: autograd-core eager along batch." in text
    assert "PyTorch along batch: at 4,096: no answer within 120 s; stopped." in text
    assert "did not run: no compiler" in text


def test_the_headline_counts_rows_and_goals(findings: Findings) -> None:
    assert "autograd-core eager is faster than PyTorch in 1 of 2 rows (0.50 to 2.00 of its time)" in headline(findings)
    assert "2 of 4 goals are met" in headline(findings)
    assert headline(Findings()) == ""


def test_pictures_are_whole_and_have_a_mark_for_each_measurement(findings: Findings) -> None:
    found = drawings(findings)
    assert set(found) == {"times.svg", "scaling_legend.svg", "scaling_batch.svg", "roofline.svg"}
    for svg in found.values():
        ElementTree.fromstring(svg)
        assert "nan" not in svg
    assert found["times.svg"].count("of PyTorch&#x27;s time</title>") == 6
    assert "gelu, autograd-core captured: 0.05 of PyTorch&#x27;s time" in found["times.svg"]
    points = findings.curves["batch"].seconds.values()
    assert found["scaling_batch.svg"].count("<title>") == sum(len(values) for values in points)


def test_a_logarithmic_scale_gives_equal_factors_equal_lengths() -> None:
    scale = charts.Scale(1, 1000, 0, 300)
    assert [scale(value) for value in (1, 10, 1000)] == pytest.approx([0, 100, 300])
    assert scale.decades() == [1, 10, 100, 1000]


def test_the_page_needs_nothing_beside_it_and_escapes_what_it_shows(findings: Findings, tmp_path) -> None:
    text = page(findings)
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "an &lt;invented&gt; one" in text
    assert "<invented>" not in text
    assert write(findings, tmp_path).read_text() == text
    beside = set(re.findall(r"\]\((pictures/[^)]*)\)", (tmp_path / "benchmarks.md").read_text()))
    assert beside == {f"pictures/{name}" for name in drawings(findings)}
    assert all((tmp_path / name).exists() for name in beside)


def test_findings_of_nothing_make_a_report_of_nothing() -> None:
    assert "Benchmarks" in markdown(Findings(), "pictures")
    assert "<main>" in page(Findings())
