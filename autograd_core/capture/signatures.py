"""What calls have in common that one plan serves: shapes, dtypes and layouts of arrays, the values of all others.

Knows Tensors and NumPy's arrays. Does not know plans, nor what else they take for granted (`guarding`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Variable
from ..errors import OptionError
from ..tensor import Tensor

__all__ = ["FLAT", "kind_of", "outline_of", "recognised"]

FLAT = {np.ndarray, Tensor, np.float64, np.float32, float, int, bool, str}  # what has no parts


def kind_of(x: Any, recording: bool) -> Any:
    """What calls have in common that one plan serves: type, shape, layout; of what is no array, its value."""
    if isinstance(x, Variable):
        a = x._array
        return a.shape, a.strides, a.dtype, x.node is not None and recording
    if isinstance(x, np.ndarray | np.generic):
        return x.shape, x.strides, x.dtype
    if isinstance(x, slice):
        return slice, *(kind_of(part, recording) for part in (x.start, x.stop, x.step))
    try:
        hash(x)
    except TypeError as error:
        raise OptionError(
            f"compile: an argument is neither an array nor a constant that can be compared ({error})"
        ) from None
    return (type(x), repr(x)) if isinstance(x, float) else (type(x), x)  # 0.0 is not -0.0


def recognised(
    args: Sequence[Any], recording: bool, fixed: Sequence[tuple[int, Any]]
) -> Callable[[Sequence[Any], bool], bool]:
    """A function that tells whether arguments are of the kind of these, as `kind_of` does; none may have parts.

    It is text, as a call is to cost no more than the comparisons.
    """
    names: dict[str, Any] = {}
    tests = [f"len(args) == {len(args)} and recording is {recording}"]
    for i, x in fixed:
        names[f"fixed{i}"] = x
        tests.append(f"args[{i}] is fixed{i}")

    def name(x: Any) -> str:
        names[f"n{len(names)}"] = x
        return f"n{len(names) - 1}"

    for i, x in enumerate(args):
        tests.append(f"type(x := args[{i}]) is {name(type(x))}")
        if isinstance(x, Variable | np.ndarray | np.generic):
            if isinstance(x, Variable) and recording:
                tests.append(f"(x.node is None) is {x.node is None}")
            array, there = (x._array, "x._array") if isinstance(x, Variable) else (x, "x")
            tests += [f"{there}.shape == {array.shape}", f"{there}.strides == {array.strides}"]
            tests.append(f"{there}.dtype == {name(array.dtype)}")
        else:
            tests.append(f"repr(x) == {repr(x)!r}" if isinstance(x, float) else f"x == {name(x)}")
    exec(f"def is_for(args, recording):\n    return {' and '.join(tests)}", names)
    is_for: Callable[[Sequence[Any], bool], bool] = names["is_for"]
    return is_for


def outline_of(tree: Any) -> Any:
    if isinstance(tree, dict):
        return ("dict", *((k, outline_of(v)) for k, v in tree.items()))
    if isinstance(tree, list | tuple):
        return (type(tree), *map(outline_of, tree))
    return tree is None
