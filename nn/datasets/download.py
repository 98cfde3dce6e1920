"""One file from one address, checked: it appears under its name when it is whole and its checksums right.

Knows HTTP and half a file. Does not know what the file is for.
"""

import errno
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

import autograd_core as ag

from .files import RemoteFile

__all__ = ["fetch_file"]

_CHUNK = 1 << 16
_TIMEOUT = 30  # seconds without a byte
_ATTEMPTS = 5  # to continue a download that breaks off


def fetch_file(url: str, path: Path, file: RemoteFile) -> None:
    """Download a file, showing progress, from where an earlier attempt was cut off.

    What has come lies beside `path` with ``.part`` at its end until it is whole; another process that downloads the
    same file does not touch it.
    Errors: OSError if the address cannot be read or breaks off (what has come is kept), DataError if what came is
    something else (it is not kept).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path) as (part, name):
        if path.is_file():  # another process has been faster
            return
        for attempt in range(_ATTEMPTS):
            before = _length(part)
            try:
                _receive(url, part, file)
                break
            except (OSError, HTTPException) as error:
                grown = _length(part) > before
                if not grown or attempt == _ATTEMPTS - 1 or _full(error):
                    if isinstance(error, OSError):
                        raise
                    raise OSError(f"{type(error).__name__}: {error}") from error
        _check(path, part, file)
        part.flush()
        os.fsync(part.fileno())
        os.replace(name, path)


def _receive(url: str, part: IO[bytes], file: RemoteFile) -> None:
    """Append what is missing, or start again where the server cannot continue."""
    have = _length(part)
    if have > file.size:  # of another file
        have = 0
    if have == file.size:
        return
    request = Request(url, headers={"User-Agent": f"autograd_core/{ag.__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        source = urlopen(request, timeout=_TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not have:  # range not satisfiable: the file there is another
            raise
        error.close()
        part.truncate(0)
        return _receive(url, part, file)
    with source:
        if not _continues(source, have):
            have = 0
        part.truncate(have)
        part.seek(have)
        with _bar(url, file, have) as show:
            while chunk := source.read(_CHUNK):
                part.write(chunk)
                have += len(chunk)
                show(len(chunk))
                if have > file.size:
                    part.truncate(0)
                    raise ag.DataError(f"sent more than the {file.size:,} bytes of {file.name}")
    part.flush()
    if have < file.size:
        raise ConnectionError(errno.ECONNRESET, f"broke off after {have:,} of {file.size:,} bytes")


def _continues(source: Any, have: int) -> bool:
    """Whether the answer is the rest that was asked for, and not the whole again."""
    if not isinstance(source, HTTPResponse) or source.status != 206:
        return False
    return (source.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _check(path: Path, part: IO[bytes], file: RemoteFile) -> None:
    part.seek(0)
    digests = [hashlib.sha256(), hashlib.md5(usedforsecurity=False)]
    while chunk := part.read(1 << 20):
        for digest in digests:
            digest.update(chunk)
    for digest, expected in zip(digests, (file.sha256, file.md5), strict=True):
        if digest.hexdigest() != expected:
            part.truncate(0)
            raise ag.DataError(
                f"what came has the {digest.name.upper()} sum {digest.hexdigest()}, where {expected} is expected; try "
                f"again later, or put a good copy at {path}"
            )


@contextmanager
def _part(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """The file that has what came so far, for this process alone; removed if it is empty in the end."""
    shared = path.with_name(f"{path.name}.part")
    file = _claim(shared)
    if file is None:
        shared = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        file = shared.open("w+b")
    try:
        with file:
            yield file, shared
            empty = _length(file) == 0
    except BaseException:
        with suppress(OSError):
            if shared.stat().st_size == 0 or shared.name != f"{path.name}.part":
                shared.unlink()
        raise
    if empty:
        with suppress(FileNotFoundError):
            shared.unlink()


def _claim(shared: Path) -> IO[bytes] | None:
    """The shared part, locked; None where another process has it, or nothing can be locked."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    while True:
        file = os.fdopen(os.open(shared, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), shared.stat()):
                return file
        file.close()  # it was put in its place, or removed, while it was being locked


@contextmanager
def _bar(url: str, file: RemoteFile, have: int) -> Iterator[Any]:
    """What shows progress: a bar on a terminal, a line at the start and at the end elsewhere."""
    if sys.stderr.isatty():
        with tqdm(total=file.size, initial=have, desc=file.name, unit="B", unit_scale=True, unit_divisor=1024) as bar:
            yield bar.update
        return
    rest = f", from byte {have:,}" if have else ""
    print(f"downloading {url} ({file.size:,} bytes{rest})", file=sys.stderr, flush=True)
    start = time.perf_counter()
    yield lambda count: None
    print(f"{file.name}: done in {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def _length(part: IO[bytes]) -> int:
    part.flush()
    return os.fstat(part.fileno()).st_size


def _full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
