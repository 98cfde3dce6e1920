"""What a checker said of one function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """What a checker said of one function: whether it objected, the cause that it named, and its words.

    `caught` is None where the function cannot be given to this checker; then `words` say why.
    """

    caught: bool | None
    cause: str = ""
    words: str = ""
    seconds: float = 0.0
    checked: int = 0
