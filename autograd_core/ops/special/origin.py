"""Where the values of special functions come from: `scipy.special`, an optional package, imported here only.

It is imported when a function is first called, and shares long arrays between the cores. As everywhere, narrow types
are kept: SciPy has no loops for float16, and takes double precision where a single one meets a Python number. The error
function and the normal distribution, which networks compute with, come from machine code for long arrays of single
precision where llvmlite is installed (docs/approximations.md), and from Python, one by one, where SciPy is missing.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any

import numpy as np

from ...engine import Variable
from ...errors import MissingRuleError
from ...examples import Example
from ...parallel import share


@cache
def _package() -> Any:
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(
            "special functions: need SciPy, which is not installed; pip install 'autograd-core[special]'"
        ) from error
    return scipy.special


_ONE_BY_ONE = {"erf": math.erf, "erfc": math.erfc, "ndtr": lambda x: math.erfc(-x * math.sqrt(0.5)) / 2}


def _function(name: str) -> Callable[..., Any]:
    try:
        return getattr(_package(), name)
    except ImportError:
        if name not in _ONE_BY_ONE:
            raise
        one_by_one = np.frompyfunc(_ONE_BY_ONE[name], 1, 1)
        return lambda x: np.asarray(one_by_one(np.asarray(x, float)), float)[()]


def from_scipy(name: str, *arrays: Any) -> Any:
    """A function of `scipy.special` by its name, in the type that NumPy gives to such arguments.

    Raises: ImportError that says how to install SciPy, if it is not there, and Python's `math` has no such function.
    """
    out = _long(name, arrays[0]) if len(arrays) == 1 else None
    if out is not None:
        return out
    out = _function(name)(*arrays)
    kept = np.result_type(*arrays)
    return out.astype(kept) if kept.kind == "f" and out.dtype != kept else out


_IN_MACHINE_CODE = frozenset({"erf", "erfc", "ndtr"})
_LONG = 1 << 10  # numbers from which machine code pays, with what it takes to make it
_TASK = 1 << 15  # numbers that a core takes at once: some hundred microseconds of SciPy


def _long(name: str, x: Any) -> Any:
    """The function of a long dense array; None where it is called in the plain way."""
    if type(x) is not np.ndarray or x.size < _LONG or x.dtype.char not in "fd" or not x.dtype.isnative:
        return None
    out = in_machine_code(name, x) if name in _IN_MACHINE_CODE else None
    if out is not None or x.size < 2 * _TASK or not (x.flags.c_contiguous or x.flags.f_contiguous):
        return out
    out, function = np.empty_like(x), _function(name)
    if not isinstance(function, np.ufunc):
        return None
    flat, flat_out = x.ravel(order="K"), out.ravel(order="K")

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            part = slice(task * _TASK, (task + 1) * _TASK)
            function(flat[part], out=flat_out[part])

    share(work, -(-x.size // _TASK))
    return out


def in_machine_code(name: str, x: Any, factor: Any = None) -> Any:
    """``f(x)``, or ``f(x) * factor``, by a function of autograd_core.kernels.maps; None where there is none."""
    if x.dtype.char != "f" or x.size < _LONG:
        return None
    from ...kernels.maps import mapped

    return mapped(name, x, factor)


def scipys(name: str) -> Mapping[str, Any]:
    """What a record says of a function of SciPy's: our name for it, and that it must agree with it."""
    return {"name": f"special.{name}", "reference": lambda *arrays: getattr(_package(), name)(*arrays)}


def held(*names: str) -> Callable[[Callable[..., Any]], Any]:
    """These arguments are to be constants, because no formula for the derivative in them is known.

    Raises: MissingRuleError at the call, for a Tensor there that requires a gradient.
    """

    def decorate(call: Any) -> Any:
        op = call.op
        places = [(op.arrays.index(name), name) for name in names]

        @wraps(call)
        def checked(*arguments: Any) -> Any:
            for i, name in places:
                x = arguments[i]
                if isinstance(x, Variable) and x.node is not None:
                    raise MissingRuleError(
                        f"{op.name}: there is no derivative with respect to {name}; give {name}.detach()"
                    )
            return call(*arguments)

        op.call = checked
        return checked

    return decorate


# in the narrowest type, which takes that of what it meets
_HELD = [
    (np.array([0.5, 1.0, 2.5], np.float16), (2, 3)),
    (np.array([[1.5], [3.0]], np.float16), (3,)),
    (2.0, ()),
    (1, (0,)),
]


def examples_with(first: str, second: str) -> list[Example]:
    """The ways in which an argument that is held and one that has a derivative broadcast."""
    return [Example(**{first: a, second: b}) for a, b in _HELD]


def over(xp, a, b):
    """``a / b``, and the constant 0 where both are 0."""
    none = (a == 0) & (b == 0)
    return xp.where(none, 0, a / xp.where(none, 1, b))
