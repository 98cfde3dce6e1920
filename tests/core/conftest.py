"""What tests of the core share: one headless browser for all tests of interactive pages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import PROGRAMS, program
from page_browser import READY, PageBrowser

from autograd_core.viz.interactive import page
from autograd_core.viz.picture import Picture


@pytest.fixture(scope="session")
def shared_browser() -> Iterator[PageBrowser]:
    if program() is None:
        pytest.skip(f"no browser is installed ({', '.join(PROGRAMS)}): interactive pages are not tried")
    with PageBrowser() as browser:
        yield browser


@pytest.fixture
def browser(shared_browser: PageBrowser) -> Iterator[PageBrowser]:
    """The browser; afterwards nothing must have been complained of, and nothing asked for."""
    shared_browser.console.clear()
    shared_browser.requests.clear()
    shared_browser.emulate(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    yield shared_browser
    assert shared_browser.console == []
    assert shared_browser.requests == []


@pytest.fixture
def show(browser: PageBrowser, tmp_path: Path) -> Callable[[Picture | str], PageBrowser]:
    """Open a picture, or the text of its page, in the browser."""

    def show(picture: Picture | str) -> PageBrowser:
        path = tmp_path / "page.html"
        path.write_text(picture if isinstance(picture, str) else page(picture), "ascii")
        browser.open(path, READY)
        return browser

    return show
