"""What constructors and functions refuse at the call, in words that are the same everywhere."""

import inspect
import operator
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["brief", "check_flag", "check_positive", "shown_options"]


def check_positive(value: Any, who: str) -> int:
    """The value as an int; OptionError unless it is a positive whole number.

    >>> check_positive(np.int32(3), "batch_size")
    3
    >>> check_positive(2.5, "batch_size")
    Traceback (most recent call last):
    autograd_core.errors.OptionError: batch_size must be a positive whole number, got float 2.5
    """
    try:
        number = 0 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = 0
    if number <= 0:
        raise ag.OptionError(f"{who} must be a positive whole number, got {brief(value)}")
    return number


def check_flag(value: Any, who: str) -> None:
    """Refuse what is neither True nor False.

    >>> check_flag(1, "shuffle")
    Traceback (most recent call last):
    autograd_core.errors.OptionError: shuffle must be True or False, got int 1
    """
    if not isinstance(value, bool | np.bool_):
        raise ag.OptionError(f"{who} must be True or False, got {brief(value)}")


def brief(value: Any) -> str:
    """A value in an error message: its type, and what of it fits on a line.

    >>> brief([1, 2])
    'list [1, 2]'
    """
    text = " ".join(repr(value).split())
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def shown_options(module: Any, everything: bool = False) -> str:
    """The arguments of a module's constructor as repr shows them: those that are not at their defaults, or all.

    `inplace` is shown only where it was asked for, and of many numbers only how many there are.

    >>> class Layer:
    ...     def __init__(self, alpha=1.0, weight=None, inplace=False):
    ...         self.alpha, self.weight, self.inplace = alpha, weight, inplace
    >>> shown_options(Layer(weight=np.array([1.0, 2.0]))), shown_options(Layer(), everything=True)
    ('weight=[1.0, 2.0]', 'alpha=1.0, weight=None')
    """
    shown = []
    for name, parameter in inspect.signature(type(module)).parameters.items():
        value = getattr(module, name, parameter.default)
        if name in ("rng", "dtype") or hasattr(value, "named_modules"):  # a module shows itself, below
            continue
        default = value is parameter.default or (np.ndim(value) == 0 and value == parameter.default)
        if default and (not everything or name == "inplace"):
            continue
        if hasattr(value, "tolist"):
            numbers = value.tolist()
            value = numbers if np.size(numbers) <= 10 else f"<{np.size(numbers)} numbers>"
        shown.append(f"{name}={value}" if isinstance(value, str) and value[:1] == "<" else f"{name}={value!r}")
    return ", ".join(shown)
