"""Where time and memory go: `profile` and what it finds."""

from .session import Profile, profile

__all__ = ["Profile", "profile"]
