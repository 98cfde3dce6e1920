"""The loop over epochs and updates, with everything in its place.

Knows the parts of a run and the moments at which they act. Does not know what the user asked for in which words.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from ..data import DataLoader
from ..history import Epoch
from ..module import Module
from ..saving import save_weights
from .batches import grouped, mode, pairs
from .checkpointing import Checkpoints
from .evaluation import Loss, tallied
from .interruption import deferred
from .progress import Progress
from .rules import Scheduling
from .run import Run
from .steps import Penalty, divergence, placed, step_of
from .tally import Tally

__all__ = ["Training"]


class Training:
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
        # what `between` returns is never read, whatever its type
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
            "options": getattr(run.optimizer, "defaults", None),
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
        isfinite, add, number, several = math.isfinite, tally.add, run.epoch, self.accumulate
        for group in self._groups():
            if begin:
                run.tell("batch_begin")
            try:
                value, seen = step(group)
            except Exception as error:
                placed(error, number, run.batch + 1, group)
                raise
            if not isfinite(value):
                at = run.batch + len(seen)
                raise divergence(value, number, at, group[len(seen) - 1][0], optimizer)
            for outputs, targets, reached in seen:
                add(reached, outputs, targets)
            run.batch += len(seen)
            if len(seen) < several:  # the loader came to its end, and would begin an epoch if it were asked again
                run.trained = True
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
            before = [(rng, rng.bit_generator.state) for _, rng in run.model.named_generators()]
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
    """The validation loader, made only where there is one; while it is read, as it was before: it begins again."""

    def __init__(self, training: Training) -> None:
        self._training = training

    def state_dict(self) -> Any:
        before = self._training._before_validation
        return self._training.validation.state_dict() if before is None else before  # type: ignore[union-attr]

    def load_state_dict(self, state: Any) -> None:
        self._training.validation.load_state_dict(state)  # type: ignore[union-attr]
