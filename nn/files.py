"""Files that a crash leaves whole: written all at once under a temporary name, or line by line at the end."""

import itertools
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["append_line", "write_whole"]

_ABANDONED = 60.0  # seconds without a change, after which what a process that is gone left half written is removed
_numbers = itertools.count()


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Put the content under this name once all of it is on disk; until then, what stood there stays.

    Folders on the way are made; a link is written through. Returns the path.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    _tidy(target)
    # processes, and threads of one, that write at once do not share it
    part = target.with_name(f".{target.name}.{os.getpid()}.{next(_numbers)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
        sync_folder(target.parent)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return Path(path)


def append_line(path: str | os.PathLike[str], text: str) -> None:
    """Add a line to a file in one write; half a line that a crash left at the end is cut off first."""
    path = Path(path)
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
