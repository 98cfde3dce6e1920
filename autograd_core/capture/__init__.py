"""Capturing: a function's computation as a program that can be read, drawn, planned and replayed."""

from .compiling import Compiled, compile

__all__ = ["Compiled", "compile"]
