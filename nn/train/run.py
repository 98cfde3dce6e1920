"""A training run as callbacks see it: where it stands, what takes part, and what is told at which moment.

Knows callbacks and figures. Does not know how an update is made, nor when something is saved.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import autograd_core as ag

from ..callbacks import Callback
from ..callbacks.base import MOMENTS
from ..history import History, for_json
from ..module import Module
from .tally import Tally

__all__ = ["Run"]

_STATE = ("first_epoch", "epoch", "batch", "step", "trained", "loss", "elapsed", "stopped")


class Run:
    """What a callback is given: the parts of a training run, and how far it has come.

    `epoch` is the one under way, from 1, `last_epoch` the last one that is wanted; `batch` is the number of batches
    seen in this epoch, `step` that of updates in all, `loss` that of the latest update. `evaluated` is what is
    validated and saved as weights: the average where there is one, else the model. `config` is what the user told of
    the run.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Any,
        *,
        loader: Any,
        history: History,
        epochs: int,
        tally: Tally,
        scheduler: Any = None,
        ema: Any = None,
        config: Mapping[str, Any] | None = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        self.model, self.optimizer, self.scheduler, self.ema = model, optimizer, scheduler, ema
        self.loader, self.history, self.config = loader, history, for_json(dict(config or {}))
        self.first_epoch = history.last.number + 1 if history.epochs else 1
        self.epochs = epochs
        self.epoch, self.batch, self.step, self.loss = self.first_epoch, 0, 0, float("nan")
        self.trained = False  # on all batches of this epoch; what is left of it is to validate
        self.elapsed = 0.0  # seconds of this epoch before an interruption
        self.resumed, self.reason = False, ""
        self.tally = tally
        self.halted = False  # looked at after each update: somebody wants to stop, for whatever reason
        self.interrupted = False
        self.stopped = ""
        self.failure: Exception | None = None
        self.callbacks = list(callbacks)
        self._plain = [one for one in callbacks if not _has_moments(one)]
        self._told: dict[str, list[Callable[[Run], Any]]] = {
            moment: [getattr(one, moment) for one in callbacks if _defines(one, moment)] for moment in MOMENTS
        }
        for one in self.callbacks:
            if isinstance(one, type) or not (callable(one) or _has_moments(one)):
                raise ag.OptionError(
                    f"fit: a callback is an nn.callbacks.Callback or a function of the history, got {one!r}"
                )

    @property
    def last_epoch(self) -> int:
        """The number of the last epoch that is wanted."""
        return self.first_epoch + self.epochs - 1

    @property
    def evaluated(self) -> Any:
        """The model whose weights count: the average where there is one."""
        return self.model if self.ema is None else self.ema.module

    def stop(self, why: str) -> None:
        """End training after the update or the epoch that is under way."""
        self.stopped = self.stopped or str(why)
        self.halted = True

    # --- what the loop does -------------------------------------------------------------------------------------------

    def wants(self, moment: str) -> bool:
        """Whether anybody is to be told of a moment."""
        return bool(self._told[moment])

    def tell(self, moment: str) -> None:
        """Tell all callbacks; one that fails does not keep the others from it, and ends training after the update."""
        for function in self._told[moment]:
            self._guarded(function, self)
        if moment == "epoch_end":
            for function in self._plain:
                self._guarded(function, self.history)

    def _guarded(self, function: Callable[[Any], Any], argument: Any) -> None:
        try:
            function(argument)
        except KeyboardInterrupt:
            self.interrupted = self.halted = True
        except Exception as error:
            name = getattr(function, "__qualname__", type(function).__qualname__)
            error.add_note(f"It was raised by the callback {name} in epoch {self.epoch}, batch {self.batch}.")
            self.failure, self.halted = self.failure or error, True

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """How far it has come, in plain values."""
        remembering = [one for one in self.callbacks if _defines(one, "state_dict")]
        return {
            **{name: getattr(self, name) for name in _STATE},
            "tally": self.tally.state_dict(),
            "callbacks": [[type(one).__name__, one.state_dict()] for one in remembering],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave.

        Errors: DataError for other callbacks that remember something, and for other metrics.
        """
        remembering = [one for one in self.callbacks if _defines(one, "state_dict")]
        names, saved = [type(one).__name__ for one in remembering], [name for name, _ in state["callbacks"]]
        if names != saved:
            raise ag.DataError(
                f"the callbacks that remember something are {', '.join(names) or 'none'}, but the run was saved with "
                f"{', '.join(saved) or 'none'}"
            )
        self.tally.load_state_dict(state["tally"])
        for one, (_, own) in zip(remembering, state["callbacks"], strict=True):
            one.load_state_dict(own)
        for name in _STATE:
            setattr(self, name, state[name])
        self.halted = bool(self.stopped)


def _has_moments(one: Any) -> bool:
    return isinstance(one, Callback) or any(callable(getattr(one, moment, None)) for moment in MOMENTS)


def _defines(one: Any, moment: str) -> bool:
    """Whether a callback has a method of this name; the empty ones of Callback do not count."""
    function = getattr(one, moment, None)
    return callable(function) and getattr(function, "__func__", None) is not getattr(Callback, moment)
