"""One training run from its settings to its result: data, network, optimizer, training, and a look at the test set.

Knows the data sets and the recipes by name. The test images are used once, at the end.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

import autograd_core as ag

from . import datasets, optim
from .augment import Distorted
from .data import random_split
from .datasets import ImageData
from .files import write_whole
from .models import MODELS, Recipe
from .monitor import GradientNorms
from .results import Result, examine
from .schedules import CosineDecay
from .train import fit

__all__ = ["DATA", "OPTIMIZERS", "Settings", "run"]

DATA = ("digits", "mnist")
OPTIMIZERS = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW}


@dataclass(frozen=True)
class Settings:
    """What a run is determined by. None stands for what the network's recipe says, or is usual for the data.

    `validation` is the fraction of the training images that is held out to watch the progress. `augment` distorts the
    training images anew in every epoch.
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
        if self.optimizer is not None and self.optimizer not in OPTIMIZERS:
            raise ag.OptionError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {self.optimizer!r}")
        if not 0 <= self.validation < 1:
            raise ag.OptionError(f"validation must be a fraction from 0 to below 1; got {self.validation!r}")
        return recipe

    def complete(self) -> "Settings":
        """The same with everything decided."""
        recipe = self.recipe
        return Settings(
            self.data,
            self.model,
            recipe.epochs[self.data] if self.epochs is None else self.epochs,
            self.seed,
            recipe.learning_rate if self.learning_rate is None else self.learning_rate,
            recipe.batch_size if self.batch_size is None else self.batch_size,
            recipe.optimizer if self.optimizer is None else self.optimizer,
            self.validation,
            self.data == "digits" and self.model != "nielsen" if self.augment is None else self.augment,
            self.data_dir,
        )


def load(settings: Settings) -> ImageData:
    """The data set of a run; the split of the digits is always the same."""
    return datasets.digits() if settings.data == "digits" else datasets.mnist(settings.data_dir)


def run(settings: Settings, folder: Path | None = None, *, title: str | None = None, progress: bool = True) -> Result:
    """Train and test a network as the settings say; weights, history and settings go to `folder`.

    Everything random follows from the seed. For the small images of the digits the BLAS is held to one thread: their
    matrices are not worth sharing, and so the figures do not depend on the number of cores.
    """
    settings = settings.complete()
    recipe, data, epochs = settings.recipe, load(settings), settings.epochs or 1
    train: Any = data.train
    held_out: Any = None
    if settings.validation:
        train, held_out = random_split(data.train, [1 - settings.validation, settings.validation], rng=settings.seed)
    if settings.augment:
        train = Distorted(train, rng=settings.seed)
    model = recipe.build(data.train.tensors[0].shape[1:], len(data.classes), rng=settings.seed)
    optimizer = OPTIMIZERS[settings.optimizer or recipe.optimizer](model.parameters(), lr=settings.learning_rate)
    norms = GradientNorms(model)
    with threadpool_limits(1 if settings.data == "digits" else None, "blas"):
        history = fit(
            model,
            train,
            epochs=epochs,
            optimizer=optimizer,
            loss=recipe.loss,
            validation=held_out,
            rng=settings.seed,
            batch_size=settings.batch_size or recipe.batch_size,
            progress=progress,
            callbacks=[norms, *([CosineDecay(optimizer, epochs)] if recipe.decay else [])],
            save_to=None if folder is None else folder / "weights.safetensors",
        )
        shown = {name: value for name, value in asdict(settings).items() if value is not None}
        result = examine(title or settings.model, model, history, data.test, data.classes, shown, norms)
    if folder is not None:
        content = {**asdict(settings), "autograd_core": ag.__version__, "test_accuracy": result.accuracy}
        write_whole(folder / "config.json", (json.dumps(content, indent=2) + "\n").encode())
    return result
