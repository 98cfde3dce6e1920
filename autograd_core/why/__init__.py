"""What went wrong with a gradient, in sentences: why there is none, and where a NaN or an infinity came from."""

from .anomaly import detect_anomaly
from .nan import why_nan
from .none import Answer, why_none
from .report import Finding, Report

__all__ = ["Answer", "Finding", "Report", "detect_anomaly", "why_nan", "why_none"]
