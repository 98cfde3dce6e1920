"""Whole runs in one file: whatever has a state, random streams included, so that a run goes on as if it never stopped.

Knows objects by their state_dict and load_state_dict. Does not know what a training loop does with them.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import check_positive
from ..module import Module
from .trees import load_tree, save_tree

__all__ = ["load_checkpoint", "save_checkpoint"]

_FORMAT = 1


def save_checkpoint(path: str | os.PathLike[str], parts: Mapping[str, Any], *, keep: int = 1) -> Path:
    """Write the states of the parts of a run, as a whole or not at all; returns the path.

    A part is a module, whose random generators are kept too; anything else with a state_dict(); a Generator of NumPy;
    or a plain value, such as a dict of settings. With `keep` above 1, the files before this one stay under the numbers
    1 (the last), 2, ...: ``run.1.safetensors`` beside ``run.safetensors``.
    Errors: OptionError for a part that is none of these.

    >>> import tempfile
    >>> model, rng = nn.Linear(2, 1, rng=0), np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_checkpoint(f"{folder}/run.safetensors", {"model": model, "noise": rng, "step": 7})
    ...     first = rng.random()
    ...     values = load_checkpoint(path, {"model": model, "noise": rng})
    ...     values["step"], rng.random() == first
    (7, True)
    """
    check_positive(keep, "save_checkpoint: keep")
    tree = {
        "format": _FORMAT,
        "versions": versions(),
        "parts": {name: _state(part) for name, part in parts.items()},
        "generators": {name: _streams(part) for name, part in parts.items() if isinstance(part, Module)},
    }
    path = Path(path)
    if keep > 1 and path.exists():
        _shift(path, keep)
    return save_tree(tree, path)


def load_checkpoint(path: str | os.PathLike[str], parts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give parts of a run the states in a file, all of them or, if one does not fit, none; returns all that is in it.

    What comes back are the states by the names of the parts, plain values among them, and "versions".
    Errors: FileNotFoundError; DataError for a file that is damaged, with those before it if there are any, and for
    parts that are not in it or do not fit.
    """
    path = Path(path)
    try:
        tree = load_tree(path)
    except ag.DataError as error:
        older = ", ".join(str(p) for p in _siblings(path) if p.exists())
        raise ag.DataError(f"{error}; older ones are {older}" if older else str(error)) from None
    states, streams, written = _opened(tree, path)
    before: list[tuple[Any, Any, Any]] = []
    try:
        for name, part in (parts or {}).items():
            if name not in states:
                raise ag.DataError(f"there is no {name!r} in this checkpoint; there is {', '.join(states)}")
            before.append((part, _state(part), _streams(part) if isinstance(part, Module) else {}))
            try:
                _restore(part, states[name], streams.get(name, {}))
            except Exception as error:  # whatever a part makes of a state that is not its own
                what = f"{type(error).__name__}: " * (not isinstance(error, ag.AutogradError))
                raise ag.DataError(f"{name} does not fit: {what}{error}") from error
    except BaseException as error:
        for part, state, stream in before:
            with suppress(Exception):  # the error that led here is the one to tell
                _restore(part, state, stream)
        if isinstance(error, ag.DataError):
            raise ag.DataError(f"{path}: {error} (nothing was loaded)") from error
        raise
    return {**states, "versions": written}


def _opened(tree: Any, path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The states, the random generators and the versions of a checkpoint."""
    if not isinstance(tree, dict) or not isinstance(tree.get("parts"), dict) or "format" not in tree:
        raise ag.DataError(f"{path}: this tree is no checkpoint; load_tree(path) gives what is in it")
    streams, written = tree.get("generators"), tree.get("versions")
    writer = written.get("autograd_core") if isinstance(written, dict) else "of another version"
    if tree["format"] != _FORMAT:
        raise ag.DataError(
            f"{path}: a checkpoint of format {tree['format']!r}, and this version reads {_FORMAT}; it was written by "
            f"autograd_core {writer}"
        )
    if not isinstance(streams, dict) or not isinstance(written, dict):
        raise ag.DataError(f"{path}: this checkpoint has no whole list of random generators and versions; use a copy")
    return tree["parts"], streams, written


def versions() -> dict[str, str]:
    """What computes here; other versions may give other last bits.

    >>> sorted(versions())
    ['autograd_core', 'machine', 'numpy', 'python']
    """
    return {
        "autograd_core": ag.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _state(part: Any) -> Any:
    if hasattr(part, "state_dict"):
        return part.state_dict()
    return part.bit_generator.state if isinstance(part, np.random.Generator) else part


def _restore(part: Any, state: Any, streams: Mapping[str, Any]) -> None:
    if isinstance(part, np.random.Generator):
        _set(part, state, "the generator")
    elif hasattr(part, "load_state_dict"):
        own = dict(part.named_generators()) if isinstance(part, Module) else {}
        if set(own) != set(streams):
            raise ag.DataError(
                f"its random generators are {', '.join(own) or 'none'}, but saved were {', '.join(streams) or 'none'}"
            )
        part.load_state_dict(state)
        for name, stream in streams.items():
            _set(own[name], stream, name)
    else:
        raise ag.DataError(f"{type(part).__name__} has no load_state_dict; plain values are in what comes back")


def _set(rng: np.random.Generator, state: Any, name: str) -> None:
    kind = type(rng.bit_generator).__name__
    if state["bit_generator"] != kind:
        raise ag.DataError(f"{name} is a {kind}, but this was saved of a {state['bit_generator']}")
    rng.bit_generator.state = state


def _streams(module: Module) -> dict[str, Any]:
    return {name: rng.bit_generator.state for name, rng in module.named_generators()}


def _shift(path: Path, keep: int) -> None:
    """Number the files before this one; at every moment there is a file under the name itself."""
    for number in range(keep - 1, 1, -1):
        with suppress(FileNotFoundError):
            os.replace(beside(path, number - 1), beside(path, number))
    first = beside(path, 1)
    part = first.with_name(f".{first.name}.{os.getpid()}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    try:
        os.link(path, part)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, part)
    os.replace(part, first)


def beside(path: Path, word: int | str) -> Path:
    """A name beside that of a checkpoint.

    >>> beside(Path("run.safetensors"), "best").name
    'run.best.safetensors'
    """
    return path.with_name(f"{path.stem}.{word}{path.suffix}")


def _siblings(path: Path) -> list[Path]:
    found = [
        p for p in path.parent.glob(f"{path.stem}.*{path.suffix}") if p.name.count(".") == path.name.count(".") + 1
    ]
    return sorted(found)
