"""Capturing: a function's computation as a program that can be read, drawn, planned and replayed."""

from .compiling import Compiled, compile
from .program import Program
from .reading import read_program
from .traced import trace

__all__ = ["Compiled", "Program", "compile", "read_program", "trace"]
