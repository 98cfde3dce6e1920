"""PyTorch's side: its table of samples, its numbers as arrays, its derivatives. Nothing else here imports torch."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.agreement.counterparts import Skip

LARGEST = 20_000
"""Arrays with more numbers are left out: they say nothing new and take long."""


class NotInstalledError(RuntimeError):
    """PyTorch, or what its table of samples needs, is not there."""


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise NotInstalledError(
            f"{error.name} is not installed; the comparison needs the extra `bench`: pip install -e '.[bench]'"
        ) from None
    return torch


def versions() -> dict[str, str]:
    """What was compared with what."""
    torch = _torch()
    return {"PyTorch": torch.__version__, "NumPy": np.__version__}


def table() -> dict[str, Any]:
    """PyTorch's operations by name, with the name of the variant behind a dot."""
    torch = _torch()
    try:
        from torch.testing._internal.common_methods_invocations import op_db
    except ModuleNotFoundError as error:
        raise NotInstalledError(
            f"{error.name} is not installed, which PyTorch's table of samples needs; the comparison needs the extra "
            "`bench`: pip install -e '.[bench]'"
        ) from None
    torch.set_default_dtype(torch.float64)  # NumPy's default, so that what is made from Python's numbers has one type
    return {op.name + (f".{op.variant_test_name}" if op.variant_test_name else ""): op for op in op_db}


def samples(op: Any, seed: int) -> list[Any]:
    """An entry's reference inputs, which include its samples: float64, or int64 for what takes integers alone."""
    torch = _torch()
    real = op.supports_dtype(torch.float64, "cpu")
    options = {"dtype": torch.float64 if real else torch.int64, "requires_grad": real and op.supports_autograd}
    for source in (op.reference_inputs, op.sample_inputs):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  (PyTorch's samples use the global generators)
        random.seed(seed)
        try:
            return list(source("cpu", **options))
        except ValueError as error:
            if source is op.sample_inputs or "requires_grad" not in str(error):  # some reference inputs are integers
                raise
    raise AssertionError


class Arguments:
    """The arguments of one sample for both sides, and the leaves in order.

    PyTorch gets leaves of its own, with the same memory: some samples were made where nothing is recorded. The other
    side gets arrays, NumPy's types, and whatever `make` makes of an array and of whether it is a leaf.
    """

    def __init__(self, sample: Any, make: Callable[[np.ndarray[Any, Any], bool], Any]) -> None:
        self._torch, self._make = _torch(), make
        self._known: dict[int, tuple[Any, Any, Any]] = {}
        self.leaves: list[tuple[Any, Any]] = []
        self.arrays: list[np.ndarray[Any, Any]] = []
        pairs = [self._pair(x) for x in (sample.input, *sample.args)]
        named = {key: self._pair(x) for key, x in sample.kwargs.items()}
        self.theirs = [a for a, _ in pairs], {key: a for key, (a, _) in named.items()}
        self.ours = [b for _, b in pairs], {key: b for key, (_, b) in named.items()}

    def _pair(self, x: Any) -> tuple[Any, Any]:
        """One argument for PyTorch and for the other side."""
        torch = self._torch
        if isinstance(x, torch.Tensor):
            return self._tensor(x)
        if isinstance(x, torch.dtype):
            return x, dtype_of(x)
        if isinstance(x, complex):
            raise Skip("complex numbers")
        if isinstance(x, slice):
            pairs = [self._pair(y) for y in (x.start, x.stop, x.step)]
            return slice(*(a for a, _ in pairs)), slice(*(b for _, b in pairs))
        if isinstance(x, list | tuple):
            pairs = [self._pair(y) for y in x]
            kind = list if isinstance(x, list) else tuple
            return kind(a for a, _ in pairs), kind(b for _, b in pairs)
        return x, x

    def _tensor(self, x: Any) -> tuple[Any, Any]:
        if id(x) in self._known:
            return self._known[id(x)][:2]
        if x.layout is not self._torch.strided:
            raise Skip("sparse tensors")
        dtype_of(x.dtype)
        if x.numel() > LARGEST:
            raise Skip(f"more than {LARGEST} numbers")
        array = array_of(x)
        pair = x.detach().requires_grad_(x.requires_grad), self._make(array, x.requires_grad)
        self._known[id(x)] = (*pair, x)  # x stays alive, so that its id stays its own
        self.arrays.append(array)
        if x.requires_grad:
            self.leaves.append(pair)
        return pair


def array_of(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor, as an array of its own."""
    return np.array(x.numpy(force=True))


def dtype_of(dtype: Any) -> Any:
    """NumPy's type of the same name."""
    name = str(dtype).removeprefix("torch.")
    if "complex" in name:
        raise Skip("complex numbers")
    if name == "bool":
        return np.bool_
    if not hasattr(np, name):
        raise Skip(f"the type {name}")
    return getattr(np, name)


def evaluate(op: Any, args: Sequence[Any], kwargs: dict[str, Any], prepare: Any, gauge: Any) -> list[Any]:
    """The results of an entry, in a flat list."""
    torch = _torch()
    if prepare is not None:
        args = [prepare(args[0]), *args[1:]]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = op(*args, **kwargs)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise Skip(f"PyTorch refuses it ({type(error).__name__})") from None
    if results is NotImplemented:
        raise Skip("PyTorch refuses it (NotImplemented)")
    flat = _flat(results)
    flat = [_parts(y) if isinstance(y, torch.Tensor) else torch.tensor(y) for y in flat]
    return gauge(*flat) if gauge is not None else flat


def _parts(y: Any) -> Any:
    """A complex result as real and imaginary part along a new first axis, as `ag.fft` has it."""
    return _torch().view_as_real(y.resolve_conj()).movedim(-1, 0) if y.is_complex() else y


def _flat(results: Any) -> list[Any]:
    if isinstance(results, list | tuple):
        return [y for x in results for y in _flat(x)]
    return [results]


def differentiate(
    outputs: Sequence[Any], leaves: Sequence[Any], us: Sequence[Any], vs: Sequence[Any]
) -> tuple[list[np.ndarray[Any, Any]], list[np.ndarray[Any, Any]] | None]:
    """The gradients of <u, outputs>, and those of <v, gradients> by the leaves and the us; None if PyTorch has none."""
    torch = _torch()
    recorded = [i for i, y in enumerate(outputs) if y.requires_grad]
    tangents = [torch.from_numpy(v) for v in vs]
    cotangents = [torch.from_numpy(u).requires_grad_() for u in us]
    if not recorded:
        return [np.zeros(x.shape) for x in leaves], [np.zeros(x.shape) for x in (*leaves, *cotangents)]
    try:
        first = torch.autograd.grad(
            [outputs[i] for i in recorded],
            leaves,
            [cotangents[i] for i in recorded],
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        inner = sum((g * v).sum() for g, v in zip(first, tangents, strict=True))
    except (RuntimeError, NotImplementedError) as error:
        raise Skip(f"PyTorch's derivative fails ({type(error).__name__})") from None
    grads = [array_of(g) for g in first]
    if not inner.requires_grad:
        return grads, [np.zeros(x.shape) for x in (*leaves, *cotangents)]
    try:
        second = torch.autograd.grad(inner, [*leaves, *cotangents], allow_unused=True, materialize_grads=True)
    except (RuntimeError, NotImplementedError) as error:
        if "not implemented" in str(error) or "not differentiable" in str(error):
            return grads, None
        raise
    return grads, [array_of(g) for g in second]
