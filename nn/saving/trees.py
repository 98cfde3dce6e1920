"""Trees of plain values and arrays in one file: what state_dict() of anything gives, kept to the bit.

Knows dicts, lists, tuples, numbers, text, None and arrays. Does not know what they are of. No pickle: what a tree can
hold is what stands here, and reading one makes nothing else.

Note [Trees]
The arrays are the file's tensors, under their paths. The rest is JSON in the metadata, where a dict whose keys are not
all text, or look like what follows, is {"$dict": [[key, value], ...]}, a tuple {"$tuple": [...]}, a float that JSON
does not have {"$float": "nan"}, an array {"$array": name}, and a NumPy number {"$number": name}.
"""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief
from ..files import write_whole
from .container import KINDS, packed, unpacked

__all__ = ["load_tree", "save_tree"]


def save_tree(tree: Any, path: str | os.PathLike[str]) -> Path:
    """Write nested dicts, lists and tuples of numbers, text, bools, None and arrays, as a whole or not at all.

    All of it comes back as it was: integers of any length, infinities, tuples as tuples, keys that are numbers, arrays
    with their type and shape. A Tensor is kept as an array. Returns the path.
    Errors: OptionError for anything else in the tree, with its place.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_tree({"step": 3, "moments": {0: (np.zeros(2), None)}}, f"{folder}/state.safetensors")
    ...     load_tree(path)
    {'step': 3, 'moments': {0: (array([0., 0.]), None)}}
    """
    arrays: dict[str, NDArray[Any]] = {}
    try:
        text = json.dumps(_plain(tree, "", arrays), separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ag.OptionError("save_tree: the tree is nested too deep, or contains itself") from None
    return write_whole(path, packed(arrays, {"tree": text}))


def load_tree(path: str | os.PathLike[str]) -> Any:
    """Read what `save_tree` wrote. The arrays are new ones, and may be written to.

    Errors: FileNotFoundError, DataError for a file that is damaged or is something else.
    """
    arrays, metadata = unpacked(path)
    if "tree" not in metadata:
        raise ag.DataError(f"{path}: there are arrays but no tree in this file; read_weights(path) gives the arrays")
    try:
        return _built(json.loads(metadata["tree"]), arrays)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ag.DataError(
            f"{path}: the tree in this file is none that save_tree wrote ({type(error).__name__}: {error})"
        ) from None


def _plain(value: Any, path: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """What JSON can say of a value; arrays are put aside. See Note [Trees]."""
    if value is None or isinstance(value, bool) or type(value) in (int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, ag.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray | np.generic):
        kind = "$array" if isinstance(value, np.ndarray) else "$number"
        if value.dtype.newbyteorder("=") not in [np.dtype(own) for own in KINDS.values()]:
            raise ag.OptionError(f"save_tree: {path or 'the tree'} is of type {value.dtype}, which no file can hold")
        return {kind: _named(np.asarray(value), path, arrays)}
    if isinstance(value, dict):
        items = [(key, _plain(part, _join(path, key), arrays)) for key, part in value.items()]
        if all(type(key) is str and not key.startswith("$") for key, _ in items):
            return dict(items)
        return {"$dict": [[_plain(key, f"a key of {path}", arrays), part] for key, part in items]}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        parts = [_plain(part, _join(path, i), arrays) for i, part in enumerate(value)]
        return parts if isinstance(value, list) else {"$tuple": parts}
    raise ag.OptionError(
        f"save_tree: {path or 'the tree'} is {brief(value)}; a tree is made of dicts, lists, tuples, numbers, text, "
        "bools, None and arrays"
    )


def _built(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """The value that `_plain` was given."""
    if isinstance(value, list):
        return [_built(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(mark, part)] = value.items()
        if mark == "$array":
            return arrays[part]
        if mark == "$number":
            return arrays[part][()]
        if mark == "$float":
            return float(part)
        if mark == "$tuple":
            return tuple(_built(part, arrays))
        if mark == "$dict":
            return {_built(key, arrays): _built(item, arrays) for key, item in part}
    return {key: _built(part, arrays) for key, part in value.items()}


def _named(array: NDArray[Any], path: str, arrays: dict[str, NDArray[Any]]) -> str:
    """Put an array aside under its path, or something like it where that is taken."""
    name, number = path or "value", 2
    while name in arrays or name == "__metadata__":  # {"a": {"b": x}, "a.b": y}
        name, number = f"{path}#{number}", number + 1
    arrays[name] = array
    return name


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
