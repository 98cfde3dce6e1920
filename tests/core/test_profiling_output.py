"""What a profile shows: tables, pictures, files and notebooks; the same numbers always look the same."""

import json
import re
from functools import partial
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.profiling import icicle, page, profile, text, timeline
from autograd_core.profiling.ledger import KINDS, Holder
from autograd_core.profiling.result import Findings, Memory, ModuleTime, Moment, OperationTime, Share

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def findings():
    """Two layers, in round numbers."""
    nothing = dict.fromkeys(KINDS, 0)
    return Findings(
        wall=0.1,
        parts={
            "forward": 0.03,
            "backward": 0.05,
            "sweep": 0.001,
            "modules": 0.01,
            "elsewhere": 0.004,
            "profiler": 0.005,
        },
        operations=[
            OperationTime("matmul", "backward", 4, 0.05, 2_000_000),
            OperationTime("matmul", "forward", 2, 0.02, 1_000_000),
            OperationTime("exp", "forward", 1, 0.01, 500_000),
        ],
        modules=[
            ModuleTime("", 0, 0.04, 0.01, 0.05, 0.0, 0.0, 3_500_000),
            ModuleTime("net", 1, 0.03, 0.01, 0.05, 0.05, 0.01, 3_000_000),
            ModuleTime("net.<last>", 1, 0.02, 0.02, 0.0, 0.0, 0.0, 1_000_000),
        ],
        shares=[
            Share("forward", "net.<last>", "operation", "matmul", 2, 0.02),
            Share("forward", "net", "module", "", 1, 0.01),
            Share("forward", "", "operation", "exp", 1, 0.01),
            Share("backward", "net", "operation", "matmul", 4, 0.05),
            Share("backward", "", "sweep", "", 1, 0.001),
        ],
        memory=Memory(
            peak=3 << 20,
            peak_seconds=0.06,
            peak_made=2 << 20,
            allocated=9 << 20,
            holders=[
                Holder("saved", "exp", "net", 2, 2 << 20),
                Holder("input", "", "net", 1, 1 << 19),
                Holder("parameter", "weight", "net.<last>", 1, 1 << 19),
            ],
            timeline=[
                Moment(0.0, nothing | {"parameter": 1 << 19}),
                Moment(0.06, nothing | {"parameter": 1 << 19, "input": 1 << 19, "saved": 2 << 20}),
                Moment(0.09, nothing | {"parameter": 1 << 19, "gradient": 1 << 19}),
            ],
        ),
        sweeps=[(0.04, 0.095)],
        events=12,
        event_cost=4e-7,
    )


def elements(svg):
    return ElementTree.fromstring(svg)


def svgs(html):
    return re.findall(r"<svg.*?</svg>", html, re.DOTALL)


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_tables(findings):
    shown = text.tables(findings)
    first, *_ = shown.splitlines()
    assert first == "profile: 100 ms, of which operations and their rules explain 84%; at most 3.00 MiB of arrays"
    assert re.search(r"^matmul +backward +4 +50\.0 ms +12\.5 ms +50\.0% +1\.91 MiB$", shown, re.MULTILINE)
    assert re.search(
        r"^  net +1 +30\.0 ms +10\.0 ms +10\.0 ms +50\.0 ms +50\.0 ms +80\.0% +2\.86 MiB$", shown, re.MULTILINE
    )
    assert re.search(r"^2\.00 MiB +66\.7% +2 × +results saved for the sweep +exp in net$", shown, re.MULTILINE)
    assert "first used in net" in shown
    assert (
        "The profiler's own 5.00 ms are in none of the other times; beyond that each of 12 events adds about 400 ns"
        in (shown)
    )


def test_the_columns_of_a_table_stand_below_each_other(findings):
    lines = text.tables(findings).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("operation"))
    rows = [lines[start], *lines[start + 2 : start + 5]]
    assert len({len(row) for row in rows}) == 1
    assert all(len(line) <= 120 for line in text.tables(findings).splitlines() if "The profiler" not in line)


def test_long_tables_are_cut_and_say_so(findings):
    findings.operations = [OperationTime(f"op{i}", "forward", 1, 0.001, 0) for i in range(50)]
    assert "and 30 more, 30.0 ms together" in text.tables(findings)
    html = page.page(findings)
    assert all(f"op{i}<" in html for i in range(50))


def test_the_same_numbers_look_the_same(findings):
    assert text.tables(findings) == text.tables(findings)
    assert page.page(findings) == page.page(findings)
    assert page.picture(findings) == page.picture(findings)


@pytest.mark.parametrize(
    ("value", "shown"), [(1.5, "1.50 s"), (0.9999, "1.00 s"), (0.0125, "12.5 ms"), (3e-7, "300 ns"), (1e-11, "0")]
)
def test_times(value, shown):
    assert text.seconds(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (1023, "1023 B"), (1024, "1.00 KiB"), (5 << 30, "5.00 GiB")])
def test_sizes(value, shown):
    assert text.bytes_(value) == shown


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_each_box_is_as_wide_as_what_it_consists_of(findings):
    boxes = icicle.boxes(findings)
    assert boxes[0].seconds == pytest.approx(findings.wall, abs=1e-12)  # sums of decimal fractions
    for box in boxes:
        if box.inside:
            assert box.seconds == pytest.approx(sum(inner.seconds for inner in box.inside), abs=1e-12)
            assert box.inside[0].left == box.left
            for one, next_ in zip(box.inside, box.inside[1:], strict=False):
                assert next_.left == pytest.approx(one.left + one.seconds, abs=1e-12)


