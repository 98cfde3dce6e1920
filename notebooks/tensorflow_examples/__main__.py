"""Run the scripts on MNIST and write down what they reach: results.json, beside this file.

    python -m tensorflow_examples                                   all of them, with seeds 0, 1, 2
    python -m tensorflow_examples --only regression --seeds 0       those whose name has that word

from the folder `notebooks`; a row that was run is replaced, and the others are kept. The first script, which scatters
most and takes two seconds, has 20 seeds. MNIST is looked for, and downloaded, by `nn.datasets.mnist`.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import nn

from .scripts import SCRIPTS, predictions, train

RESULTS = Path(__file__).parent / "results.json"


def run(script, seed, data):
    """One run of one script: its accuracy on the test images, and what else it is good to know."""
    (images, labels), (test_images, test_labels) = data
    start = time.perf_counter()
    network, last = train(script, images, labels, seed)
    seconds = time.perf_counter() - start
    found = predictions(network, test_images)
    right = found == test_labels
    row = {
        "seed": seed,
        "accuracy": float(np.mean(right[: script.tested])),
        "all_test_images": float(np.mean(right)),
        "rarest_answer": int(np.bincount(found, minlength=10).min()),  # how often: about 1,000 of 10,000 are each digit
        "last_loss": last,
        "seconds": round(seconds, 1),
    }
    if dead := [(units.count, units.dead.size) for units in nn.monitor.dead_units(network, test_images[:1000])]:
        row["stuck_units"] = dead  # of each activation: how many, of how many, for the first 1,000 test images
    if all(isinstance(layer, nn.Linear) for layer in network):
        one = nn.collapse(network.double())  # float64, so that no tie is broken otherwise
        row["collapsed_agrees_on"] = int(np.sum(predictions(one, test_images.astype(np.float64)) == found))
    return row


def main():
    parser = argparse.ArgumentParser(prog="python -m tensorflow_examples", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="run the scripts whose name has this word")
    parser.add_argument("--seeds", type=int, nargs="+", help="default: 0, 1, 2, or as the script says")
    options = parser.parse_args()
    data = nn.datasets.mnist(flatten=True)
    parts = [tuple(np.asarray(part) for part in half[:]) for half in (data.train, data.test)]
    rows = json.loads(RESULTS.read_text())["scripts"] if RESULTS.exists() else {}
    for name, script in SCRIPTS.items():
        if options.only not in name:
            continue
        runs = []
        for seed in options.seeds or range(script.seeds):
            runs.append(run(script, seed, parts))
            print(f"{name}, seed {seed}: {runs[-1]['accuracy']:.4f} in {runs[-1]['seconds']} s", flush=True)
        about = {key: getattr(script, key) for key in ("about", "source", "published", "tested", "steps", "batch")}
        rows[name] = {**about, "runs": runs}
        ordered = {name: rows[name] for name in SCRIPTS if name in rows}
        RESULTS.write_text(
            json.dumps({"command": "python -m tensorflow_examples", "scripts": ordered}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
