"""The browser that tests drive: it tells what goes wrong in a page, and never waits for ever."""

import pytest
from browser import Browser, BrowserError, program

PAGE = """<!doctype html><title>A page</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; connect-src https://example.org">
<button onclick="document.title = event.isTrusted ? 'pressed' : 'faked'">press</button>
<input onkeydown="document.title = event.key + ' ' + event.shiftKey">"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if program() is None:
        pytest.skip("no browser is installed")
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(PAGE)
    with Browser(400, 300) as browser:
        browser.open(path)
        yield browser


def test_it_has_the_size_that_was_asked_for(browser):
    assert browser.evaluate("[innerWidth, innerHeight]") == [400, 300]


def test_a_press_is_one_of_the_mouse_and_a_key_one_of_the_keyboard(browser):
    browser.click("button")
    assert browser.evaluate("document.title") == "pressed"
    browser.click("input")
    browser.key("Enter", shift=True)
    assert browser.evaluate("document.title") == "Enter true"
    browser.write("aé/")
    assert browser.of("input", "it.value") == "aé/"


def test_what_a_page_throws_or_complains_of_is_told(browser):
    browser.console.clear()
    with pytest.raises(BrowserError, match="on purpose"):
        browser.evaluate("(() => { throw new Error('on purpose'); })()")
    browser.evaluate("void setTimeout(() => { throw new Error('later'); })")
    browser.evaluate("console.error('a complaint', 7)")
    browser.evaluate("console.log('no complaint')")
    browser.settle()
    assert len(browser.console) == 2
    assert "a complaint 7" in browser.console
    assert any("later" in line for line in browser.console)


def test_a_request_is_told_even_if_nobody_answers_it(browser):
    browser.requests.clear()
    browser.evaluate("void fetch('https://example.org/').catch(() => 0)")
    browser.settle()
    assert browser.requests == ["https://example.org/"]


def test_a_page_that_never_answers_is_an_error_in_time(browser, monkeypatch):
    monkeypatch.setattr(browser, "timeout", 0.3)  # seconds
    with pytest.raises(BrowserError, match="no answer within"):
        browser.evaluate("new Promise(() => {})")
    with pytest.raises(BrowserError, match="did not come"):
        browser.wait("false")


def test_missing_elements_and_files_are_errors(browser, tmp_path):
    with pytest.raises(BrowserError, match="no element #missing"):
        browser.click("#missing")
    with pytest.raises(BrowserError, match="ERR_FILE_NOT_FOUND"):
        browser.open(tmp_path / "missing.html")


def test_nothing_of_it_is_left_afterwards():
    if program() is None:
        pytest.skip("no browser is installed")
    with Browser() as browser:
        profile, process = browser._profile, browser._process
    assert process.returncode is not None
    import os

    assert not os.path.exists(profile)


def test_no_browser_is_an_error_that_names_what_was_looked_for(monkeypatch):
    monkeypatch.setattr("browser.program", lambda: None)
    with pytest.raises(BrowserError, match="chromium"), Browser():
        pass
