"""Training a network, and seeing how good it is.

Knows modules, losses and optimizers by what is called of them, and data as batches of inputs and targets. Does not know
which network it is, nor what the targets mean, except that whole numbers are classes and have an accuracy.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import autograd_core as ag

from . import functional
from .arguments import check_positive
from .data import DataLoader, Samples
from .history import Epoch, History
from .metrics import accuracy
from .module import Module
from .randomness import RandomSource
from .saving import save_weights

__all__ = ["DivergenceError", "Evaluation", "evaluate", "fit", "predict"]

Loss = Callable[[Any, Any], Any]
Callback = Callable[[History], Any]


class DivergenceError(ag.AutogradError, ArithmeticError):
    """Training whose loss is no number any more."""


class Evaluation(NamedTuple):
    """Mean loss over samples, and the fraction classified rightly (None where the targets are not classes)."""

    loss: float
    accuracy: float | None


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
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    history: History | None = None,
    save_to: str | os.PathLike[str] | None = None,
) -> History:
    """Train a model for some epochs: forward, `loss(outputs, targets)`, backward, `optimizer.step()`, batch by batch.

    `train` is a data set of (input, target), shuffled anew for each epoch by `rng`, or a DataLoader. After each epoch
    the model is evaluated on `validation`, every one of `callbacks` is called with the history, and the weights go to
    `save_to` (a name ending in .safetensors), the history to the same name with .json. A `history` is continued.
    Progress is a bar on a terminal, and one line for each epoch elsewhere; `progress=False` is silent.
    Ctrl-C ends training: what was reached is saved and returned, with `interrupted` set.
    Errors: DivergenceError where the loss becomes NaN or infinite, with the epoch, the batch and what helps.
    """
    epochs = check_positive(epochs, "fit: epochs")
    loader = _loader(train, batch_size, "fit", shuffle=True, rng=rng)
    if len(loader) == 0:
        raise ag.OptionError("fit: there is no batch to train on; is the data set empty, or smaller than the batches?")
    target = None if save_to is None else _weights_path(save_to)
    history = History() if history is None else history
    history.interrupted = False
    first = history.last.number + 1 if history.epochs else 1
    show = _Progress(progress, first + epochs - 1, epochs * len(loader))
    try:
        with _mode(model, training=True):
            for number in range(first, first + epochs):
                start = time.perf_counter()
                reached = _epoch(model, loader, optimizer, loss, number, show)
                checked = None if validation is None else evaluate(model, validation, loss=loss)
                seconds = time.perf_counter() - start
                history.epochs.append(
                    Epoch(
                        number,
                        reached.loss,
                        reached.accuracy,
                        None if checked is None else checked.loss,
                        None if checked is None else checked.accuracy,
                        seconds,
                    )
                )
                show.epoch(history.last)
                if target is not None:
                    _save(model, history, target)
                for callback in callbacks:
                    callback(history)
    except KeyboardInterrupt:
        history.interrupted = True
        show.note(f"interrupted after {len(history)} epochs")
        if target is not None:
            _save(model, history, target)
            show.note(f"what was reached is in {target}")
    finally:
        show.close()
    return history


def evaluate(
    model: Module, data: Samples | DataLoader, *, loss: Loss = functional.cross_entropy, batch_size: int = 256
) -> Evaluation:
    """The mean loss and the accuracy of a model, which is in evaluation mode meanwhile; nothing is recorded.

    Errors: ShapeError for no samples.
    """
    total, correct, count = 0.0, 0.0, 0
    for outputs, targets in _outputs(model, _loader(data, batch_size, "evaluate")):
        n = len(targets)
        total += n * loss(outputs, targets).item()
        correct += n * _accuracy(outputs, targets)
        count += n
    if count == 0:
        raise ag.ShapeError("evaluate: there are no samples, so there is no mean over them")
    return Evaluation(total / count, None if math.isnan(correct) else correct / count)


def predict(model: Module, data: Samples | DataLoader, *, batch_size: int = 256) -> NDArray[Any]:
    """The outputs of a model in evaluation mode for all samples, in the order of the data set.

    Shapes: outputs (N, ...).
    """
    batches = [outputs.detach().numpy() for outputs, _ in _outputs(model, _loader(data, batch_size, "predict"))]
    if not batches:
        raise ag.ShapeError("predict: there are no samples")
    return np.concatenate(batches)


def _epoch(
    model: Module, batches: DataLoader, optimizer: Any, loss: Loss, number: int, show: "_Progress"
) -> Evaluation:
    """Train on every batch once: the mean loss and the accuracy, as they were before each step."""
    total, correct, count = 0.0, 0.0, 0
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows shows in the loss, which is checked
        for i, (inputs, targets) in enumerate(_pairs(batches, "fit"), start=1):
            optimizer.zero_grad()
            outputs = model(inputs)
            value = loss(outputs, targets)
            reached = value.item()
            if not math.isfinite(reached):
                raise _divergence(reached, number, i, inputs, optimizer)
            value.backward()
            optimizer.step()
            n = len(targets)
            total += n * reached
            correct += n * _accuracy(outputs, targets)
            count += n
            show.batch(number, reached)
    return Evaluation(total / count, None if math.isnan(correct) else correct / count)


@ag.no_grad()
def _outputs(model: Module, batches: DataLoader) -> Iterator[tuple[Any, Any]]:
    """Outputs and targets, batch by batch."""
    with _mode(model, training=False):
        for inputs, targets in _pairs(batches, "evaluate"):
            yield model(inputs), targets


@contextmanager
def _mode(model: Module, training: bool) -> Iterator[None]:
    """Switch a model to training or evaluation, and each of its modules back to what it was."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _loader(data: Any, batch_size: int, who: str, *, shuffle: bool = False, rng: RandomSource = None) -> DataLoader:
    if isinstance(data, DataLoader):
        return data
    check_positive(batch_size, f"{who}: batch_size")
    return DataLoader(data, batch_size, shuffle=shuffle and len(data) > 0, rng=rng)


