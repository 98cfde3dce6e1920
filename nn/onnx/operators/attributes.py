"""What an operator of ONNX is here: a function of its attributes and of its inputs, None where one is left out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...module import values

__all__ = ["Operator", "Options", "axes", "whole"]

Options = dict[str, Any]
Operator = Callable[..., Any]


def whole(x: Any) -> list[int]:
    """A vector of whole numbers, which must be known and not learned."""
    return [int(n) for n in np.ravel(values(x))]


def axes(o: Options, given: Any) -> tuple[int, ...] | None:
    """The axes, which are an input since version 13 and an attribute before; None for all."""
    found = whole(given) if given is not None else o.get("axes")
    return tuple(found) if found else None
