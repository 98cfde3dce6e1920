"""What the experiments gave: a file for each of them in the folder `results`, with an entry for each seed.

`python -m nielsen` wrote them, in the folder `notebooks`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .experiments import EXPERIMENTS

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measured:
    """The numbers of several seeds; `seconds` of the clock and of one core's work, for one seed, as medians."""

    values: tuple[float, ...]
    seeds: tuple[int, ...]
    seconds: tuple[int, int]
    options: dict

    @property
    def median(self):
        return float(np.median(self.values))

    @property
    def low(self):
        return min(self.values)

    @property
    def high(self):
        return max(self.values)


def load(name):
    """The entries of an experiment: dicts with seed, options, seconds, cpu_seconds, curves."""
    path = _path(name)
    return json.loads(path.read_text()) if path.exists() else []


def runs(name):
    """The curves of an experiment, a dict for each seed.

    >>> curves = runs("ch1/30")
    >>> len(curves), len(curves[0]["test"])
    (3, 30)
    """
    return [entry["curves"] for entry in load(name)]


def measured(name):
    """The number of an experiment that the book prints, as it came out here.

    Errors: ValueError for an experiment that was not run.

    >>> 90 < measured("ch1/30").median < 100
    True
    """
    entries = load(name)
    if not entries:
        raise ValueError(f"{name} has no results yet; python -m nielsen {name} makes them")
    return Measured(
        values=tuple(EXPERIMENTS[name].number(entry["curves"]) for entry in entries),
        seeds=tuple(entry["seed"] for entry in entries),
        seconds=tuple(
            round(float(np.median([entry[kind] for entry in entries]))) for kind in ("seconds", "cpu_seconds")
        ),
        options=entries[0]["options"],
    )


def save(name, entry):
    """Keep an entry, in place of one of the same seed."""
    kept = [old for old in load(name) if old["seed"] != entry["seed"]]
    entries = sorted([*kept, entry], key=lambda each: each["seed"])
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text("[\n" + ",\n".join(json.dumps(each) for each in entries) + "\n]\n")
    part.replace(path)


def _path(name):
    return FOLDER / f"{name}.json"
