"""A log of runs as JSON lines: one object for each start, epoch and end, which a crash leaves whole.

Knows figures. Does not know who reads them; `History.load` does.
"""

import json
import os
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..files import append_line
from ..history import Epoch, for_json
from ..saving.checkpoints import versions
from .base import Callback

__all__ = ["JSONLog"]


class JSONLog(Callback):
    """Append lines to a file: {"event": "start", ...}, {"event": "epoch", ...} with its figures, {"event": "end", ...}.

    Each line is written at once, and half a line that a crash left is cut off before the next. What is no number in
    JSON is a word: "NaN", "Infinity". A run that is resumed, or another one, goes on in the same file; "epoch" of a
    start is the first that follows, and replaces what stood for it and later ones before.

    >>> import tempfile
    >>> from nn.history import History
    >>> model, points = nn.Linear(1, 1, rng=0), np.ones((4, 1), np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = JSONLog(f"{folder}/log.jsonl")
    ...     settings = {"epochs": 2, "loss": nn.functional.mse_loss, "callbacks": [log], "progress": False}
    ...     optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    ...     history = nn.train.fit(model, nn.data.TensorDataset(points, points), optimizer=optimizer, **settings)
    ...     History.load(log.path) == history
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def train_begin(self, run: Any) -> None:
        known = {
            "model": type(run.model).__name__,
            "parameters": sum(parameter.size for parameter in run.model.parameters()),
            "optimizer": repr(run.optimizer),
            "epochs": run.last_epoch,
            "resumed": run.resumed,
            "config": run.config,
            "versions": versions(),
        }
        self._write("start", {"epoch": run.epoch, "step": run.step, **known})

    def epoch_end(self, run: Any) -> None:
        epoch = run.history.last
        self._write("epoch", {field.name: getattr(epoch, field.name) for field in fields(Epoch)})

    def train_end(self, run: Any) -> None:
        self._write("end", {"reason": run.reason, "epoch": run.epoch, "step": run.step})

    def _write(self, event: str, content: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = {"event": event, "time": now, **for_json(content)}
        append_line(self.path, json.dumps(line, allow_nan=False))
