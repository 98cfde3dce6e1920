"""Reading an ONNX file as a Module: it computes, is differentiated and trained like any other.

Knows the format. Does not know what the operators mean (`operators.py`). Loading runs no code from the file.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from ..module import Module, Parameter
from .door import ModelProto, checker, get_attribute_value, load_model_from_string, to_array
from .operators import OPERATORS

__all__ = ["OnnxModel", "load"]

_STATISTICS = {"BatchNormalization": (3, 4)}  # inputs that are learned, but not by gradients


class OnnxModel(Module):
    """What an ONNX file computes, node by node.

    Arrays of floating point that came along are Parameters under their names in the file, and show up in state_dict;
    whole numbers, and the statistics of batch norms, are buffers. `input_names`, `output_names` and `input_shapes` are
    the file's, a length that may change being its name. Calling it takes the inputs in order, or by name; several
    outputs come as a tuple.
    """

    def __init__(self, proto: Any, name: str = "model") -> None:
        super().__init__()
        graph = proto.graph
        self.name = name
        arrays = {tensor.name: to_array(tensor) for tensor in graph.initializer}
        self.input_names = [value.name for value in graph.input if value.name not in arrays]
        self.output_names = [value.name for value in graph.output]
        self.input_shapes = {value.name: _shape(value) for value in graph.input}
        self.nodes = [_Node(node, name) for node in graph.node]
        fixed = {node.inputs[i] for node in self.nodes for i in _STATISTICS.get(node.kind, ()) if i < len(node.inputs)}
        self.arrays: list[str] = []
        for key, array in arrays.items():
            if hasattr(self, key):
                raise ag.OptionError(f"load: {name} has an array called {key!r}, which a Module has other use for")
            if array.dtype.kind == "f" and array.ndim and key not in fixed and not key.startswith("constant_"):
                setattr(self, key, Parameter(array))
            else:
                self._buffers[key] = True
                setattr(self, key, np.array(array))
            self.arrays.append(key)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        values = self._given(inputs, named)
        for key in self.arrays:
            values[key] = getattr(self, key)
        for node in self.nodes:
            arguments = [values[key] if key else None for key in node.inputs]
            results = node.run(arguments)
            values.update(zip(node.outputs, results, strict=False))
        outputs = tuple(values[key] for key in self.output_names)
        return outputs[0] if len(outputs) == 1 else outputs

    def _given(self, inputs: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(zip(self.input_names, inputs, strict=False)) | dict(named)
        if len(inputs) > len(self.input_names) or set(given) != set(self.input_names):
            raise ag.OptionError(
                f"{self.name}: the inputs are {', '.join(self.input_names)}; got {len(inputs)} in order"
                + (f" and {', '.join(named)}" if named else "")
            )
        return given

    def extra_repr(self) -> str:
        shown = [f"{key}={self.input_shapes[key]}" for key in self.input_names]
        return f"{', '.join(shown)}, nodes={len(self.nodes)}"


class _Node:
    """One node of a graph: which operator, with which attributes, of what, giving what."""

    def __init__(self, proto: Any, model: str) -> None:
        self.kind, self.inputs, self.outputs = proto.op_type, list(proto.input), list(proto.output)
        self.where = f"{self.kind}{f' {proto.name!r}' if proto.name else ''} of {model}"
        if proto.domain not in ("", "ai.onnx") or self.kind not in OPERATORS:
            raise ag.OptionError(
                f"load: {self.where} is an operator that is not read here; there are {', '.join(sorted(OPERATORS))}"
            )
        self.options = {a.name: _plain(get_attribute_value(a)) for a in proto.attribute}
        self.options["outputs"] = len(self.outputs)

    def run(self, arguments: list[Any]) -> tuple[Any, ...]:
        """The results, as many as the operator has."""
        results = OPERATORS[self.kind](self.options, *arguments)
        return results if isinstance(results, tuple) else (results,)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | tuple) or type(value).__name__.startswith("Repeated"):
        return [_plain(part) for part in value]
    return to_array(value) if hasattr(value, "raw_data") else value


def _shape(value: Any) -> tuple[int | str, ...]:
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_param or dim.dim_value for dim in dims)


def load(path: str | os.PathLike[str]) -> OnnxModel:
    """The model in an ONNX file, as a Module in evaluation mode.

    Errors: ImportError without onnx, FileNotFoundError, DataError for a file that is damaged or something else,
    OptionError for an operator that is not read here, by name.
    """
    content = Path(path).read_bytes()
    try:
        proto: ModelProto = load_model_from_string(content)
        checker.check_model(proto)
    except Exception as error:  # protobuf and the checker raise what they like for a file that is none
        raise ag.DataError(f"{path}: not a whole ONNX file ({type(error).__name__}: {str(error)[:200]})") from None
    return OnnxModel(proto, Path(path).name).eval()
