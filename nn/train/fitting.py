"""The training loop.

Knows modules, losses and optimizers by what is called of them, and data as batches of inputs and targets. Does not know
which network it is, nor what the targets mean, except that whole numbers are classes and have an accuracy.
"""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from .. import functional
from ..arguments import check_flag, check_positive
from ..callbacks import Callback, JSONLog
from ..data import DataLoader, Samples
from ..history import Epoch, History
from ..metrics import metrics_of
from ..module import Module
from ..randomness import RandomSource
from ..saving import save_weights
from .batches import count_of, grouped, loader_of, mode, pairs
from .checkpointing import Checkpoints
from .evaluation import Loss, tallied
from .interruption import deferred
from .progress import Progress
from .rules import Scheduling, averaged, clipping, option
from .run import Run
from .steps import Penalty, divergence, step_of
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
    OptionError for options without meaning; DataError for a checkpoint that is damaged or of another run.
    """
    epochs = check_positive(epochs, "fit: epochs")
    loader = loader_of(train, batch_size, "fit", shuffle=True, rng=rng)
    batches = count_of(loader)
    if batches == 0:
        raise ag.OptionError("fit: there is no batch to train on; is the data set empty, or smaller than the batches?")
    weights = _weights_path(save_to)
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
    checked = None if validation is None else loader_of(validation, 256, "fit: validation")
    training = _Training(
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
        settings = {"accumulate": accumulate, "clip_norm": clip_norm, "clip_value": clip_value, "l1": l1, "l2": l2}
        checkpoints.begin(run, training.parts(settings))
    show: list[str] = []
    if checkpoints is not None and resume:
        named = None if resume is True else Path(resume)
        if named is not None or checkpoints.path.exists():
            show = checkpoints.resume(run, named)
    elif checkpoints is not None and checkpoints.path.exists():
        show = [f"{checkpoints.path} is of an earlier run and will be replaced; resume=True goes on from it"]
    done = (run.epoch - 1) * (batches or 0) + run.batch
    training.show = Progress(progress, run.last_epoch, batches, done)
    for line in show:
        training.show.note(line)
    training()
    return history


class _Training:
    """The loop, with everything in its place."""

    def __init__(
        self,
        *,
        run: Run,
        loss: Loss,
        validation: DataLoader | None,
        figures: Tally | None,
        scheduling: Scheduling,
        accumulate: int,
        penalty: Penalty | None,
        clip: Callable[[], Any] | None,
        weights: Path | None,
        checkpoints: Checkpoints | None,
    ) -> None:
        self.run, self.loss, self.validation, self.figures = run, loss, validation, figures
        self.scheduling, self.accumulate, self.weights, self.checkpoints = scheduling, accumulate, weights, checkpoints
        self.show: Progress
        self._before_validation: Any = None
        between = [clip] if clip else []
        if run.wants("backward_end"):
            between = [lambda: run.tell("backward_end"), *between]
        self.step = step_of(
            *(run.model, run.optimizer, loss),
            several=accumulate > 1,
            penalty=penalty,
            between=(lambda: [function() for function in between]) if between else None,  # type: ignore[arg-type]
        )

    def parts(self, settings: dict[str, Any]) -> dict[str, Any]:
        """What a checkpoint holds. The model comes last: its generators may be those of the loader too."""
        run = self.run
        return {
            "settings": settings,
            "config": run.config,
            "loader": run.loader,
            "validation": None if self.validation is None else _AsBefore(self),
            "loss": self.loss if isinstance(self.loss, Module) else None,
            "ema": run.ema,
            "optimizer": run.optimizer,
            "scheduler": run.scheduler if hasattr(run.scheduler, "state_dict") else None,
            "history": run.history,
            "run": run,
            "model": run.model,
        }

    def __call__(self) -> None:
        """Train to the end, whichever it is."""
        run = self.run
        try:
            with mode(run.model, training=True), deferred(self._ask):
                run.tell("train_begin")
                self._look()
                while run.epoch <= run.last_epoch and not run.stopped:
                    self._epoch()
                run.reason = f"stopped: {run.stopped}" if run.stopped else "finished"
            if run.stopped:
                self.show.note(f"stopped after {len(run.history)} epochs: {run.stopped}")
            self._end()
        except KeyboardInterrupt:
            run.reason, run.history.interrupted = "interrupted", True
            self.show.note(f"interrupted after {len(run.history)} epochs")
            self._end()
            kept = [self.weights, None if self.checkpoints is None else self.checkpoints.path]
            if any(kept):
                self.show.note(f"what was reached is in {' and '.join(str(path) for path in kept if path)}")
        except BaseException as error:
            run.reason = f"failed: {type(error).__name__}: {error}"
            if error is run.failure:
                self._save()
            run.tell("train_end")
            if self.checkpoints is not None and self.checkpoints.saved_at is not None:
                epoch, batch = self.checkpoints.saved_at
                where = f"The run up to epoch {epoch}, batch {batch} is in {self.checkpoints.path}"
                error.add_note(f"{where}; resume=True goes on from it.")
            raise
        finally:
            self.show.close()

    def _end(self) -> None:
        """Save what was reached, after the callbacks have had their last word."""
        run = self.run
        if self.checkpoints is not None and run.reason != "interrupted":
            self.checkpoints.save(run)
        run.failure = None
        run.tell("train_end")
        self._save()
        if run.failure is not None:
            raise run.failure

    def _save(self) -> None:
        """Write the weights and the history."""
        if self.weights is not None:
            save_weights(self.run.evaluated, self.weights)
            self.run.history.save(self.weights.with_suffix(".json"))

    def _epoch(self) -> None:
        """Train on every batch that is left of the epoch, validate, and write down the figures."""
        run = self.run
        start = time.perf_counter() - run.elapsed
        if run.batch == 0:
            run.tally.reset()
            run.tell("epoch_begin")
            self._look()
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows shows in the loss, which is checked
            if not run.trained:
                self._batches(start)
                run.trained = True
        if run.tally.count == 0:
            raise ag.OptionError("fit: there was no batch to train on")
        rates = [group["lr"] for group in getattr(run.optimizer, "param_groups", ()) if "lr" in group]
        accuracy, figures = run.tally.figures()
        figures = {f"train_{name}": value for name, value in figures.items()}
        reached: tuple[Any, Any] = (None, None)
        if self.figures is not None:
            checked, others = self._validate(start)
            reached = (self.figures.loss, checked)
            figures.update({f"validation_{name}": value for name, value in others.items()})
        if rates:
            figures["lr"] = float(rates[0])
        seconds = time.perf_counter() - start
        run.history.epochs.append(Epoch(run.epoch, run.tally.loss, accuracy, *reached, seconds, figures))
        self.scheduling.after_epoch(run.history.last)
        self.show.epoch(run.history.last)
        self._save()
        run.tell("epoch_end")
        run.epoch, run.batch, run.trained, run.elapsed = run.epoch + 1, 0, False, 0.0
        run.tally.reset()
        if self.checkpoints is not None:
            self.checkpoints.after_epoch(run)
        self._look()

    def _batches(self, start: float) -> None:
        """The updates of an epoch. What is not wanted is not asked for: a small network's update takes 0.1 ms."""
        run, step, tally, optimizer = self.run, self.step, self.run.tally, self.run.optimizer
        begin, end = run.wants("batch_begin"), run.wants("batch_end")
        show = self.show.batch if self.show.on else None
        schedule = self.scheduling.after_step
        follow = None if run.ema is None else run.ema.update_parameters
        checkpoints = self.checkpoints if self.checkpoints is not None and self.checkpoints.within_epochs else None
        isfinite, add, number = math.isfinite, tally.add, run.epoch
        for group in self._groups():
            if begin:
                run.tell("batch_begin")
            value, seen = step(group)
            if not isfinite(value):
                at = run.batch + len(seen)
                raise divergence(value, number, at, group[len(seen) - 1][0], optimizer)
            for outputs, targets, reached in seen:
                add(reached, outputs, targets)
            run.batch += len(seen)
            run.step += 1
            run.loss = value
            if follow is not None:
                follow(run.model)
            if schedule is not None:
                schedule()
            if show is not None:
                show(number, run.batch, value, len(seen))
            if end:
                run.tell("batch_end")
            if checkpoints is not None and checkpoints.due(run):
                run.elapsed = time.perf_counter() - start
                checkpoints.save(run)
            if run.halted:
                run.elapsed = time.perf_counter() - start
                self._look()
                if run.stopped:
                    return  # the epoch ends here

    def _groups(self) -> Iterator[Any]:
        """The batches of an update each, from where the epoch stands."""
        run = self.run
        if run.batch:  # the order of the epoch is drawn again, and the model must not notice
            before = [(held.rng, held.rng.bit_generator.state) for held in _drawing(run.model)]
            found = iter(run.loader)
            for rng, state in before:
                rng.bit_generator.state = state
        else:
            found = iter(run.loader)
        batches = pairs(found, "fit")
        return ((pair,) for pair in batches) if self.accumulate == 1 else grouped(batches, self.accumulate)

    def _validate(self, start: float) -> tuple[Any, Any]:
        run, figures = self.run, self.figures
        assert figures is not None
        assert self.validation is not None
        self._before_validation = self.validation.state_dict()
        for _ in tallied(run.evaluated, self.validation, self.loss, figures):
            if run.halted:
                run.elapsed = time.perf_counter() - start
                self._look()
        self._before_validation = None
        return figures.figures()

    def _ask(self) -> None:
        """Ctrl-C was pressed."""
        self.run.interrupted = self.run.halted = True

    def _look(self) -> None:
        """Between two updates: end here if somebody has asked for it, with everything saved."""
        run = self.run
        if run.interrupted or run.failure is not None:
            if self.checkpoints is not None and run.step:
                self.checkpoints.save(run)
            raise KeyboardInterrupt if run.failure is None else run.failure


class _AsBefore:
    """The validation loader; while it is being read, as it was before, because validating begins again."""

    def __init__(self, training: _Training) -> None:
        self._training = training

    def state_dict(self) -> Any:
        before = self._training._before_validation
        return self._training.validation.state_dict() if before is None else before  # type: ignore[union-attr]

    def load_state_dict(self, state: Any) -> None:
        self._training.validation.load_state_dict(state)  # type: ignore[union-attr]


def _drawing(model: Module) -> Iterator[Any]:
    return (held for held in model.modules() if isinstance(getattr(held, "rng", None), np.random.Generator))


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
