"""The rows: which problems, with which libraries, and how many bytes of them are there whatever is done.

The table's networks and two expressions; and a deep network with and without checkpoints, which keep only the inputs
of each part and compute the rest again in the sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import chain

from benchmarks import problems
from benchmarks.libraries import LIBRARIES
from benchmarks.problems import NETWORKS, Network
from benchmarks.sequences import SEQUENCES
from benchmarks.step import Step

DEEP = Network(image=(256,), sizes=(256,) * 25, batch=512, learning_rate=0.01, gain=6**0.5)
PART = 6  # layers between two checkpoints

ROWS = [*NETWORKS, *SEQUENCES, "chain300", "gelu", "mlp_deep", "mlp_deep, checkpoints"]


def step(library: str, row: str) -> Step:
    """One library's step of a row.

    Errors: KeyError where the library has no such row.
    """
    name = LIBRARIES[library].module
    module = import_module(f"benchmarks.libraries.{name}")
    if row == "mlp_deep":
        return module.train(DEEP)
    if row == "mlp_deep, checkpoints":
        return _CHECKPOINTED[name]()
    return module.STEPS[row]()


def state_bytes(row: str) -> int:
    """Bytes of parameters, of what the optimizer keeps, and of data."""
    expressions = {"chain300": problems.chain_data, "gelu": lambda: (problems.gelu_data(),)}
    if row in expressions:
        return sum(array.nbytes for array in expressions[row]())
    problem = (NETWORKS | SEQUENCES).get(row, DEEP)
    copies = 3 if problem.optimizer == "adam" else 1
    return copies * sum(p.nbytes for p in problem.parameters()) + sum(array.nbytes for array in problem.data())


def _parts(linear: Callable[[int, int], object], relu: Callable[[], object]) -> list[list[object]]:
    """The layers of the deep network, in parts."""
    pairs = list(zip(DEEP.sizes, DEEP.sizes[1:], strict=False))
    layers = [[linear(*sizes), relu()] for sizes in pairs]
    layers[-1].pop()
    return [list(chain(*layers[i : i + PART])) for i in range(0, len(layers), PART)]


def _ours(compiled: bool = False) -> Step:
    import autograd_core as ag
    import nn

    parts = [nn.Sequential(*layers) for layers in _parts(nn.Linear, nn.ReLU)]
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = nn.optim.SGD(parameters, lr=DEEP.learning_rate)
    checkpointed = [ag.checkpoint(part) for part in parts]

    def step(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        for part in checkpointed:
            x = part(x)
        loss = nn.functional.cross_entropy(x, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    prepared = ag.compile(step) if compiled else step
    inputs, classes = (ag.tensor(array) for array in DEEP.data())

    def run() -> None:
        prepared(inputs, classes)

    return Step(run, lambda: [p.data for p in parameters])


def _pytorch() -> Step:
    import torch
    from torch import nn
    from torch.utils.checkpoint import checkpoint

    parts = [nn.Sequential(*layers) for layers in _parts(nn.Linear, nn.ReLU)]
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=DEEP.learning_rate)
    inputs, y = (torch.from_numpy(array) for array in DEEP.data())

    def run() -> None:
        x = inputs
        for part in parts:
            x = checkpoint(part, x, use_reentrant=False)
        loss = nn.functional.cross_entropy(x, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return Step(run, lambda: [p.detach() for p in parameters])


_CHECKPOINTED: dict[str, Callable[[], Step]] = {
    "ours": _ours,
    "captured": partial(_ours, compiled=True),
    "pytorch": _pytorch,
}
