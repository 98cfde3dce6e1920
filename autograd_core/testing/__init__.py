"""Checking derivatives numerically. Stands beside the library: nothing in it imports this."""

from .gradcheck import GradientMismatch, GradientReport, gradcheck

__all__ = ["GradientMismatch", "GradientReport", "gradcheck"]
