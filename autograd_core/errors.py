"""The exceptions of the library, each also the built-in exception that a NumPy user would expect.

    AutogradError
    ├── ShapeError        (ValueError)           shapes that do not fit together
    ├── DTypeError        (TypeError)            a type that cannot be computed with, or has no gradient
    ├── OptionError       (ValueError)           an option that is unknown or out of its range
    ├── IndexingError     (IndexError)           an index outside the array, or of the wrong kind
    ├── GraphError        (RuntimeError)         a graph used in a way that has no right answer
    ├── AnomalyError      (ArithmeticError)      a NaN or an infinity, where `detect_anomaly` watches for them
    ├── MissingRuleError  (NotImplementedError)  an operation whose derivative is not defined here
    └── DataError         (ValueError)           a file or data set that is not what it claims to be

A message names the operation, the rule, what came, and one way to mend it.
"""


class AutogradError(Exception):
    """Anything that this library refuses."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(AutogradError, TypeError):
    """A type that cannot be computed with, or that has no gradient."""


class OptionError(AutogradError, ValueError):
    """An option that is unknown, or a value outside its range."""


class IndexingError(AutogradError, IndexError):
    """An index outside the array, or of the wrong kind."""


class GraphError(AutogradError, RuntimeError):
    """A graph used in a way that has no right answer."""


class AnomalyError(AutogradError, ArithmeticError):
    """A NaN or an infinity, where `detect_anomaly` watches for them; `report` is what `why_nan` says of it."""

    def __init__(self, message: str, report: object = None) -> None:
        super().__init__(message)
        self.report = report


class MissingRuleError(AutogradError, NotImplementedError):
    """An operation whose derivative is not defined here."""


class DataError(AutogradError, ValueError):
    """A file or a data set that is not what it claims to be."""
