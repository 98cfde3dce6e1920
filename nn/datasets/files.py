"""Where the files of a data set lie: found on this computer, or else downloaded there.

Looked for in the folder that the caller names, then in $AUTOGRAD_CORE_DATA, then in the user's cache, then downloaded.
Knows names, sizes and checksums of files. Does not know what is in them, nor how they travel (`download`).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import autograd_core as ag

__all__ = ["RemoteFile", "obtain", "present", "search_folders"]


@dataclass(frozen=True)
class RemoteFile:
    """A file on the mirrors, and what it must be: size in bytes, SHA-256 and the MD5 that its authors published."""

    name: str
    size: int
    sha256: str
    md5: str

    @property
    def stem(self) -> str:
        """The name without ``.gz``, under which it may lie here unpacked."""
        return self.name.removesuffix(".gz")

    def __str__(self) -> str:
        return f"{self.name} ({self.size:,} bytes, SHA-256 {self.sha256}, MD5 {self.md5})"


def obtain(
    dataset: str,
    files: Sequence[RemoteFile],
    mirrors: Sequence[str],
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
    *,
    within: str = "",
    accept: Callable[[Mapping[str, Path]], bool] = lambda paths: True,
) -> dict[str, Path]:
    """The path of each file of a data set by its `stem`, in the first folder that has them all, packed or unpacked.

    What is found is taken as it is, unless `accept` says that it is another data set; what is downloaded is checked.
    `within` is a folder below each of the `search_folders` where torchvision keeps the files. Downloads go there in
    `root`, or into `root` itself where some of the files are there, or else to the cache, and stay there.
    Errors: FileNotFoundError that tells where the files were looked for and what to put where, if they may not be
    downloaded (`download` is False, or the environment has AUTOGRAD_CORE_OFFLINE=1), ConnectionError that tells the
    same if no mirror has them.
    """
    folders = search_folders(dataset, root)
    others: list[Path] = []  # folders with files of these names, and something else in them
    for folder in [place for outer in folders for place in dict.fromkeys((outer / within, outer))]:
        paths = {file.stem: path for file in files if (path := present(folder, file))}
        if len(paths) == len(files):
            if accept(paths):
                return paths
            others.append(folder)
    if root is None:
        target = folders[-1]
    else:
        begun = folders[0] not in others and any(present(folders[0], file) for file in files)
        target = folders[0] if begun else folders[0] / within
    missing = [file for file in files if present(target, file) is None]
    offline = os.environ.get("AUTOGRAD_CORE_OFFLINE", "0") not in ("", "0")
    if offline or not download:
        raise FileNotFoundError(
            f"{dataset}: no folder has all of its files. Looked in {', '.join(map(str, folders))}. "
            + (f"In {', '.join(map(str, others))} files of these names are of another data set. " if others else "")
            + ("Unset AUTOGRAD_CORE_OFFLINE" if offline else "Pass download=True")
            + f" to download them, or put them there by hand:\n{_by_hand(missing, mirrors, target)}"
        )
    from .download import fetch_file  # which brings the network along

    failures: list[str] = []
    for file in missing:
        for mirror in mirrors:
            try:
                fetch_file(mirror + file.name, target / file.name, file)
                break
            except (OSError, ag.DataError) as error:
                failures.append(f"{mirror}{file.name}: {error}")
        else:
            tried = "\n  ".join(failures)
            raise ConnectionError(
                f"{dataset}: cannot download {file.name}:\n  {tried}\nTry again later; what has come is kept and "
                f"continued. Or put it there by hand:\n{_by_hand([file], mirrors, target)}"
            )
    return {file.stem: present(target, file) or target / file.name for file in files}


def search_folders(dataset: str, root: str | os.PathLike[str] | None = None) -> list[Path]:
    """The folders in which a data set is looked for, in order; the last one is its cache.

    >>> [str(folder) for folder in search_folders("mnist", "my_data")][0]
    'my_data'
    """
    folders = [] if root is None else [Path(root).expanduser(), Path(root).expanduser() / dataset]
    if shared := os.environ.get("AUTOGRAD_CORE_DATA"):
        folders += [Path(shared).expanduser(), Path(shared).expanduser() / dataset]
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return [*folders, Path(cache).expanduser() / "autograd_core" / dataset]


def present(folder: Path, file: RemoteFile) -> Path | None:
    """Where a file is in a folder, unpacked or packed."""
    return next((path for path in (folder / file.stem, folder / file.name) if path.is_file()), None)


def _by_hand(files: Sequence[RemoteFile], mirrors: Sequence[str], folder: Path) -> str:
    lines = [f"  {file}\n" + "\n".join(f"    from {mirror}{file.name}" for mirror in mirrors) for file in files]
    return "\n".join(lines) + f"\n  into {folder}"
