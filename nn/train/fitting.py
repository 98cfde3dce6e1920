"""Training a model: what can be asked for, checked, and put together for the loop.

Knows modules, losses and optimizers by what is called of them, and data as batches of inputs and targets. Does not know
which network it is, nor what the targets mean, except that whole numbers are classes and have an accuracy.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import autograd_core as ag

from .. import functional
from ..arguments import brief, check_flag, check_positive
from ..callbacks import Callback, JSONLog
from ..data import DataLoader, Samples
from ..files import check_writable
from ..history import History
from ..metrics import metrics_of
from ..module import Module
from ..randomness import RandomSource
from .batches import count_of, loader_of
from .checkpointing import Checkpoints, described
from .evaluation import Loss
from .loop import Training
from .progress import Progress
from .rules import Scheduling, averaged, check_optimizer, clipping, option
from .run import Run
from .steps import Penalty
from .tally import Tally

__all__ = ["fit"]


def fit(
    model: Module,
    train: Samples | DataLoader,
    *,
    epochs: int,
    optimizer: Any,
    loss: Loss = functional.cross_entropy,
    validation: Samples | DataLoader | None = None,
    rng: RandomSource = None,
    batch_size: int = 64,
    metrics: Any = None,
    scheduler: Any = None,
    scheduler_every: str | None = None,
    watch: str | None = None,
    accumulate: int = 1,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    ema: Any = None,
    progress: bool = True,
    callbacks: Sequence[Callback | Callable[[History], Any]] = (),
    history: History | None = None,
    save_to: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: str = "epoch",
    keep: int = 1,
    keep_best: bool = False,
    resume: bool | str | os.PathLike[str] = False,
    log: str | os.PathLike[str] | bool = True,
    config: Mapping[str, Any] | None = None,
) -> History:
    """Train a model for some epochs: forward, `loss(outputs, targets)`, backward, `optimizer.step()`, batch by batch.

    `train` is a data set of (input, target), shuffled anew for each epoch by `rng`, or a DataLoader. After each epoch
    the model is evaluated on `validation`. What is computed besides the loss are `metrics`: names, functions of
    (outputs, targets), or a dict of them (`nn.metrics.metrics_of`); the accuracy is there by itself for classes.
    Several inputs, outputs or targets stand in a tuple or dict, which the model and the loss are given as they are.

    An update. `scheduler` makes a step every "epoch" or every "step" (`scheduler_every`; by itself, every step for
    OneCycleLR and CyclicLR); one that looks at a figure is given `watch`, by default "validation_loss", or "train_loss"
    without validation. `accumulate` batches make one update, the same as one large batch would. Gradients longer than
    `clip_norm` are shortened, entries beyond `clip_value` are cut. ``l1 * sum |w| + l2 / 2 * sum w²`` over the weights,
    not the biases, is descended along with the loss, but not shown in it. `ema` is an average of the weights that
    follows every update (an `nn.averaging.AveragedModel`, or a decay such as 0.999): it is validated and saved instead.

    What is left behind. Weights go to `save_to` (a name ending in .safetensors) after each epoch, the history to the
    same name with .json. The whole run goes to `checkpoint`, every "epoch" or "500 steps" or "10 minutes"
    (`checkpoint_every`); `keep` so many, and with `keep_best` the one with the best `watch`, beside it
    (``name.1.safetensors``, ``name.best.safetensors``). With `resume`, the run goes on from there if there is one, or
    from the file that is named: the same bits follow as if it had not stopped, and `epochs` is still the number of
    them in all. `log` is a file of JSON lines, by default beside `save_to` or `checkpoint`; False for none. `config`
    is kept in both.

    `callbacks` are told of moments (`nn.callbacks.Callback`), or are functions that are called with the history after
    each epoch. A `history` is continued. Progress is a bar on a terminal, and lines elsewhere; `progress=False` is
    silent. Ctrl-C ends training after the update that is under way, and a second one at once: what was reached is saved
    and returned, with `interrupted` set.
    Errors: DivergenceError where the loss becomes NaN or infinite, with the epoch, the batch and what helps;
    OptionError for options without meaning; OSError where a file that was asked for cannot be written, told before
    training; DataError for a checkpoint that is damaged or of another run.
    """
    epochs = check_positive(epochs, "fit: epochs")
    check_optimizer(optimizer, model, loss, "fit")
    if not isinstance(callbacks, Sequence):
        raise ag.OptionError(f"fit: callbacks is a list of them, got {brief(callbacks)}")
    loader = loader_of(train, batch_size, "fit", shuffle=True, rng=rng)
    batches = count_of(loader)
    if batches == 0:
        raise ag.OptionError("fit: there is no batch to train on; is the data set empty, or smaller than the batches?")
    checked = None if validation is None else loader_of(validation, 256, "fit: validation")
    if checked is not None and count_of(checked) == 0:
        raise ag.OptionError("fit: validation has no samples; leave it out, or hold out a larger part")
    weights = _weights_path(save_to)
    decay = ema if isinstance(ema, Real) else None
    ema = averaged(ema, model)
    watch = watch or ("train_loss" if validation is None else "validation_loss")
    check_flag(keep_best, "fit: keep_best")
    checkpoints = None
    if checkpoint is not None:
        checkpoints = Checkpoints(checkpoint, checkpoint_every, keep, watch if keep_best else None)
    elif resume:
        raise ag.OptionError(
            "fit: resume=True needs the name of the checkpoint, checkpoint='run/checkpoint.safetensors'"
        )
    history = History() if history is None else history
    history.interrupted = False
    logs = _log(log, weights, checkpoints)
    written = {"save_to": weights, "checkpoint": checkpoints and checkpoints.path, "log": logs and logs[0].path}
    for name, path in written.items():
        if path:
            check_writable(path, f"fit: {name}")
    run = Run(
        *(model, optimizer),
        loader=loader,
        history=history,
        epochs=epochs,
        tally=Tally(metrics_of(metrics)),
        scheduler=scheduler,
        ema=ema,
        config=config,
        callbacks=[*callbacks, *logs],
    )
    training = Training(
        run=run,
        loss=loss,
        validation=checked,
        figures=Tally(metrics_of(metrics)) if checked is not None else None,
        scheduling=Scheduling(scheduler, scheduler_every, watch),
        accumulate=check_positive(accumulate, "fit: accumulate"),
        penalty=Penalty(option("l1", l1), option("l2", l2)) if l1 or l2 else None,
        clip=clipping(model, clip_norm, clip_value),
        weights=weights,
        checkpoints=checkpoints,
    )
    if checkpoints is not None:
        settings = {
            **{"accumulate": accumulate, "clip_norm": clip_norm, "clip_value": clip_value, "l1": l1, "l2": l2},
            **{"scheduler_every": scheduler_every, "watch": watch, "ema": decay},
            **{"loss": described(loss), "train": described(loader)},
        }
        checkpoints.begin(run, training.parts(settings))
    show: list[str] = []
    if checkpoints is not None and resume:
        named = None if resume is True else Path(resume)
        if named is not None or checkpoints.path.exists():
            show = checkpoints.resume(run, named)
    elif checkpoints is not None and checkpoints.path.exists():
        show = [f"{checkpoints.path} is of an earlier run and will be replaced; resuming goes on from it"]
    done = (run.epoch - 1) * (batches or 0) + run.batch
    training.show = Progress(progress, run.last_epoch, batches, done)
    for line in show:
        training.show.note(line)
    training()
    return history


def _weights_path(path: str | os.PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ag.OptionError(f"fit: save_to must be the name of a .safetensors file, got {str(path)!r}")
    return path


def _log(log: Any, weights: Path | None, checkpoints: Checkpoints | None) -> list[JSONLog]:
    if isinstance(log, bool):
        beside = weights or (None if checkpoints is None else checkpoints.path)
        return [JSONLog(beside.with_suffix(".jsonl"))] if log and beside is not None else []
    return [JSONLog(log)]
