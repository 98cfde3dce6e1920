"""The architectures of the tests, beside the same in PyTorch: weights and whole models go from one to the other.

``python -m benchmarks.exchange``: safetensors files written here and read by PyTorch, and the other way round; ONNX
files written here and run by onnxruntime. Reported is the largest difference of the outputs, in float32.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
import nn
from nn.saving import load_weights, save_weights
from tests.nn.architectures import build

TOLERATED = 1e-6  # of the largest output, or of 1


@dataclass(frozen=True)
class Row:
    """One architecture: its size, and the largest difference after each way of exchange, relative to the outputs."""

    name: str
    parameters: int
    to_pytorch: float
    from_pytorch: float
    onnx: float
    read_back: float

    def __str__(self) -> str:
        gaps = (self.to_pytorch, self.from_pytorch, self.onnx, self.read_back)
        return f"{self.name:14s} {self.parameters:8,d}  " + "  ".join(f"{gap:.1e}" for gap in gaps)

    @property
    def ok(self) -> bool:
        """Whether all of them are as small as they should be."""
        return max(self.to_pytorch, self.from_pytorch, self.onnx, self.read_back) <= TOLERATED


def rows() -> Iterator[Row]:
    """One row for each architecture."""
    import onnxruntime
    import torch
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    ours = build(nn, lambda parts, dim: ag.concatenate(parts, axis=dim))
    theirs = build(torch.nn, torch.cat)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, (model, inputs) in ours.items():
            other = theirs[name][0]
            tensors = [torch.from_numpy(x) for x in inputs]
            for _ in range(2):  # so that batch norms have seen something
                model.train()(*inputs)
                other.train()(*tensors)
            model.eval(), other.eval()
            save_weights(model, folder / "ours.safetensors")
            twin = build(torch.nn, torch.cat)[name][0].eval()
            twin.load_state_dict(load_file(folder / "ours.safetensors"), strict=True)
            to_pytorch = _gap(model(*inputs), twin(*tensors))
            # tied parameters share memory, which save_file refuses
            save_file({k: v.clone().contiguous() for k, v in other.state_dict().items()}, folder / "theirs.safetensors")
            mine = build(nn, lambda parts, dim: ag.concatenate(parts, axis=dim))[name][0].eval()
            load_weights(mine, folder / "theirs.safetensors")
            from_pytorch = _gap(mine(*inputs), other(*tensors))
            path = nn.onnx.export(model, inputs, folder / "model.onnx")
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            more = [np.concatenate([x, x[:1]]) for x in inputs]
            found = session.run(None, {value.name: x for value, x in zip(session.get_inputs(), more, strict=True)})
            onnx = _gap(model(*more), tuple(found))
            read_back = _gap(model(*more), nn.onnx.load(path)(*more))
            size = sum(p.size for p in model.parameters())
            yield Row(name, size, to_pytorch, from_pytorch, onnx, read_back)


def _gap(a: Any, b: Any) -> float:
    a, b = (tuple(_array(part) for part in (x if isinstance(x, tuple) else (x,))) for x in (a, b))
    return max(float(np.abs(x - y).max() / max(1.0, np.abs(y).max())) for x, y in zip(a, b, strict=True))


def _array(x: Any) -> Any:
    return x.detach().numpy() if hasattr(x, "detach") else np.asarray(x)


def main() -> int:
    """Print a line for each architecture; 1 if one differs by more than is tolerated."""
    print(f"{'':14s} {'numbers':>8s}  to torch  from torch  onnxruntime  read back")
    wrong = 0
    for row in rows():
        print(row)
        wrong += not row.ok
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
