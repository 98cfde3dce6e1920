"""PyTorch's own samples of its modules, `module_db`, for those that have a namesake here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd_core as ag
import nn
from benchmarks.layers.comparison import DifferenceError, Fixed, compare
from benchmarks.layers.tally import Row

__all__ = ["compare_samples", "without_counterpart"]


def compare_samples(only: set[str]) -> Iterator[Row]:
    """A row for each class of PyTorch's that there is here, in training and in evaluation mode."""
    for info in _infos():
        name = info.module_cls.__name__
        if not hasattr(nn, name) or (only and name not in only) or name.startswith("Lazy"):
            continue
        row = Row(name)
        for training in (True, False):
            for given in _inputs(info, training):
                _compare(row, info.module_cls, given, training)
        yield row


def without_counterpart() -> list[str]:
    """The classes of PyTorch's samples that there are not here."""
    return sorted({i.module_cls.__name__ for i in _infos() if not hasattr(nn, i.module_cls.__name__)})


def _infos() -> list[Any]:
    from torch.testing._internal.common_modules import module_db

    return list(module_db)


def _inputs(info: Any, training: bool) -> list[Any]:
    import torch

    options = {"device": "cpu", "dtype": torch.float64, "requires_grad": True, "training": training}
    return list(info.module_inputs_func(info, **options))


def _compare(row: Row, kind: Any, given: Any, training: bool) -> None:
    import torch

    made, called = given.constructor_input, given.forward_input
    if called is None:
        row.skip("has no input")
        return
    if any(isinstance(value, torch.nn.Module) for value in made.args):
        row.skip("is made of layers, which are compared themselves")
        return
    theirs = kind(*made.args, **made.kwargs).double().train(training)
    options = {name: value for name, value in _plain(made.kwargs).items() if name not in ("device", "dtype")}
    ours_kind = getattr(nn, row.name)
    extra = {"dtype": np.float64} if "dtype" in inspect.signature(ours_kind).parameters else {}
    what = f"{row.name}({', '.join(map(repr, made.args))}{', ' * bool(options)}{options or ''}) {given.desc}"
    if any(_draws(value) for value in vars(theirs).values()) or (training and getattr(theirs, "dropout", 0)):
        row.skip("draws at random")
        return
    try:
        ours = ours_kind(*_plain(made.args), **options, **extra).train(training)
    except ag.OptionError as error:
        row.skip(f"refused in words: {str(error).partition(':')[2].strip()[:60]}")
        return
    args, named = _plain(called.args, called=True), _plain(called.kwargs, called=True)
    if any(isinstance(value, torch.Tensor) and value.is_complex() for value in called.args):
        row.skip("complex numbers")
        return
    try:
        row.note(compare(ours, theirs, args, named), what)
    except DifferenceError as difference:
        row.fail(f"{what}: {difference}")
    except (ag.AutogradError, TypeError, RuntimeError) as error:
        row.fail(f"{what}: {type(error).__name__}: {error}")


def _draws(value: Any) -> bool:
    return getattr(value, "training", False) and type(value).__name__.startswith("Dropout") and value.p > 0


def _plain(value: Any, called: bool = False) -> Any:
    """Tensors as arrays, in whatever they are nested; those that want no gradient as Fixed in a call."""
    import torch

    if isinstance(value, torch.Tensor):
        array = value.detach().numpy().copy()
        return Fixed(array) if called and not value.requires_grad and array.dtype.kind == "f" else array
    if isinstance(value, dict):
        return {name: _plain(part, called) for name, part in value.items()}
    if isinstance(value, torch.Size):
        return tuple(value)
    if callable(value) and hasattr(nn.functional, getattr(value, "__name__", "")):
        return getattr(nn.functional, value.__name__)
    return type(value)(_plain(part, called) for part in value) if isinstance(value, tuple | list) else value
