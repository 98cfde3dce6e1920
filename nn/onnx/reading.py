"""Reading an ONNX file as a Module: it computes, is differentiated and trained like any other.

Knows the format. Does not know what the operators mean (`operators`). Loading runs no code from the file.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from ..module import Module, Parameter
from .door import ModelProto, TensorProto, checker, get_attribute_value, load_model_from_string, to_array
from .operators import OPERATORS

__all__ = ["OnnxModel", "load"]

OLDEST = 13
"""The oldest version of ONNX's operators that is read; before, Softmax and others meant something else."""

_DOMAINS = ("", "ai.onnx")
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
        arrays = {tensor.name: _array(tensor, name) for tensor in graph.initializer}
        self.input_names = [value.name for value in graph.input if value.name not in arrays]
        self.output_names = [value.name for value in graph.output]
        self.input_shapes = {value.name: _shape(value) for value in graph.input}
        _check(proto, name)
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


def _array(tensor: Any, name: str) -> Any:
    """What a tensor of the file holds, which must be in the file itself."""
    if tensor.external_data or tensor.data_location == TensorProto.EXTERNAL:
        raise ag.OptionError(
            f"load: {name} keeps {tensor.name!r} in another file, which is not looked for; write it as one file "
            "(onnx.save with save_as_external_data=False)"
        )
    try:
        array = np.asarray(to_array(tensor))
    except Exception as error:  # onnx raises what it likes for numbers that do not fill their shape
        raise ag.DataError(f"{name}: {tensor.name!r} is damaged ({type(error).__name__}: {str(error)[:200]})") from None
    if array.dtype.kind not in "biuf":
        raise ag.OptionError(f"load: {name} has {tensor.name!r} of type {array.dtype}, which is not computed with here")
    return array


def _check(proto: Any, name: str) -> None:
    """Refuse a file whose operators are older or others than those that are known, naming all of them."""
    versions = [opset.version for opset in proto.opset_import if opset.domain in _DOMAINS]
    if versions and versions[0] < OLDEST:
        raise ag.OptionError(
            f"load: {name} is written in version {versions[0]} of the operators; those since {OLDEST} are read: "
            "export it again, or bring it up to date by onnx.version_converter"
        )
    if proto.functions or proto.graph.sparse_initializer:
        kind = "functions of its own" if proto.functions else "sparse arrays"
        raise ag.OptionError(f"load: {name} has {kind}, which are not read here")
    unknown: dict[str, str] = {}
    for node in proto.graph.node:
        if node.domain not in _DOMAINS or node.op_type not in OPERATORS:
            kind = f"{node.domain}.{node.op_type}" if node.domain not in _DOMAINS else node.op_type
            unknown.setdefault(kind, f"{kind} {node.name!r}" if node.name else kind)
    if unknown:
        raise ag.OptionError(
            f"load: {name} has operators that are not read here: {', '.join(unknown[k] for k in sorted(unknown))}; "
            f"there are {', '.join(sorted(OPERATORS))}"
        )


class _Node:
    """One node of a graph: which operator, with which attributes, of what, giving what."""

    def __init__(self, proto: Any, model: str) -> None:
        self.kind, self.inputs, self.outputs = proto.op_type, list(proto.input), list(proto.output)
        self.where = f"{self.kind}{f' {proto.name!r}' if proto.name else ''} of {model}"
        self.options = {a.name: _plain(get_attribute_value(a), self.where) for a in proto.attribute}
        self.options["outputs"] = len(self.outputs)

    def run(self, arguments: list[Any]) -> tuple[Any, ...]:
        """The results, as many as the operator has."""
        results = OPERATORS[self.kind](self.options, *arguments)
        return results if isinstance(results, tuple) else (results,)


def _plain(value: Any, where: str) -> Any:
    """An attribute as numbers, strings, lists and arrays."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list | tuple) or type(value).__name__.startswith("Repeated"):
        return [_plain(part, where) for part in value]
    return _array(value, where) if isinstance(value, TensorProto) else value


def _shape(value: Any) -> tuple[int | str, ...]:
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_param or dim.dim_value for dim in dims)


def load(path: str | os.PathLike[str]) -> OnnxModel:
    """The model in an ONNX file, as a Module in evaluation mode.

    Errors: ImportError without onnx, FileNotFoundError, DataError for a file that is damaged or something else,
    OptionError for operators that are not read here, all of them by name, and for arrays kept in other files.
    """
    content = Path(path).read_bytes()
    try:
        proto: ModelProto = load_model_from_string(content)
        for tensor in proto.graph.initializer:
            _array(tensor, Path(path).name)
        checker.check_model(proto)
    except ag.AutogradError:
        raise
    except Exception as error:  # protobuf and the checker raise what they like for a file that is none
        raise ag.DataError(f"{path}: not a whole ONNX file ({type(error).__name__}: {str(error)[:200]})") from None
    return OnnxModel(proto, Path(path).name).eval()
