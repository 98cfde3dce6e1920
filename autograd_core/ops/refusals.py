"""NumPy's complaints about the arguments of composed operations, as errors of ours with the operation's name.

An operation with a rule of its own has this done for it by the generated function around its forward.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import AutogradError, DTypeError, IndexingError, ShapeError


@contextmanager
def named(who: str) -> Iterator[None]:
    """Whatever NumPy raises inside says who was called.

    Raises: IndexingError, DTypeError or ShapeError in the place of NumPy's IndexError, TypeError and ValueError.

    >>> with named("rollaxis"):
    ...     raise ValueError("the axis is out of bounds")
    Traceback (most recent call last):
    ...
    autograd_core.errors.ShapeError: rollaxis: the axis is out of bounds
    """
    try:
        yield
    except AutogradError:
        raise
    except TypeError as error:
        raise DTypeError(f"{who}: {error}") from None
    except ValueError as error:  # an axis that is not there is one of these, and an IndexError too
        raise ShapeError(f"{who}: {error}") from None
    except IndexError as error:
        raise IndexingError(f"{who}: {error}") from None
