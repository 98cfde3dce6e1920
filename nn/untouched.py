"""Running a model and leaving it as it was: its switches, attributes, buffers and random numbers.

Knows what modules hold. Does not know why the model is run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import autograd_core as ag

from .module import Module
from .parameter import Parameter, UninitializedParameter, values

__all__ = ["left_as_it_was"]


@contextmanager
def left_as_it_was(model: Module, training: bool) -> Iterator[None]:
    """Switch a model to training or evaluation, and afterwards put back whatever the block changed in it.

    That is attributes of modules, lists and dicts and arrays among them or in those, generators of random numbers,
    NumPy's and Python's own, and gradients of parameters. Values of parameters are not looked after: where recording is
    on, they are refused to be written into.
    Errors: OptionError for a lazy layer that was not called yet: its first call changes it for good.
    """
    import random  # when it is needed: it brings hashing along

    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise ag.OptionError(
                f"{name} of {type(model).__name__} has no shape before the first call of its layer, which changes the "
                "layer for good; call the model once on a batch first"
            )
    restore: list[Callable[[], None]] = []
    for module in list(model.modules()):
        _remember(vars(module), restore)
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 (users' own)
    try:
        model.train(training)
        yield
    finally:
        for put_back in reversed(restore):  # what a container held goes back after the container's own members
            put_back()
        for parameter, gradient in gradients:
            parameter.grad = gradient
        for parameter in frozen:
            parameter.requires_grad_(False)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def _remember(attributes: dict[str, Any], restore: list[Callable[[], None]]) -> None:
    """Add what will put these values, and those in containers among them, back as they are now."""
    waiting: list[Any] = [attributes]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, Module | Parameter):
            continue
        seen.add(id(value))
        put_back = _restorer(value)
        if put_back is not None:
            restore.append(put_back)
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value


def _restorer(value: Any) -> Callable[[], None] | None:
    if isinstance(value, dict):
        held = dict(value)
        return lambda: _refill(value, held)
    if isinstance(value, list):
        members = list(value)
        return lambda: value.__setitem__(slice(None), members)
    if isinstance(value, set):
        elements = set(value)
        return lambda: (value.clear(), value.update(elements))[0]  # type: ignore[func-returns-value]  # Nones
    if isinstance(value, np.random.Generator):
        state = value.bit_generator.state
        return lambda: setattr(value.bit_generator, "state", state)
    if isinstance(value, np.random.RandomState):
        legacy = value.get_state()
        return lambda: value.set_state(legacy)
    if isinstance(value, np.ndarray):
        numbers = value.copy()
        return lambda: None if _same(value, numbers) else np.copyto(value, numbers)
    if isinstance(value, ag.Tensor):
        node, numbers = value.node, values(value)
        return lambda: _reset(value, node, numbers)
    return None


def _refill(value: dict[Any, Any], held: dict[Any, Any]) -> None:
    if list(value) != list(held) or any(value[key] is not held[key] for key in held):
        value.clear()
        value.update(held)


def _reset(tensor: ag.Tensor, node: Any, numbers: Any) -> None:
    if not _same(values(tensor), numbers):
        tensor.data = numbers
    if tensor.node is not node:
        tensor.node = node


def _same(a: Any, b: Any) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