def test_the_boxes_are_those_of_passes_modules_and_operations(findings):
    boxes = [(box.depth, box.kind, box.label) for box in icicle.boxes(findings)]
    assert boxes == [
        (0, "whole", "everything"),
        (1, "forward", "forward"),
        (2, "module", "net"),
        (3, "module", "<last>"),
        (4, "forward", "matmul"),
        (3, "python", "Python"),
        (2, "forward", "exp"),
        (1, "backward", "backward"),
        (2, "module", "net"),
        (3, "backward", "matmul"),
        (1, "sweep", "sweep"),
        (1, "elsewhere", "elsewhere"),
        (1, "profiler", "profiler"),
    ]


def test_every_box_that_is_drawn_has_its_numbers_as_a_title(findings):
    svg = elements(page.picture(findings))
    titles = [title.text for title in svg.iter(f"{SVG}title")]
    assert "matmul in net.<last>: 20.0 ms, 20.0%, 2 calls" in titles
    assert "net.<last>: 20.0 ms, 20.0%" in titles
    for group in svg.iter(f"{SVG}g"):
        if group.find(f"{SVG}rect") is not None and group.find(f"{SVG}text") is None:
            assert group.find(f"{SVG}title") is not None


def test_the_areas_reach_the_peak_at_its_time(findings):
    lines, height = timeline.draw(findings)
    drawn = "\n".join(lines)
    assert "peak: 3.00 MiB at 60.0 ms" in drawn
    ys = [float(y) for d in re.findall(r'<path d="M([^"]*)Z"', drawn) for _, y in (p.split() for p in d.split("L"))]
    assert min(ys) == timeline._TOP
    assert max(ys) == timeline._TOP + timeline._HIGH < height


def test_pictures_say_in_words_what_they_show(findings):
    time, memory = (elements(svg) for svg in svgs(page.page(findings)))
    assert time.get("role") == memory.get("role") == "img"
    assert time.get("aria-label").startswith("Time. 100 ms in all: forward 30.0%, backward 50.0%")
    assert "The peak is 3.00 MiB at 60.0 ms" in memory.get("aria-label")


def test_the_page_needs_nothing_but_itself(findings):
    class Checked(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.tags = [], set()

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)
            for name, _ in attrs:
                assert name not in ("src", "href")
            if tag not in ("meta", "rect", "path"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("rect", "path"):
                assert self.open.pop() == tag

        def handle_startendtag(self, tag, attrs):
            self.tags.add(tag)

    html = page.page(findings)
    checked = Checked()
    checked.feed(html)
    assert not checked.open
    assert not checked.tags & {"script", "link", "img", "iframe"}
    assert set(re.findall(r"https?://[^\"' ]*", html)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in html
    assert "url(" not in html
    assert "net.&lt;last&gt;" in html
    assert "prefers-color-scheme:dark" in html


# --- the object -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def profiled():
    model = nn.Sequential(nn.Linear(8, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=0))
    with profile() as p:
        nn.functional.cross_entropy(model(np.ones((5, 8), np.float32)), np.array([0, 1, 2, 0, 1])).backward()
    return p


def test_a_profile_is_saved_by_its_ending(profiled, tmp_path):
    for ending, start in ((".html", "<!DOCTYPE html>"), (".svg", "<svg"), (".txt", "profile: "), (".json", "{")):
        path = profiled.save(tmp_path / f"profile{ending}")
        assert path.read_text(encoding="utf-8").startswith(start)
    assert (tmp_path / "profile.txt").read_text(encoding="utf-8") == f"{profiled}\n"
    plain = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))
    assert plain["wall"] == profiled.wall
    assert plain["memory"]["peak"] == profiled.memory.peak
    assert [o["name"] for o in plain["operations"]] == [o.name for o in profiled.operations]
    with pytest.raises(ag.OptionError, match=r"saved as \.html, \.svg, \.txt, \.json; got 'profile.png'"):
        profiled.save(tmp_path / "profile.png")


def test_a_notebook_gets_words_and_pictures(profiled):
    bundle = profiled._repr_mimebundle_()
    assert bundle["text/plain"] == str(profiled)
    assert len(svgs(bundle["text/html"])) == 2
    for svg in svgs(bundle["text/html"]):
        elements(svg)
    assert repr(profiled).startswith("<profile: ")


def test_a_notebook_never_fails(profiled, monkeypatch):
    def broken(findings):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(page, "fragment", broken)
    bundle = profiled._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "planted" in bundle["text/plain"]
    monkeypatch.setattr(text, "tables", broken)
    assert "planted" in profiled._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("memory", [True, False])
def test_a_profile_of_nothing(memory, tmp_path):
    with profile(memory=memory) as p:
        assert "not finished" in str(p)
        assert "not finished" in repr(p)
        assert set(p._repr_mimebundle_()) == {"text/plain"}
        for show in (lambda: p.html, lambda: p.svg, *(partial(p.save, f"p.{end}") for end in ("json", "txt"))):
            with pytest.raises(ag.OptionError, match="profile: not finished"):
                show()
    assert str(p).startswith("profile: ")
    assert "peak" not in str(p), "there was nothing, so nothing was held"
    assert not p.operations
    for ending in ("html", "svg", "txt", "json"):
        p.save(tmp_path / f"profile.{ending}")
    elements(p.svg)


def test_a_long_profile_has_a_short_picture():
    x = ag.Tensor(np.ones(10))
    with profile() as p:
        for i in range(3000):
            ag.exp(x)
            if i == 1000:
                ag.ones(10_000) + x[0]
    assert len(p.memory.timeline) <= 401
    assert len(p.svg) < 100_000
    assert max(moment.nbytes for moment in p.memory.timeline) == p.memory.peak
