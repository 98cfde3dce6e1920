"""What is claimed of every operation: each function in these files is one claim, named after what it says.

A claim is about one call (a `Case` with its arrays) or about the record itself, and raises `Broken` if it does not
hold. It draws nothing but directions and cotangents, through a `Pick`. Which calls there are, and how often,
`conformance` knows.
"""

from . import derivatives, layouts, memory, records, values
from .claim import DECLARED, Broken, Claim

__all__ = ["CLAIMS", "Broken", "Claim"]

_FILES = (values, derivatives, memory, layouts, records)

CLAIMS = {claim.name: claim for file in _FILES for claim in DECLARED if claim.check.__module__ == file.__name__}
"""Every claim by its name, in the order in which they are checked: numbers first."""
