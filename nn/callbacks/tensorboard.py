"""Curves for TensorBoard, written by tensorboardX where it is installed.

Knows the figures of a run. This is the one door to tensorboardX.
"""

import os
from pathlib import Path
from typing import Any

from .base import Callback

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write the figures of each epoch, and the loss of every so many updates, as event files into a folder.

    ``tensorboard --logdir FOLDER`` shows them. `every` is the number of updates between losses, 0 for none.
    Errors: ImportError without tensorboardX, which the extra `tensorboard` brings.

    >>> TensorBoard("runs/board", every=100)  # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike[str], *, every: int = 0) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise ImportError(
                "TensorBoard: this needs tensorboardX; python -m pip install 'autograd-core[tensorboard]'"
            ) from None
        self.folder, self.every = Path(folder), every
        self._make = SummaryWriter
        self._writer: Any = None
        if every:
            self.batch_end = self._loss  # type: ignore[method-assign]  # told of batches only if asked

    def train_begin(self, run: Any) -> None:
        # what was written after the checkpoint that is gone on from is to be hidden
        self._writer = self._make(str(self.folder), purge_step=run.step if run.resumed else None)

    def _loss(self, run: Any) -> None:
        if run.step % self.every == 0:
            self._writer.add_scalar("loss", run.loss, run.step)

    def epoch_end(self, run: Any) -> None:
        epoch = run.history.last
        for name in run.history.names:
            figure = epoch[name]
            if name != "number" and isinstance(figure, int | float):
                for part in ("train", "validation"):
                    if name.startswith(f"{part}_"):
                        name = f"{name.removeprefix(f'{part}_')}/{part}"
                self._writer.add_scalar(name, figure, run.step)
        self._writer.flush()

    def train_end(self, run: Any) -> None:
        self._writer.close()
