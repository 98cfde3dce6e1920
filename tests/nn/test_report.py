"""The report: a page that is whole, says what the results say, fetches nothing, and no browser complains of it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from nn import Conv2d, Flatten, Linear, ReLU, Sequential, optim
from nn.data import TensorDataset
from nn.history import Epoch, History
from nn.monitor import GradientNorms, dead_units
from nn.report import Section, write_report
from nn.results import examine
from nn.train import fit

pytest.importorskip("matplotlib", reason="reports are drawn with matplotlib (extra: demo)")

EMPTY = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """The elements of a page, and whether each one is closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.images, self.titles, self.open, self.wrong = [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href", "srcset")]
        self.images += [given.get("alt")] if tag == "img" else []
        self.images += [given.get("aria-label")] if tag == "svg" else []

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = rng.random((60, 1, 6, 6)).astype(np.float32)
    images[np.arange(60), 0, labels] += 1
    data = TensorDataset(images, labels)
    model = Sequential(Conv2d(1, 4, 3, rng=0), ReLU(), Flatten(), Linear(64, 3, rng=0))
    norms = GradientNorms(model)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    history = fit(model, data, epochs=2, optimizer=optimizer, validation=data, rng=0, progress=False, callbacks=[norms])
    return examine("a <net> & more", model, history, data, ("x", "y", "<z>"), {"seed": 0}, norms)


@pytest.fixture(scope="module")
def path(result, tmp_path_factory):
    more = [Section("more", "More", "Of the same.", "<p>here</p>")]
    where = tmp_path_factory.mktemp("report") / "index.html"
    return write_report(where, [result], title="A <title>", summary="Of <things>.", check=(True, "a < b"), more=more)


@pytest.fixture(scope="module")
def page(path):
    return Page(path.read_text())


def test_every_element_is_closed_and_every_name_is_there_once(page):
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_fetched_and_every_link_leads_somewhere(path, page):
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {link[1:] for link in page.links if link[0] == "#"} <= set(page.ids)
    assert not re.search(r"@import|<script|url\((?!#)", path.read_text())


def test_every_picture_says_what_it_is_to_those_who_cannot_see_it(page):
    assert page.images
    assert all(page.images)


def test_the_sections_tell_of_all_that_the_result_holds(result, path):
    text = path.read_text()
    sections = [
        *("Learning curves", "Networks", "Learned filters", "Feature maps", "Activations", "Gradient norms"),
        *("Confusion matrices", "Misclassified digits", "More", "Gradient check", "Settings"),
    ]
    assert re.findall(r'<h2 id="[a-z]+">([^<]*)</h2>', text) == sections
    assert f"{100 * result.accuracy:.2f}" in text
    assert f"{result.parameters:,} parameters" in text
    (units,) = dead_units(result.model, result.images)
    assert f"{units.count} of 4 dead" in text


def test_words_of_the_user_are_words_and_no_markup(path):
    text = path.read_text()
    assert "<net>" not in text
    assert "a &lt;net&gt; &amp; more" in text
    assert "<z>" not in text
    assert "<title>A &lt;title&gt;</title>" in text


def test_the_same_result_gives_the_same_bytes(result, path, tmp_path):
    more = [Section("more", "More", "Of the same.", "<p>here</p>")]
    again = tmp_path / "again.html"
    write_report(again, [result], title="A <title>", summary="Of <things>.", check=(True, "a < b"), more=more)
    assert again.read_bytes() == path.read_bytes()


def test_a_run_without_epochs_or_convolutions_has_a_report_too(tmp_path):
    data = TensorDataset(np.random.default_rng(0).random((6, 1, 2, 3)).astype(np.float32), np.arange(6) % 3)
    model = Sequential(Flatten(), Linear(6, 3, rng=0))
    bare = examine("net", model, History(), data, ("x", "y", "z"))
    text = write_report(tmp_path / "index.html", [bare], title="t", summary="s").read_text()
    assert re.findall(r'<h2 id="([a-z]+)">', text) == ["networks", "confusion", "mistakes"]
    regression = examine("net", model, History([Epoch(1, 0.5)]), data, ("x", "y", "z"))
    assert "Loss by epoch" in write_report(tmp_path / "r.html", [regression], title="t", summary="s").read_text()


BROWSER = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the report with")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_the_page_without_a_complaint_and_in_the_readers_colours(path, tmp_path, dark):
    probe = tmp_path / "probe.html"
    asked = "getComputedStyle(document.querySelector('figure svg text')).fill + ' on ' + "
    script = f"<script>console.log('ink: ' + {asked}getComputedStyle(document.body).backgroundColor)</script></body>"
    probe.write_text(path.read_text().replace("</body>", script))
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    command += ["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", probe.as_uri()]
    command += ["--blink-settings=preferredColorScheme=" + ("0" if dark else "1")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = re.findall(r'CONSOLE[^"]*"([^"]*)"', run.stderr)
    paper, ink = ("22, 24, 27", "231, 230, 225") if dark else ("251, 250, 247", "28, 30, 33")
    assert said == [f"ink: rgb({ink}) on rgb({paper})"]
