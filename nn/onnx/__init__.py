"""Models to and from ONNX, the format that frameworks and runtimes exchange them in. Needs onnx (extra `onnx`)."""

from .exporting import export
from .reading import OnnxModel, load

__all__ = ["OnnxModel", "export", "load"]
