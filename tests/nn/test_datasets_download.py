"""Downloads: whatever a server does, the file that appears is whole and right, and nothing is fetched twice in vain.

The servers are threads of this process; no test needs the network.
"""

import gzip
import hashlib
import http.server
import importlib
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd_core as ag
from nn.datasets import cifar10, fashion_mnist, mnist
from nn.datasets.download import fetch_file
from nn.datasets.files import RemoteFile, obtain, search_folders

CONTENT = np.random.default_rng(0).bytes(300_000)


def remote(name, content):
    return RemoteFile(
        name,
        len(content),
        hashlib.sha256(content).hexdigest(),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )


FILE = remote("file.gz", CONTENT)


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch, tmp_path):
    monkeypatch.delenv("AUTOGRAD_CORE_DATA", raising=False)
    monkeypatch.delenv("AUTOGRAD_CORE_OFFLINE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Server:
    """A server of files that can be told to misbehave; `asked` has the path and the range of each request."""

    def __init__(self, files):
        self.files, self.asked = files, []
        self.ranges = True  # whether it can continue
        self.cuts = []  # after so many bytes the next answers break off
        self.status = None  # an error instead of the file
        self.declares = True  # whether the answer says how long it is
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *request: None  # whoever has had enough hangs up
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def answer(self, handler):
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        content = self.files.get(handler.path.lstrip("/"))
        if self.status or content is None:
            handler.send_error(self.status or 404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.ranges else 0
        if start >= len(content) and start:
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.declares:
            handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        rest = content[start:]
        handler.wfile.write(rest[: self.cuts.pop(0)] if self.cuts else rest)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def serve():
    servers = []

    def start(files):
        servers.append(Server(files))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve):
    return serve({"file.gz": CONTENT})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "file.gz"


def everything_in(folder):
    return sorted(path.name for path in folder.iterdir())


# --- one file from one address ---


@pytest.mark.parametrize("declares", [True, False])
def test_a_file_is_downloaded_whole(server, path, capsys, declares):
    server.declares = declares
    fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT
    assert everything_in(path.parent) == ["file.gz"]
    assert server.asked == [("/file.gz", None)]
    # in a log file: two lines, no bar
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"downloading {server.url}file.gz (300,000 bytes)"
    assert lines[1].startswith("file.gz: done in ")
    assert len(lines) == 2


def test_on_a_terminal_there_is_a_bar(server, path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fetch_file(server.url + "file.gz", path, FILE)
    shown = capsys.readouterr().err
    assert "file.gz" in shown
    assert "293k/293k" in shown


def test_what_breaks_off_is_continued(server, path, capsys):
    server.cuts = [100_000, 50_000]
    fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert "from byte 150,000" in capsys.readouterr().err


def test_what_an_earlier_run_left_is_continued(server, path):
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(CONTENT[:123_456])
    fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT
    assert server.asked == [("/file.gz", "bytes=123456-")]
    assert everything_in(path.parent) == ["file.gz"]


def test_a_server_that_cannot_continue_starts_again(server, path):
    server.ranges = False
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(CONTENT[:123_456])
    fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "left",
    [CONTENT, CONTENT + b"more", b"x" * 1000, b""],
    ids=["the whole file", "more than the file", "another file", "nothing"],
)
def test_whatever_was_left_the_file_is_right_in_the_end(server, path, left):
    path.parent.mkdir()
    part = path.with_name("file.gz.part")
    part.write_bytes(left)
    try:
        fetch_file(server.url + "file.gz", path, FILE)
    except ag.DataError:
        assert left.startswith(b"x")  # continued, and found to be wrong: then it is thrown away
        assert not part.exists()
        fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT
    assert everything_in(path.parent) == ["file.gz"]
    assert len(server.asked) == (0 if left == CONTENT else 2 if left.startswith(b"x") else 1)


def test_a_range_that_cannot_be_satisfied_is_asked_for_as_a_whole(server, path):
    server.files["file.gz"] = b"shorter"
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(CONTENT[:1000])
    with pytest.raises(OSError, match="broke off after 7 of 300,000 bytes"):
        fetch_file(server.url + "file.gz", path, FILE)
    assert server.asked[:2] == [("/file.gz", "bytes=1000-"), ("/file.gz", None)]


def test_a_download_that_stands_still_is_given_up_and_kept(server, path):
    server.cuts = [100_000, 0, 0, 0]
    with pytest.raises(OSError, match="broke off after 100,000 of 300,000 bytes"):
        fetch_file(server.url + "file.gz", path, FILE)
    assert len(server.asked) == 2
    assert everything_in(path.parent) == ["file.gz.part"]
    server.cuts = []
    fetch_file(server.url + "file.gz", path, FILE)
    assert server.asked[-1] == ("/file.gz", "bytes=100000-")
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("digest", ["sha256", "md5"])
def test_a_wrong_checksum_leaves_nothing_behind(server, path, digest):
    wrong = RemoteFile(**{**vars(FILE), digest: "0" * len(getattr(FILE, digest))})
    with pytest.raises(ag.DataError, match=rf"{digest.upper()} sum \w+, where 0+ is expected.*good copy at {path}"):
        fetch_file(server.url + "file.gz", path, wrong)
    assert everything_in(path.parent) == []


def test_more_than_was_promised_is_not_read(server, path):
    server.files["file.gz"] = CONTENT + bytes(10_000_000)
    with pytest.raises(ag.DataError, match="more than the 300,000 bytes"):
        fetch_file(server.url + "file.gz", path, FILE)
    assert everything_in(path.parent) == []


def test_nobody_there(path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file.gz"
        with pytest.raises(OSError, match="refused"):
            fetch_file(url, path, FILE)
    assert everything_in(path.parent) == []


@pytest.mark.parametrize("left", [b"", CONTENT[:1000]])
def test_several_that_download_at_once_do_not_disturb_each_other(server, path, left):
    """Threads stand for processes: the lock is that of the open file."""
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(left)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(fetch_file, server.url + "file.gz", path, FILE) for _ in range(8)]:
            done.result()
    assert path.read_bytes() == CONTENT
    assert everything_in(path.parent) == ["file.gz"]


def test_a_part_that_is_put_in_its_place_while_it_is_being_locked_is_let_go(server, path, monkeypatch):
    fcntl = pytest.importorskip("fcntl", reason="files are locked by fcntl")
    lock, calls = fcntl.flock, []

    def late(file, operation):
        calls.append(operation)
        if len(calls) == 1:  # just now another process has finished
            path.with_name("file.gz.part").rename(path.with_name("finished"))
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    fetch_file(server.url + "file.gz", path, FILE)
    assert path.read_bytes() == CONTENT
    assert path.with_name("finished").read_bytes() == b""
    assert len(calls) == 2


# --- mirrors ---


def test_mirrors_are_tried_in_turn_and_a_half_file_goes_on_at_the_next(serve, tmp_path):
    gone, cut, good = serve({}), serve({"file.gz": CONTENT}), serve({"file.gz": CONTENT})
    cut.cuts = [70_000, 0]
    paths = obtain("set", [FILE], [gone.url, cut.url, good.url], tmp_path)
    assert paths == {"file": tmp_path / "file.gz"}
    assert paths["file"].read_bytes() == CONTENT
    assert good.asked == [("/file.gz", "bytes=70000-")]


def test_a_mirror_with_another_file_is_passed_over(serve, tmp_path):
    other, good = serve({"file.gz": CONTENT[::-1]}), serve({"file.gz": CONTENT})
    assert obtain("set", [FILE], [other.url, good.url], tmp_path)["file"].read_bytes() == CONTENT
    assert good.asked == [("/file.gz", None)]


def test_without_a_mirror_the_error_says_what_was_tried_and_what_to_put_where(serve, tmp_path):
    gone, broken = serve({}), serve({"file.gz": CONTENT})
    broken.status = 503
    with pytest.raises(ConnectionError) as caught:
        obtain("set", [FILE], [gone.url, broken.url], tmp_path)
    words = str(caught.value)
    for part in (
        "set: cannot download file.gz",
        f"{gone.url}file.gz: HTTP Error 404",
        f"{broken.url}file.gz: HTTP Error 503",
        f"file.gz (300,000 bytes, SHA-256 {FILE.sha256}, MD5 {FILE.md5})",
        f"from {gone.url}file.gz",
        f"into {tmp_path}",
    ):
        assert part in words
    assert everything_in(tmp_path) == []


def test_only_what_is_missing_is_downloaded(serve, tmp_path):
    second = remote("second.gz", b"second")
    server = serve({"second.gz": b"second"})
    (tmp_path / "file").write_bytes(b"taken as it is")
    paths = obtain("set", [FILE, second], [server.url], tmp_path)
    assert paths == {"file": tmp_path / "file", "second": tmp_path / "second.gz"}
    assert server.asked == [("/second.gz", None)]


@pytest.mark.parametrize(
    ("offline", "download", "remedy"), [("1", True, "Unset AUTOGRAD_CORE_OFFLINE"), ("0", False, "Pass download=True")]
)
@pytest.mark.parametrize(
    ("load", "name", "size", "digest"),
    [
        (mnist, "t10k-labels-idx1-ubyte.gz", "4,542", "ec29112dd5afa0611ce80d1b7f02629c"),
        (fashion_mnist, "train-images-idx3-ubyte.gz", "26,421,880", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        (cifar10, "cifar-10-binary.tar.gz", "170,052,171", "c32a1d4ab5d03f1284b67883e8d87530"),
    ],
)
def test_the_network_can_be_forbidden_and_then_it_says_what_to_put_where(
    monkeypatch, tmp_path, offline, download, remedy, load, name, size, digest
):
    monkeypatch.setenv("AUTOGRAD_CORE_OFFLINE", offline)
    cache = search_folders(load.__name__)[-1]
    with pytest.raises(FileNotFoundError) as caught:
        load(download=download)
    words = str(caught.value)
    for part in (
        f"{load.__name__}: no folder has all of its files",
        remedy,
        name,
        size,
        digest,
        "from http",
        str(cache),
    ):
        assert part in words
    assert not cache.exists()


@pytest.mark.parametrize("module", ["mnist", "cifar"])
def test_every_digest_has_its_length_and_every_address_its_end(module):
    found = vars(importlib.import_module(f"nn.datasets.{module}"))
    files = [file for value in found.values() for file in (value if isinstance(value, tuple) else (value,))]
    files = [file for file in files if isinstance(file, RemoteFile)]
    assert len(files) in (1, 8)
    for file in files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"[0-9a-f]{32}", file.md5)
    assert len({file.sha256 for file in files}) == len(files)
    for name in ("MIRRORS", "FASHION_MIRRORS"):
        assert all(url.endswith("/") for url in found.get(name, ()))


# --- a whole data set ---


def test_a_data_set_that_is_nowhere_is_downloaded_once(serve, monkeypatch, tmp_path):
    module = importlib.import_module("nn.datasets.mnist")  # the module, which the function of its name hides
    header = {"images-idx3": b"\0\0\x08\x03\0\0\0\2\0\0\0\x1c\0\0\0\x1c", "labels-idx1": b"\0\0\x08\x01\0\0\0\2"}
    contents = {
        f"{part}-{kind}-ubyte.gz": gzip.compress(start + bytes(1568 if "images" in kind else [3, 1]))
        for part in ("train", "t10k")
        for kind, start in header.items()
    }
    server = serve(contents)
    monkeypatch.setattr(module, "FILES", tuple(remote(name, content) for name, content in contents.items()))
    monkeypatch.setattr(module, "MIRRORS", (server.url,))
    assert mnist().train.tensors[1].tolist() == [3, 1]
    assert everything_in(search_folders("mnist")[-1]) == sorted(contents)
    assert len(server.asked) == 4
    monkeypatch.setenv("AUTOGRAD_CORE_OFFLINE", "1")
    assert len(mnist().test) == 2
    assert len(server.asked) == 4
    # into a folder that is named, where torchvision would look, too; or where some of the files are
    monkeypatch.delenv("AUTOGRAD_CORE_OFFLINE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    assert len(mnist(tmp_path / "root").test) == 2
    assert everything_in(tmp_path / "root" / "MNIST" / "raw") == sorted(contents)
    (tmp_path / "begun").mkdir()
    name = "t10k-labels-idx1-ubyte.gz"
    (tmp_path / "begun" / name).write_bytes(contents[name])
    assert len(mnist(tmp_path / "begun").test) == 2
    assert everything_in(tmp_path / "begun") == sorted(contents)
