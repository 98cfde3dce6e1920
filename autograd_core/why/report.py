"""What is reported of a NaN or an infinity, as plain data that prints as text: arrays in a few words, and findings.

Knows numbers, lines and names. Does not know graphs, nor how anything was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..places import Place

_FEW = 6  # so many numbers are shown one by one


def where(place: Place | None, path: str) -> str:
    """A line and a module, as far as they are known, to follow a name in a sentence."""
    text = f" at {place}" + (f" (`{place.text}`)" if place.text else "") if place is not None else ""
    return text + (f", in {path}" if path else "")


def is_bad(array: Any) -> Any:
    """Where an array has a NaN or an infinity; False for what holds no floating point numbers."""
    array = np.asarray(array)
    return ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


def first_of(bad: Any, value: Any) -> tuple[int, ...]:
    """The first of the elements in question, a NaN if there is one."""
    nan = bad & np.isnan(value)
    return tuple(int(i) for i in np.argwhere(nan if nan.any() else bad)[0])


def flaw_of(number: Any) -> str:
    """What a number that is not finite is called: "NaN" or "infinity"."""
    return "NaN" if np.isnan(number) else "infinity"


def has_bad(value: Any) -> bool:
    """Whether there is a NaN or an infinity, in an array or in several by position."""
    if isinstance(value, dict):
        return any(map(has_bad, value.values()))
    return value is not None and bool(is_bad(value).any())


def there(value: Any, at: tuple[int, ...], shape: Sequence[int]) -> Any:
    """The number of an argument at an element of a result of this shape; all of them if that cannot be told."""
    try:
        return np.broadcast_to(np.asarray(value), shape)[at]
    except ValueError:  # the operation does not work element by element
        return np.asarray(value)


@dataclass(frozen=True)
class Numbers:
    """An array in a few words: how many of its numbers are NaN or infinite, and where the first of those is.

    `there` is its number at the element in question of the result, where it has one; `shown` all of its numbers, if
    they are few. `low` and `high` are those of the finite numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nans: int
    infinities: int
    first: tuple[int, ...] | None
    low: float | None
    high: float | None
    there: float | None
    shown: str

    @property
    def finite(self) -> bool:
        return not self.nans and not self.infinities

    @property
    def flaw(self) -> str:
        """ "NaN", "infinity", or nothing."""
        return "NaN" if self.nans else "infinity" if self.infinities else ""

    def __str__(self) -> str:
        size = int(np.prod(self.shape))
        flaws = [f"{n} {what}" for n, what in ((self.nans, "NaN"), (self.infinities, "infinite")) if n]
        text = f"{self.name} {self.dtype} {self.shape}: "
        if self.shown:
            text += self.shown
        elif flaws:
            text += f"{' and '.join(flaws)} of {size}"
        elif self.low is not None:
            text += f"from {self.low:.6g} to {self.high:.6g}"
        else:
            text += "empty" if not size else "no numbers"
        if self.first and not (self.shown and size == 1):
            text += f", first at {list(self.first)}"
        if self.there is not None and size > 1:
            text += f"; there {self.there:.6g}"
        return text


def numbers(name: str, value: Any, at: tuple[int, ...] | None = None, shape: Sequence[int] = ()) -> Numbers:
    """An array in a few words. `at` is the element in question of a result of this shape.

    >>> print(numbers("x", np.array([1.0, np.inf, 0.0])))
    x float64 (3,): [ 1., inf,  0.], first at [1]
    """
    array = np.asarray(value)
    real = array.dtype.kind == "f"
    nan = np.isnan(array) if real else np.zeros(array.shape, bool)
    bad = is_bad(array)
    flaws = np.argwhere(nan if nan.any() else bad)
    finite = array[~bad] if array.dtype.kind in "fiu" else np.zeros(0)
    at_it = there(array, at, shape) if at is not None and array.dtype.kind in "fiub" else array
    return Numbers(
        name,
        array.shape,
        str(array.dtype),
        int(nan.sum()),
        int(bad.sum() - nan.sum()),
        tuple(int(i) for i in flaws[0]) if len(flaws) else None,
        float(finite.min()) if finite.size else None,
        float(finite.max()) if finite.size else None,
        float(at_it) if at is not None and np.ndim(at_it) == 0 else None,
        _shown(array) if 0 < array.size <= _FEW else "",
    )


def _shown(array: Any) -> str:
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind == "f" else str(array.item())
    return np.array2string(array, separator=", ", precision=6, max_line_width=10**6).replace("\n", "")


@dataclass(frozen=True)
class Finding:
    """Where numbers stopped being finite: in which operation, on which line, from which numbers, and what to do.

    `kind` is "operation"; "rule", of an operation, in the sweep; "input" or "constant" for what was not finite when it
    came in, under `name`; or "sum" for cotangents that are finite one by one. `given` are the arguments, and in a sweep
    also the cotangent that came; `made` is the result, in a sweep the cotangents that went on.
    """

    kind: str
    operation: str
    flaw: str
    place: Place | None = None
    path: str = ""
    options: str = ""
    name: str = ""
    given: tuple[Numbers, ...] = ()
    made: tuple[Numbers, ...] = ()
    advice: str = ""
    index: tuple[int, ...] | None = None

    @property
    def where(self) -> str:
        """Line and module, as far as they are known."""
        return where(self.place, self.path)

    @property
    def article(self) -> str:
        """What it is, with its article."""
        return f"a{'' if self.flaw == 'NaN' else 'n'} {self.flaw}"

    def __str__(self) -> str:
        call = f"{self.operation}({self.options})" if self.options else self.operation
        if self.kind in ("input", "constant"):
            what = f"{self.kind} {self.name}".rstrip()
            index = f", first at {list(self.index)}" if self.index else ""
            head = f"{self.article} came in with the {what}{index}, which {call} read{self.where}."
        elif self.kind == "sum":
            head = f"{self.article} came of adding up the cotangents for the result of {call}{self.where}."
        else:
            rule = "the rule of " if self.kind == "rule" else ""
            head = f"{self.article} came out of {rule}{call}{self.where}."
        lines = [str(n) for n in self.given] + [f"-> {n}" for n in self.made]
        return "\n".join([head, *(f"    {line}" for line in lines), *([f"    {self.advice}"] if self.advice else [])])


@dataclass(frozen=True)
class Report:
    """Where the first NaN or infinity came from, forward and in the sweep. `str()` says it in sentences.

    `forward` is the first in the order of recording of those that reached the output; `became_nan` is where an
    infinity from there turned into a NaN. `backward` is the first in the order of the sweep. None where there is none,
    or none is known; `notes` say which, and what was not known.
    """

    subject: str
    forward: Finding | None = None
    became_nan: Finding | None = None
    backward: Finding | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.forward is not None or self.backward is not None

    def __str__(self) -> str:
        lines = [self.subject]
        if self.forward is not None:
            lines.append(f"Forward, first: {self.forward}")
        if self.became_nan is not None:
            lines.append(f"It became NaN in {self.became_nan.operation}{self.became_nan.where}.")
        if self.backward is not None:
            lines.append(f"Backward, first: {self.backward}")
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__
