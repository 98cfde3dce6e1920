"""Layers that become one node of ONNX, or a few, as a whole: those whose operations would hide what they are.

Knows layers and their parameters. Does not know operations.

Note [Gates]
PyTorch, and so our layers, order the gates of an LSTM input, forget, cell, output, and of a GRU reset, update, new;
ONNX orders them input, output, forget, cell, and update, reset, new.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

from ..layers import GRU, LSTM, RNN, BatchNorm1d, BatchNorm2d, BatchNorm3d, Embedding, LayerNorm
from ..module import Module, values
from .graph import Graph
from .program import Call, Parameter
from .writers.operands import brought

__all__ = ["LAYERS", "is_whole"]

Writer = Callable[[Graph, Call], list[str]]


def is_whole(layer: Module) -> bool:
    """Whether a layer is exported as a whole, as it stands; one that a user derived is looked into."""
    if type(layer) not in LAYERS:
        return False
    if isinstance(layer, BatchNorm1d | BatchNorm2d | BatchNorm3d):
        return layer.running_mean is not None  # else it standardizes by the batch, which is written as operations
    return not getattr(layer, "proj_size", 0)


def _state(call: Call, name: str) -> str:
    return f"{call.path}.{name}" if call.path else name


def _batch_norm(graph: Graph, call: Call) -> list[str]:
    layer: Any = call.layer
    weight, bias = (
        graph.constant(np.full(layer.num_features, usual), call.dtypes[0])
        if getattr(layer, name) is None
        else _held(graph, call, name)
        for name, usual in (("weight", 1), ("bias", 0))
    )
    moments = [_held(graph, call, name) for name in ("running_mean", "running_var")]
    x = brought(graph, call.arguments[0], call.dtypes[0])
    return [graph.add("BatchNormalization", x, weight, bias, *moments, epsilon=float(layer.eps))]


def _layer_norm(graph: Graph, call: Call) -> list[str]:
    layer: Any = call.layer
    shape = layer.normalized_shape
    axes = len(shape) if isinstance(shape, tuple | list) else 1
    scale = [_held(graph, call, name) for name in ("weight", "bias") if getattr(layer, name) is not None]
    scale = scale or [graph.constant(np.ones(shape), call.dtypes[0])]
    x = brought(graph, call.arguments[0], call.dtypes[0])
    return [graph.add("LayerNormalization", x, *scale, axis=-axes, epsilon=float(layer.eps))]


def _held(graph: Graph, call: Call, name: str) -> str:
    """A parameter or buffer of the layer, in the type that it computes in."""
    return brought(graph, Parameter(_state(call, name)), call.dtypes[0])


def _embedding(graph: Graph, call: Call) -> list[str]:
    layer: Any = call.layer
    if layer.max_norm is not None:
        raise ag.OptionError(
            f"export: {call.path or 'the model'} (Embedding) with max_norm writes into its table when it is asked, "
            "which no file can do; ask it for all rows once, and export this table in one without max_norm"
        )
    return [graph.add("Gather", graph.parameter(_state(call, "weight")), graph.name(call.arguments[0]), axis=0)]


def _recurrent(kind: str, order: tuple[int, ...]) -> Writer:
    """A stack of recurrent layers: ONNX has one node for each of them, with both directions."""

    def write(graph: Graph, call: Call) -> list[str]:
        layer: Any = call.layer
        if len(call.shapes[0]) != 3:
            raise ag.OptionError(f"export: {call.path} ({kind}) is called without an axis of samples; give it one")
        x, *states = (brought(graph, a, call.dtypes[0]) for a in call.arguments if a is not None)
        steps_first = not layer.batch_first
        x = x if steps_first else graph.add("Transpose", x, perm=[1, 0, 2])
        directions = 2 if layer.bidirectional else 1
        steps, samples = call.shapes[0][:2] if steps_first else call.shapes[0][1::-1]
        last: list[list[str]] = []
        for number in range(layer.num_layers):
            weights = _weights(graph, layer, call, number, directions, order)
            first = [_rows(graph, state, number * directions, directions) for state in states]
            attributes: dict[str, Any] = {"hidden_size": layer.hidden_size}
            if layer.bidirectional:
                attributes["direction"] = "bidirectional"
            if kind == "GRU":
                attributes["linear_before_reset"] = 1
            if kind == "RNN" and layer.nonlinearity == "relu":
                attributes["activations"] = ["Relu"] * directions
            results = graph.add(kind, x, *weights, "", *first, outputs=3 if kind == "LSTM" else 2, **attributes)
            each = graph.add("Transpose", results[0], perm=[0, 2, 1, 3])  # directions behind the samples
            x = graph.reshape(each, (steps, samples, directions * layer.hidden_size))
            last.append(results[1:])
        x = x if steps_first else graph.add("Transpose", x, perm=[1, 0, 2])
        stacked = [
            parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=0) for parts in zip(*last, strict=True)
        ]
        return [x, *stacked]

    return write


def _rows(graph: Graph, state: str, first: int, count: int) -> str:
    ends = ([first], [first + count], [0])
    return graph.add("Slice", state, *(graph.constant(end, np.int64) for end in ends))


def _weights(
    graph: Graph, layer: Any, call: Call, number: int, directions: int, order: tuple[int, ...]
) -> tuple[str, str, str]:
    """The weights of the input and of the state, and all biases, of both directions, with the gates reordered."""
    ends = [f"_l{number}{'_reverse' * d}" for d in range(directions)]

    def gates(name: str) -> Any:
        array = values(getattr(layer, name))
        parts = np.split(array, len(order))
        return np.concatenate([parts[i] for i in order])

    def joined(*names: str) -> str:
        arrays = [np.concatenate([gates(f"{name}{end}") for name in names]) for end in ends]
        return graph.constant(np.stack(arrays), call.dtypes[0])

    biases = joined("bias_ih", "bias_hh") if layer.bias else ""
    return joined("weight_ih"), joined("weight_hh"), biases


LAYERS: dict[type[Module], Writer] = {
    BatchNorm1d: _batch_norm,
    BatchNorm2d: _batch_norm,
    BatchNorm3d: _batch_norm,
    Embedding: _embedding,
    GRU: _recurrent("GRU", (1, 0, 2)),
    LSTM: _recurrent("LSTM", (0, 3, 1, 2)),
    LayerNorm: _layer_norm,
    RNN: _recurrent("RNN", (0,)),
}
"""By the class of the layer: a function that writes it and gives the names of its results."""
