"""A real browser for tests: headless Chromium, driven through a pipe by the DevTools protocol.

Knows the protocol and nothing of what is tested. No port is opened and no client is needed: messages are JSON texts,
each closed by a zero byte, on the browser's file descriptors 3 and 4. Whatever is waited for has a limit, and the
browser and its profile are gone when the `with` ends.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--force-color-profile=srgb",
)
_KEYS = {  # what the protocol wants to be told of a key that is not a letter: its code, its number, its text
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Tab": ("Tab", 9, ""),
    " ": ("Space", 32, " "),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
}


def program() -> str | None:
    """The browser of this machine, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def _with_pipes(reads: int, writes: int) -> list[str]:
    """A command that puts two descriptors where the browser looks for them, and then becomes the command behind it."""
    program = (
        "import fcntl, os, sys;"
        "reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]);"
        "os.dup2(reads, 3); os.dup2(writes, 4); os.close(reads); os.close(writes);"
        "os.execv(sys.argv[3], sys.argv[3:])"
    )
    return [sys.executable, "-S", "-c", program, str(reads), str(writes)]


class BrowserError(Exception):
    """The browser did not start, did not answer in time, or refused; or the page's program raised."""


class Browser:
    """One page in a headless browser: `with Browser() as browser: browser.open(path); browser.click("#fit")`.

    `console` has the warnings and errors that were written and the exceptions that were not caught, `requests` the
    addresses that the page asked for since it was opened; its own file and data in
    addresses are none.
    """

    def __init__(self, width: int = 1280, height: int = 800, timeout: float = 60.0) -> None:
        self.size, self.timeout = (width, height), timeout
        self.console: list[str] = []
        self.requests: list[str] = []
        self._number, self._buffer, self._session = 0, b"", ""
        self._answers: dict[int, dict[str, Any]] = {}
        self._happened: set[str] = set()

    def __enter__(self) -> Self:
        path = program()
        if path is None:
            raise BrowserError(f"none of {', '.join(PROGRAMS)} is installed")
        self._profile = tempfile.mkdtemp(prefix="browser-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        try:
            width, height = self.size
            places = (f"--user-data-dir={self._profile}", f"--window-size={width},{height}", "about:blank")
            self._process = subprocess.Popen(
                [*_with_pipes(theirs_in, theirs_out), path, *_FLAGS, *places],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        try:
            self._attach()
        except BaseException:  # whatever it was, no browser is left running
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _attach(self) -> None:
        page = self._wait_for(
            lambda: next((t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"), None),
            "its first page",
        )
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        width, height = self.size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _end(self) -> None:
        for descriptor in (self._out, self._in):
            os.close(descriptor)  # the browser ends when nobody speaks to it
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # it leads a group of its own
            self._process.wait(5)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for something of the DevTools protocol, and wait for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        try:
            text = json.dumps(message).encode() + b"\0"
            while text:
                text = text[os.write(self._out, text) :]
        except OSError as error:
            raise BrowserError(f"{method}: the browser is gone") from error
        number = self._number
        self._read_until(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _read_until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + self.timeout
        while not done():
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise BrowserError(f"{what}: no answer within {self.timeout:.0f} s")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise BrowserError(f"{what}: the browser is gone")
            *messages, self._buffer = (self._buffer + data).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        method, params = message["method"], message.get("params", {})
        self._happened.add(method)
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            address = params["request"]["url"]
            if address != params["documentURL"] and not address.startswith("data:"):
                self.requests.append(address)

    def _wait_for(self, look: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + self.timeout
        while not (found := look()):
            if time.monotonic() > end:
                raise BrowserError(f"{what} did not come within {self.timeout:.0f} s")
            time.sleep(0.02)
        return found

    def open(self, path: Path, ready: str = "document.readyState === 'complete'") -> None:
        """Open a file, and wait until it has loaded and an expression of its is true."""
        self.console.clear()
        self.requests.clear()
        self._happened.discard("Page.loadEventFired")
        answer = self.call("Page.navigate", url=Path(path).resolve().as_uri())
        if "errorText" in answer:
            raise BrowserError(f"{path}: {answer['errorText']}")
        self._read_until(lambda: "Page.loadEventFired" in self._happened, f"loading {path}")
        self.wait(ready)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, as JSON; what it raises is raised here."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Wait until an expression is true in the page."""
        return self._wait_for(lambda: self.evaluate(expression), expression)

    def settle(self) -> None:
        """Wait until two frames are drawn."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Where an element is seen: left, top, width, height, in pixels."""
        x, y, width, height = self.of(selector, "((b) => [b.x, b.y, b.width, b.height])(it.getBoundingClientRect())")
        return x, y, width, height

    def text(self, selector: str) -> str:
        """What an element and all inside it say."""
        return self.of(selector, "it.textContent")

    def of(self, selector: str, expression: str) -> Any:
        """The value of an expression in which `it` is the first such element; raises if there is none."""
        found = self.evaluate(f"((it) => it && [{expression}])(document.querySelector({json.dumps(selector)}))")
        if found is None:
            raise BrowserError(f"no element {selector}")
        return found[0]

    def count(self, selector: str) -> int:
        """How many such elements there are."""
        return self.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length")

    def mouse(self, kind: str, x: float, y: float, buttons: int = 0, **more: Any) -> None:
        """One event of the mouse: mouseMoved, mousePressed, mouseReleased or mouseWheel."""
        button = "left" if buttons or kind == "mouseReleased" else "none"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, **more)

    def click(self, where: str | tuple[float, float]) -> None:
        """Press and release the mouse on the middle of an element, or at a point."""
        if isinstance(where, str):
            self.of(where, "it.closest('svg') || it.scrollIntoViewIfNeeded()")
            left, top, width, height = self.box(where)
            where = (left + width / 2, top + height / 2)
        x, y = where
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1, clickCount=1)
        self.mouse("mouseReleased", x, y, 0, clickCount=1)
        self.settle()

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Press at a point, move by so much in a few steps, and release."""
        (x, y), (dx, dy) = start, by
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1, clickCount=1)
        for step in range(1, 6):
            self.mouse("mouseMoved", x + dx * step / 5, y + dy * step / 5, 1)
        self.mouse("mouseReleased", x + dx, y + dy, 0, clickCount=1)
        self.settle()

    def wheel(self, at: tuple[float, float], pixels: float) -> None:
        """Turn the wheel at a point; positive is towards the user."""
        self.mouse("mouseWheel", *at, deltaX=0, deltaY=pixels)
        self.settle()

    def key(self, key: str, shift: bool = False) -> None:
        """Press and release a key: a letter, or a name such as "Enter"."""
        code, number, text = _KEYS.get(key) or ("", ord(key.upper()) if key.isascii() and key.isalnum() else 0, key)
        about = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)
        self.settle()

    def write(self, text: str) -> None:
        """Press the keys of a text."""
        for letter in text:
            self.key(letter)

    def emulate(self, **features: str) -> None:
        """Pretend preferences of the user: `emulate(prefers_color_scheme="dark")`."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def screenshot(self, path: Path) -> None:
        """What is seen now, as a PNG file."""
        self.settle()
        data = self.call("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))