def _pairs(batches: Iterable[Any], who: str) -> Iterator[tuple[Any, Any]]:
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            what = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
            raise ag.DataError(f"{who}: a sample must be a pair of an input and a target, got {what}")
        yield batch[0], batch[1]


def _accuracy(outputs: Any, targets: Any) -> float:
    """The fraction of samples classified rightly; NaN where the targets are not classes."""
    if outputs.ndim != 2 or targets.dtype.kind not in "iu" or targets.ndim not in (1, 2):
        return math.nan
    return accuracy(outputs.detach(), targets)


def _divergence(value: float, epoch: int, batch: int, inputs: Any, optimizer: Any) -> DivergenceError:
    rates = [group["lr"] for group in getattr(optimizer, "param_groups", ()) if "lr" in group]
    cause = "try a smaller learning rate" + (f" than {max(rates):g}" if rates else "")
    if isinstance(inputs, ag.Tensor) and not np.isfinite(inputs.detach().numpy()).all():
        cause = "the inputs of this batch hold NaN or infinite numbers: clean the data"
    return DivergenceError(f"fit: the loss is {value} in epoch {epoch}, batch {batch}; {cause}")


def _weights_path(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ag.OptionError(f"fit: save_to must be the name of a .safetensors file, got {str(path)!r}")
    return path


def _save(model: Module, history: History, path: Path) -> None:
    save_weights(model, path)
    history.save(path.with_suffix(".json"))


class _Progress:
    """A bar for the whole run on a terminal, else a line for each epoch, or nothing."""

    def __init__(self, on: bool, last: int, steps: int) -> None:
        self.on, self.last, self.latest = on, last, ""
        self.bar = tqdm(total=steps, unit="batch", leave=False) if on and sys.stderr.isatty() else None

    def batch(self, number: int, loss: float) -> None:
        """A step was taken."""
        if self.bar is not None:
            if self.bar.n % 16 == 0:  # writing it costs more than a small batch
                self.bar.set_description(f"epoch {number}/{self.last}  loss {loss:.4f}{self.latest}", refresh=False)
            self.bar.update()

    def epoch(self, epoch: Epoch) -> None:
        """An epoch has ended."""
        line = str(epoch).replace(f"{epoch.number:>3}", f"{epoch.number:>3}/{self.last}", 1)
        if self.bar is None or epoch.number == self.last:
            self.note(line)
        reached = epoch.validation_accuracy
        self.latest = "" if reached is None else f"  validation {100 * reached:.1f} %"

    def note(self, line: str) -> None:
        """Say something beside the bar."""
        if self.on:
            tqdm.write(line) if self.bar is not None else print(line, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
