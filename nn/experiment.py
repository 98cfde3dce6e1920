"""One training run from its settings to its result: data, network, optimizer, training, and a look at the test set.

Knows the data sets and the recipes by name. The test images are used once, at the end.

Note [Run folder]
A run leaves in its folder: ``config.json``, its settings, and in the end the accuracy on the test set; ``log.jsonl``, a
line for each start, epoch and end; ``weights.safetensors`` and ``weights.json``, the weights and the history after the
last epoch; and ``checkpoint.safetensors``, from which it can be resumed at any point.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

import autograd_core as ag

from . import datasets, optim
from .augment import Distorted
from .averaging import AveragedModel, get_ema_multi_avg_fn
from .callbacks import EarlyStopping
from .data import DataLoader, random_split
from .datasets import ImageData
from .files import write_whole
from .models import MODELS, Recipe
from .module import Module
from .monitor import GradientNorms
from .optim import lr_scheduler
from .results import Result, examine
from .saving import load_checkpoint
from .train import fit

__all__ = ["DATA", "OPTIMIZERS", "SCHEDULES", "Settings", "run"]

DATA = ("digits", "mnist", "fashion_mnist", "cifar10")
OPTIMIZERS = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW}
SCHEDULES: dict[str, Callable[[Any, int, int], Any]] = {
    "constant": lambda optimizer, epochs, batches: None,
    "cosine": lambda optimizer, epochs, batches: lr_scheduler.CosineAnnealingLR(optimizer, epochs),
    "onecycle": lambda optimizer, epochs, batches: lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], epochs * batches, cycle_momentum=False
    ),
}
"""What learning rates do, by name: a scheduler of an optimizer, for so many epochs of so many batches."""


@dataclass(frozen=True)
class Settings:
    """What a run is determined by. None stands for what the network's recipe says, or is usual for the data.

    `validation` is the fraction of the training images that is held out to watch the progress. `augment` distorts the
    training images anew in every epoch. `patience` ends training when the loss on the images held out has not become
    better for so many epochs, and goes back to the best weights.
    """

    data: str
    model: str
    epochs: int | None = None
    seed: int = 0
    learning_rate: float | None = None
    batch_size: int | None = None
    optimizer: str | None = None
    validation: float = 0.1
    augment: bool | None = None
    data_dir: str | None = None
    schedule: str | None = None
    weight_decay: float | None = None
    patience: int | None = None

    @property
    def recipe(self) -> Recipe:
        """The network and its usual training.

        Errors: OptionError for names that there are not, and for a network that the images are too small for.
        """
        for name, value, known in (("data", self.data, DATA), ("model", self.model, MODELS)):
            if value not in known:
                raise ag.OptionError(f"{name} must be one of {', '.join(known)}; got {value!r}")
        recipe = MODELS[self.model]
        if self.data not in recipe.epochs:
            raise ag.OptionError(f"{self.model} needs larger images than those of {self.data}; choose another model")
        for name, chosen, some in (("optimizer", self.optimizer, OPTIMIZERS), ("schedule", self.schedule, SCHEDULES)):
            if chosen is not None and chosen not in some:
                raise ag.OptionError(f"{name} must be one of {', '.join(some)}; got {chosen!r}")
        if not 0 <= self.validation < 1:
            raise ag.OptionError(f"validation must be a fraction from 0 to below 1; got {self.validation!r}")
        if self.patience is not None and not self.validation:
            raise ag.OptionError("patience needs images that are held out: validation above 0")
        return recipe

    def complete(self) -> "Settings":
        """The same with everything decided."""
        recipe = self.recipe
        usual: dict[str, Any] = {
            "epochs": recipe.epochs[self.data],
            "learning_rate": recipe.learning_rate,
            "batch_size": recipe.batch_size,
            "optimizer": recipe.optimizer,
            "augment": self.data in recipe.augmented,
            "schedule": recipe.schedule,
            "weight_decay": recipe.weight_decay,
        }
        return replace(self, **{name: value for name, value in usual.items() if getattr(self, name) is None})


def load(settings: Settings) -> ImageData:
    """The data set of a run; the split of the digits is always the same."""
    return datasets.digits() if settings.data == "digits" else getattr(datasets, settings.data)(settings.data_dir)


def run(
    settings: Settings,
    folder: Path | None = None,
    *,
    title: str | None = None,
    progress: bool = True,
    resume: bool = False,
    checkpoint_every: str | None = None,
) -> Result:
    """Train and test a network as the settings say; what it leaves in `folder` is told in Note [Run folder].

    Everything random follows from the seed. For the small images of the digits the BLAS is held to one thread: their
    matrices are not worth sharing, and so the figures do not depend on the number of cores. With `resume`, the run in
    the folder goes on where it stopped. Checkpoints are written every so often, "epoch" or "500 steps" say, if asked
    for here or by `resume`.
    Errors: DataError for resuming a run with other settings.
    """
    settings = settings.complete()
    recipe, data, epochs = settings.recipe, load(settings), settings.epochs or 1
    chosen = asdict(settings)
    checkpoint = None
    if folder is not None:
        if resume or checkpoint_every:
            checkpoint = folder / "checkpoint.safetensors"
        if resume and checkpoint is not None and checkpoint.exists():
            _check_same(chosen, checkpoint)
        _write_config(folder, chosen)
    train: Any = data.train
    held_out: Any = None
    if settings.validation:
        train, held_out = random_split(data.train, [1 - settings.validation, settings.validation], rng=settings.seed)
    if settings.augment:
        train = (recipe.augment or Distorted)(train, rng=settings.seed)
    model = recipe.build(data.train.tensors[0].shape[1:], len(data.classes), rng=settings.seed)
    optimizer = OPTIMIZERS[settings.optimizer or recipe.optimizer](
        _groups(model, settings.weight_decay or 0.0), lr=settings.learning_rate
    )
    batch_size = settings.batch_size or recipe.batch_size
    loader = DataLoader(train, batch_size, shuffle=True, rng=settings.seed, prefetch=recipe.prefetch)
    scheduler = SCHEDULES[settings.schedule or recipe.schedule](optimizer, epochs, len(loader))
    average = None if recipe.ema is None else AveragedModel(model, None, get_ema_multi_avg_fn(recipe.ema), True)
    norms = GradientNorms(model)
    stopping = [] if settings.patience is None else [EarlyStopping(patience=settings.patience, restore_best=True)]
    with threadpool_limits(1 if settings.data == "digits" else None, "blas"):
        history = fit(
            model,
            loader,
            epochs=epochs,
            optimizer=optimizer,
            loss=recipe.loss,
            validation=held_out,
            scheduler=scheduler,
            ema=average,
            progress=progress,
            callbacks=[norms, *stopping],
            save_to=None if folder is None else folder / "weights.safetensors",
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every or "epoch",
            resume=resume and checkpoint is not None,
            log=False if folder is None else folder / "log.jsonl",
            config=chosen,
        )
        tested = model if average is None else average.module
        shown = {name: value for name, value in chosen.items() if value is not None}
        result = examine(title or settings.model, tested, history, data.test, data.classes, shown, norms)
    if folder is not None:
        _write_config(folder, {**chosen, "test_accuracy": result.accuracy})
    return result


def _groups(model: Module, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters of a model, with a weight decay for weights, which have several axes, and none for the others."""
    parameters = list(model.parameters())
    if not weight_decay:
        return [{"params": parameters}]
    weights, others = ([p for p in parameters if (p.ndim > 1) == many] for many in (True, False))
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _check_same(chosen: dict[str, Any], checkpoint: Path) -> None:
    """Refuse to resume a run with other settings; data may lie elsewhere, and a constant rate allows more epochs."""
    saved = load_checkpoint(checkpoint).get("config", {})
    free = ("data_dir", "epochs") if chosen["schedule"] == "constant" else ("data_dir",)
    other = [name for name in chosen if name not in free and saved.get(name) != chosen[name]]
    if other:
        what = ", ".join(f"{name}={saved.get(name)!r}, not {chosen[name]!r}" for name in other)
        raise ag.DataError(f"{checkpoint}: this run was begun with {what}; say the same, or choose another folder")


def _write_config(folder: Path, content: dict[str, Any]) -> None:
    text = json.dumps({**content, "autograd_core": ag.__version__}, indent=2)
    write_whole(folder / "config.json", (text + "\n").encode())
