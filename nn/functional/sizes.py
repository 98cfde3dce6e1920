"""What options of windows may be: one number for all axes, or one for each."""

from collections.abc import Sequence
from typing import Literal

__all__ = ["Padding", "Size"]

Size = int | Sequence[int]
Padding = Size | Literal["same", "valid"]
