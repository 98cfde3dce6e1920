"""What is checked, in one form: a function of a flat list of real arrays, with a VJP, whoever wrote it.

Knows the form, and which adapter makes it of what. Does not know how it is checked.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import OptionError
from .arguments import Array
from .plain_functions import PlainFunction
from .tensor_functions import TensorFunction


class Function(Protocol):
    """A function of real arrays with a VJP, and the arrays to check it at.

    `inputs` and the outputs are those in floating point, of all containers, in order; everything else is held. The
    arrays given are handed on as they are, and what comes back is not copied: what it does to memory can be seen.
    """

    name: str
    where: str  # "file.py:12", or "" if there is no source
    inputs: list[Array]
    labels: list[str]
    given_coarse: bool  # whether inputs came in a coarser type than double precision, whatever they are checked in

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """The outputs."""

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        """The VJP: one gradient for each array, as it was returned; of zeros where None was."""

    def push(self, arrays: Sequence[Array], tangents: Sequence[Array]) -> list[Array] | None:
        """The JVP: one tangent for each output; None if there is no forward mode."""

    def at_complex(self, arrays: Sequence[Array]) -> list[Array] | None:
        """The outputs at complex numbers; None if the function does not take any."""

    def derived(self, weights: Sequence[Array]) -> "Function":
        """The gradient of the weighted sum of the squared outputs: a function of the same arrays, to be checked too.

        It is squared because the second derivative of a linear function is zero, and a check of that sees nothing.
        """


def adapted(function: Any, arguments: Sequence[Any]) -> Function:
    """Anything that can be checked, at these arguments.

    Raises: OptionError, DTypeError, GraphError for what cannot.
    """
    if isinstance(function, tuple | list):
        if not (2 <= len(function) <= 3 and all(map(callable, function))):
            raise OptionError(
                "gradcheck: a function without Tensors is given as (f, vjp) or (f, vjp, jvp), all of them callable; "
                f"got {len(function)} things: {', '.join(type(f).__name__ for f in function)}"
            )
        return PlainFunction(*function, arguments=arguments)
    if not callable(function):
        raise OptionError(
            f"gradcheck: the first argument is the function to check, got {type(function).__name__}; "
            "say gradcheck(f, x), not gradcheck(f(x))"
        )
    return TensorFunction(function, arguments)
