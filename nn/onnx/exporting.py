"""Writing a model as an ONNX file, which other programs run: onnxruntime, browsers, phones.

Knows programs, and who writes their steps. Does not know operations or layers.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import autograd_core as ag

from ..files import write_whole
from ..module import Module
from .door import (
    checker,
    make_graph,
    make_model,
    make_node,
    make_opsetid,
    make_tensor_value_info,
    np_dtype_to_tensor_dtype,
)
from .graph import Graph
from .layers import LAYERS, is_whole
from .program import Batch, Call, Input
from .recording import program_of
from .writers import OPERATIONS

__all__ = ["IR", "OPSET", "export"]

OPSET = 17
"""The version of ONNX's operators that is written: of 2022, so that old runtimes read it too."""

IR = 8
"""The version of the file format that came with these operators."""


def export(
    model: Module,
    args: Any,
    path: str | os.PathLike[str],
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_batch: bool = True,
) -> Path:
    """Write what a model computes in evaluation mode as an ONNX file, as a whole or not at all; returns the path.

    `args` are the inputs of an example, an array or a tuple of them: the model is run on it, and on another batch. With
    `dynamic_batch` the file takes any number of samples, which are the first axis of every input. Parameters keep their
    names in the state_dict. Dropout and the like are off, batch norms use what they have learned.
    Errors: ImportError without onnx (extra `onnx`). OptionError for an operation that ONNX has no counterpart of, with
    the module and the line, and for a model that decides by the values of its input.

    >>> from tempfile import TemporaryDirectory
    >>> model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.ReLU())
    >>> with TemporaryDirectory() as folder:
    ...     path = nn.onnx.export(model, np.zeros((1, 4), np.float32), f"{folder}/model.onnx", input_names=["x"])
    ...     again = nn.onnx.load(path)
    >>> again
    OnnxModel(x=('batch', 4), nodes=3)
    """
    inputs = list(args) if isinstance(args, tuple | list) else [args]
    program = program_of(model, inputs, is_whole, dynamic_batch)
    names = _names(input_names, len(program.inputs), "input")
    wanted = _names(output_names, len(program.outputs), "output")
    if clash := sorted({*names, *wanted} & set(program.state)) or sorted(set(names) & set(wanted)):
        raise ag.OptionError(
            f"export: inputs, outputs and what is in the state_dict need different names; {clash[0]!r} is there twice"
        )
    graph = Graph(names, wanted, program.state)
    graph.types = {Input(i): dtype for i, (_, dtype) in enumerate(program.inputs)}
    for step in program.steps:
        _write(graph, step)
    results = [graph.name(value) for value, _, _ in program.outputs]
    for result, name in zip(results, wanted, strict=True):
        graph.nodes.append(make_node("Identity", [result], [name], name=name))
    proto = make_model(
        make_graph(
            graph.nodes,
            type(model).__name__,
            _described(names, program.inputs),
            _described(wanted, [(shape, dtype) for _, shape, dtype in program.outputs]),
            list(graph.initializers.values()),
        ),
        opset_imports=[make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="autograd_core",
        producer_version=ag.__version__,
    )
    try:
        checker.check_model(proto, full_check=True)
    except Exception as error:  # onnx has no one class for what it finds
        raise ag.OptionError(
            f"export: {type(model).__name__} has no valid form in ONNX for inputs of these types and shapes "
            f"({str(error).strip()[:300]})"
        ) from None
    return write_whole(path, proto.SerializeToString(deterministic=True))


def _write(graph: Graph, step: Any) -> None:
    if isinstance(step, Call):
        names = LAYERS[type(step.layer)](graph, step)
        for result, dtype, name in zip(step.results, step.dtypes, names, strict=True):
            graph.names[result], graph.types[result] = name, dtype
        return
    writer = OPERATIONS.get(step.name)
    if writer is None:
        raise ag.OptionError(
            f"export: {step.where} has no counterpart in ONNX here; nn.onnx.writers.OPERATIONS lists those that have"
        )
    name = writer(graph, step)
    graph.names[step.result], graph.types[step.result] = name, step.dtype


def _names(given: Sequence[str] | None, count: int, kind: str) -> list[str]:
    if given is None:
        return [kind] if count == 1 else [f"{kind}_{i}" for i in range(count)]
    if len(given) != count or len(set(given)) != count:
        raise ag.OptionError(f"export: {kind}_names must be {count} different names, got {list(given)}")
    return list(given)


def _described(names: Sequence[str], values: Sequence[tuple[Any, Any]]) -> list[Any]:
    return [
        make_tensor_value_info(name, np_dtype_to_tensor_dtype(dtype), [_axis(n) for n in shape])
        for name, (shape, dtype) in zip(names, values, strict=True)
    ]


def _axis(length: int | Batch) -> int | str:
    if isinstance(length, Batch):
        return "batch" if length.factor == 1 else f"{length.factor} * batch"
    return length
