"""Files that a crash leaves whole: written all at once under a temporary name, or line by line at the end."""

import errno
import itertools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["append_line", "check_writable", "write_whole"]

_ABANDONED = 60.0  # seconds without a change, after which what a process that is gone left half written is removed
_numbers = itertools.count()


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Put the content under this name once all of it is on disk; until then, what stood there stays.

    Folders on the way are made; a link is written through. Returns the path.
    """
    target = Path(os.path.realpath(path))
    part = _part(target)
    with _naming(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _tidy(target)
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
            sync_folder(target.parent)
        finally:
            with suppress(OSError):
                part.unlink()
    return Path(path)


def check_writable(path: str | os.PathLike[str], who: str) -> None:
    """Refuse a name under which no file can be written, before the work whose result it is to hold.

    Folders on the way are made.
    Errors: OSError, of the kind that writing would raise, which names the file and `who` wants it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     check_writable(f"{folder}/new/weights.safetensors", "fit: save_to")
    """
    target = Path(os.path.realpath(path))
    with _naming(path, f"{who}: no file can be written there: "):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():  # a device, whose folder is not written to
            return
        part = _part(target)
        try:
            part.open("xb").close()
        finally:
            with suppress(OSError):
                part.unlink()


def append_line(path: str | os.PathLike[str], text: str) -> None:
    """Add a line to a file in one write; half a line that a crash left at the end is cut off first."""
    path = Path(path)
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if size:
                os.lseek(descriptor, -1, os.SEEK_END)
                if os.read(descriptor, 1) != b"\n":
                    os.ftruncate(descriptor, path.read_bytes().rfind(b"\n") + 1)
            os.write(descriptor, text.encode() + b"\n")
        finally:
            os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, so that a power cut does not bring back the file that was replaced."""
    if sys.platform == "win32":  # folders cannot be opened there, and need not be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _naming(path: str | os.PathLike[str], words: str = "") -> Iterator[None]:
    """Let errors of the file system name the file that was asked for, not the one beside it, or none."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, f"{words}{error.strerror}", str(path)) from error


def _part(target: Path) -> Path:
    """A temporary name that processes, and threads of one, that write at once do not share."""
    return target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")


def _tidy(target: Path) -> None:
    """Remove what processes that were killed while they wrote this file have left."""
    if sys.platform == "win32":  # where asking whether a process lives would end it
        return
    for part in target.parent.glob(f".{_literal(target.name)}.*.part"):
        number = part.name.removeprefix(f".{target.name}.").split(".")[0]
        with suppress(OSError):  # somebody else was faster
            if number.isdecimal() and not _alive(int(number)) and time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
