"""The moments of training at which something can be done, and the names they have.

Knows names. Does not know the training loop, which gives each moment the run.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["Callback"]

MOMENTS = ("train_begin", "epoch_begin", "batch_begin", "backward_end", "batch_end", "epoch_end", "train_end")


class Callback:
    """Something to do at moments of training: derive from it and define the moments that are wanted.

    Each gets the run (`nn.train.Run`): `run.model`, `run.optimizer`, `run.scheduler`, `run.history`; `run.epoch`, from
    1; `run.batch`, the number of batches seen in this epoch; `run.step`, the number of updates in all; `run.loss`, of
    the latest update; and `run.stop("why")`, which ends training after the epoch or update that is under way.

    - `train_begin(run)`: once, before anything is computed, also when a run is resumed;
    - `epoch_begin(run)`: before the first batch of an epoch, not when one is resumed in its middle;
    - `batch_begin(run)`: before each update;
    - `backward_end(run)`: the gradients are there, before they are clipped and used;
    - `batch_end(run)`: after each update;
    - `epoch_end(run)`: `run.history.last` has the figures of the epoch, validation included;
    - `train_end(run)`: once, whatever the end was: `run.reason` is "finished", "stopped: ...", "interrupted" or
      "failed: ...".

    A moment that is not defined costs nothing. If one raises, the other callbacks still have theirs, what was reached
    is saved, and then the error comes out of `fit`. State that must survive an interruption is given by `state_dict`
    and taken by `load_state_dict`; it goes into checkpoints.

    >>> class Loss(Callback):
    ...     def epoch_end(self, run):
    ...         print(f"after epoch {run.epoch}: {run.history.last.train_loss:.1f}")
    >>> model, points = nn.Linear(1, 1, rng=0), np.ones((4, 1), np.float32)
    >>> settings = {"epochs": 1, "loss": nn.functional.mse_loss, "callbacks": [Loss()], "progress": False}
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> history = nn.train.fit(model, nn.data.TensorDataset(points, points), optimizer=optimizer, **settings)
    after epoch 1: 1.4
    """

    def train_begin(self, run: Any) -> None:
        """Training starts, or goes on."""

    def epoch_begin(self, run: Any) -> None:
        """An epoch starts."""

    def batch_begin(self, run: Any) -> None:
        """An update starts."""

    def backward_end(self, run: Any) -> None:
        """The gradients are there."""

    def batch_end(self, run: Any) -> None:
        """An update was made."""

    def epoch_end(self, run: Any) -> None:
        """An epoch is over, and was validated."""

    def train_end(self, run: Any) -> None:
        """Training is over."""

    def state_dict(self) -> dict[str, Any]:
        """What has to be remembered."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave."""
