"""Averages of the weights that a model goes through while it learns, which often predict better than the last ones.

Knows parameters and buffers. Does not know optimizers. Names and formulas are those of torch.optim.swa_utils.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from .module import Module
from .parameter import values

__all__ = [
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

AvgFn = Callable[[Any, Any, Any], Any]
MultiAvgFn = Callable[[Sequence[Any], Sequence[Any], Any], None]


class AveragedModel(Module):
    """A copy of a model whose parameters are the average of what those of the model were at each `update_parameters`.

    All count alike, unless a function says otherwise: `avg_fn(averaged, current, n)` returns the new average of one
    parameter after n models, `multi_avg_fn` changes a list of averages in place. `get_ema_multi_avg_fn(0.999)` makes it
    the exponential moving average. The first update copies. Buffers are copied each time, or averaged too with
    `use_buffers`. The state_dict has the copy's names after "module.", and the number of models in "n_averaged".
    Errors: OptionError for both functions, DataError for a model whose parameters are others.
    Source: Izmailov et al., Averaging weights leads to wider optima and better generalization (2018), algorithm 1;
    torch.optim.swa_utils.AveragedModel.

    >>> model = nn.Linear(1, 1, bias=False, rng=0)
    >>> average = AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     model.load_state_dict({"weight": [[weight]]})
    ...     average.update_parameters(model)
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> average(np.ones(1, np.float32)).item()
    3.0
    """

    n_averaged: ag.Tensor

    def __init__(
        self,
        model: Module,
        avg_fn: AvgFn | None = None,
        multi_avg_fn: MultiAvgFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ag.OptionError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        if not isinstance(model, Module):
            raise ag.OptionError(f"AveragedModel: expects an nn.Module, got {type(model).__name__}")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", np.zeros((), np.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @ag.performed
    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of a model into the average."""
        mine, theirs = _own(self.module, self.use_buffers), _own(model, self.use_buffers)
        if [tensor.shape for tensor in mine] != [tensor.shape for tensor in theirs]:
            raise ag.DataError("AveragedModel: update_parameters needs the model that was copied, or one like it")
        n = self.n_averaged.item()
        with ag.no_grad():
            if n == 0:
                _copy(mine, theirs)
            elif self.avg_fn is not None:
                for average, current in zip(mine, theirs, strict=True):
                    average.writable()[...] = values(self.avg_fn(average.detach(), current.detach(), n))
            else:
                several = self.multi_avg_fn or get_swa_multi_avg_fn()
                for dtype in dict.fromkeys(tensor.dtype for tensor in mine):
                    alike = [i for i, tensor in enumerate(mine) if tensor.dtype == dtype]
                    several([mine[i] for i in alike], [theirs[i] for i in alike], n)
            if not self.use_buffers:
                _copy([*self.module.buffers()], [*model.buffers()])
            self.n_averaged.add_(1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAvgFn:
    """The exponential moving average, ``average += (1 - decay) (current - average)``, for AveragedModel.

    Errors: OptionError for a decay outside [0, 1].
    """
    _check_decay(decay)

    def update(averages: Sequence[ag.Tensor], currents: Sequence[ag.Tensor], n: int) -> None:
        _towards(averages, currents, 1 - decay)

    return update


def get_swa_multi_avg_fn() -> MultiAvgFn:
    """The average of all, ``average += (current - average) / (n + 1)``, for AveragedModel."""

    def update(averages: Sequence[ag.Tensor], currents: Sequence[ag.Tensor], n: int) -> None:
        _towards(averages, currents, 1 / (n + 1))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> AvgFn:
    """The exponential moving average of one parameter, ``decay average + (1 - decay) current``, for AveragedModel.

    Errors: OptionError for a decay outside [0, 1].

    >>> get_ema_avg_fn(0.75)(4.0, 0.0, 1)
    3.0
    """
    _check_decay(decay)
    return lambda average, current, n: decay * average + (1 - decay) * current


def get_swa_avg_fn() -> AvgFn:
    """The average of all, of one parameter, ``average + (current - average) / (n + 1)``, for AveragedModel.

    >>> get_swa_avg_fn()(4.0, 1.0, 2)
    3.0
    """
    return lambda average, current, n: average + (current - average) / (n + 1)


def update_bn(loader: Iterable[Any], model: Module) -> None:
    """Set the running statistics of all normalization in a model to those of the inputs, in one pass over them.

    Averaged weights need it, since the statistics of their hidden layers are not the average of the others'. Of a batch
    that is a tuple or list, the first entry goes into the model. The model is in its former mode afterwards.
    """
    norms: list[Any] = [module for module in model.modules() if hasattr(module, "reset_running_stats")]
    if not norms:
        return
    modes = [(module, module.training) for module in model.modules()]
    momenta = [(norm, norm.momentum) for norm in norms]
    try:
        model.train()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the average of all batches
        with ag.no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, tuple | list) else batch)
    finally:
        for norm, momentum in momenta:
            norm.momentum = momentum
        for module, mode in modes:
            module.training = mode


def _own(model: Module, use_buffers: bool) -> list[ag.Tensor]:
    return [*model.parameters(), *(model.buffers() if use_buffers else ())]


def _copy(mine: Sequence[ag.Tensor], theirs: Sequence[ag.Tensor]) -> None:
    for average, current in zip(mine, theirs, strict=True):
        average.writable()[...] = values(current)


def _towards(averages: Sequence[ag.Tensor], currents: Sequence[ag.Tensor], part: float) -> None:
    """Move each average a part of the way; whole numbers are cut off, as they were before."""
    for average, current in zip(averages, currents, strict=True):
        array = average.writable()
        step = (values(current) - array) * part
        if array.dtype.kind == "f":
            array += step
        else:
            array[...] = array + step


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ag.OptionError(f"ema: decay is the part of the average that is kept, from 0 to 1; got {decay!r}")
