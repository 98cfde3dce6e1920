"""Run experiments of the book on the full MNIST and keep what they give in the folder results.

python -m nielsen --list                          what there is, and what the book says
python -m nielsen ch1/30 depth/2                  these, with the seeds they are listed with
python -m nielsen ch6/dropout --full --seeds 0    as long as in the book, where results has a shorter run
python -m nielsen                                 all of them
"""

import argparse
import fnmatch
import time

import autograd_core as ag

from . import results
from .experiments import EXPERIMENTS


def main():
    parser = argparse.ArgumentParser(prog="python -m nielsen", description=__doc__.partition("\n")[0])
    parser.add_argument("experiments", nargs="*", default=["*"], help="names, or patterns such as 'depth/*'")
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--full", action="store_true", help="as long as in the book")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    options = parser.parse_args()
    chosen = [name for pattern in options.experiments for name in fnmatch.filter(EXPERIMENTS, pattern)]
    if not chosen:
        parser.error(f"no experiment is called {' or '.join(options.experiments)}; --list says what there is")
    for name in chosen:
        experiment = EXPERIMENTS[name]
        print(f"{name:30} {experiment.published:7.3f}  {experiment.of:32} {experiment.command}", flush=True)
        for seed in [] if options.list else options.seeds or experiment.seeds:
            entry = run(name, seed, {} if options.full else experiment.reduced)
            results.save(name, entry)
            found = experiment.number(entry["curves"])
            print(f"{'':23} seed {seed} {found:7.3f}  {entry['seconds']:.0f} s", flush=True)


def run(name, seed, options):
    """An entry for `results`; on one core, as the experiments are independent of each other."""
    ag.set_num_threads(1)
    wall, cpu = time.perf_counter(), time.process_time()
    curves = EXPERIMENTS[name].run(seed, **options)
    return {
        "seed": seed,
        "options": options,
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "curves": {
            key: [round(value, 5) for value in curve] if isinstance(curve, list) else curve
            for key, curve in curves.items()
        },
    }


if __name__ == "__main__":
    main()
