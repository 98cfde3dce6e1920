"""Where the files of a data set lie, and how they get there.

Looked for in the folder that the caller names, then in $AUTOGRAD_CORE_DATA, then in the user's cache, then downloaded.
Knows names and checksums of files. Does not know what is in them.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import autograd_core as ag

_CHUNK = 1 << 16


def obtain(
    dataset: str,
    files: Mapping[str, str],
    mirrors: Sequence[str],
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> dict[str, Path]:
    """The path of each file of a data set, in the first folder that has them all, as they are or with ``.gz``.

    `files` are names and the MD5 sums of their ``.gz`` on the mirrors. What is found is taken as it is; what is
    downloaded is checked. Downloads go to `root` if given, or else to the cache, and stay there.
    Errors: FileNotFoundError that tells where the files were looked for, if they may not be downloaded (`download` is
    False, or the environment has AUTOGRAD_CORE_OFFLINE=1), ConnectionError if no mirror has them.
    """
    folders = search_folders(dataset, root)
    for folder in folders:
        paths = {name: _present(folder, name) for name in files}
        if None not in paths.values():
            return {name: path for name, path in paths.items() if path is not None}
    target = folders[-1] if root is None else folders[0]
    offline = os.environ.get("AUTOGRAD_CORE_OFFLINE", "0") not in ("", "0")
    if offline or not download:
        raise FileNotFoundError(
            f"{dataset}: no folder has all of {', '.join(files)} (or {next(iter(files))}.gz and so on). Looked in "
            f"{', '.join(map(str, folders))}. Put the files into one of them, or "
            + ("unset AUTOGRAD_CORE_OFFLINE" if offline else "pass download=True")
            + f" to get them from {mirrors[0]}"
        )
    return {name: _present(target, name) or _download(name, md5, mirrors, target) for name, md5 in files.items()}


def search_folders(dataset: str, root: str | os.PathLike[str] | None = None) -> list[Path]:
    """The folders in which a data set is looked for, in order; the last one is its cache.

    >>> [str(folder) for folder in search_folders("mnist", "my_data")][0]
    'my_data'
    """
    folders = [] if root is None else [Path(root).expanduser()]
    if shared := os.environ.get("AUTOGRAD_CORE_DATA"):
        folders += [Path(shared).expanduser(), Path(shared).expanduser() / dataset]
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return [*folders, Path(cache).expanduser() / "autograd_core" / dataset]


def fetch(url: str, path: Path, md5: str) -> None:
    """Download one file, showing progress; `path` appears when the file is whole and its checksum right.

    Errors: OSError if the address cannot be read, DataError if what came has another MD5 sum.
    """
    from urllib.request import urlopen  # here, because importing it takes longer than all of nn.datasets

    from tqdm import tqdm

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # processes that download at once do not share it
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urlopen(url, timeout=30) as source, part.open("wb") as sink:
            total = int(source.headers.get("Content-Length") or 0) or None
            with tqdm(total=total, desc=path.name, unit="B", unit_scale=True, unit_divisor=1024) as bar:
                while chunk := source.read(_CHUNK):
                    sink.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
            sink.flush()
            os.fsync(sink.fileno())
        if digest.hexdigest() != md5:
            raise ag.DataError(
                f"{url}: what came has the MD5 sum {digest.hexdigest()}, where {md5} is expected; try again later, "
                f"or put a good copy at {path}"
            )
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _download(name: str, md5: str, mirrors: Sequence[str], folder: Path) -> Path:
    from http.client import HTTPException

    path = folder / f"{name}.gz"
    failures = []
    for mirror in mirrors:
        try:
            fetch(f"{mirror}{path.name}", path, md5)
            return path
        except (OSError, HTTPException, ag.DataError) as error:
            failures.append(f"{mirror}{path.name}: {error}")
    raise ConnectionError(
        f"cannot download {path.name} ({'; '.join(failures)}); get it elsewhere (MD5 {md5}) and put it into {folder}"
    )


def _present(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)
