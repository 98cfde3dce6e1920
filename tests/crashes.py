"""Killing a process in the middle of saving checkpoints, again and again, to see whether one is ever lost.

    python tests/crashes.py --kills 200

A child saves checkpoint after checkpoint, each filled with its number, and tells each number when it is through. It is
killed (SIGKILL) at a random moment; then the file must load whole, and hold the last number that was told or the next.
Runs on systems with fork.
"""

import argparse
import os
import random
import select
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from nn.saving import load_checkpoint, save_checkpoint


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--megabytes", type=float, default=2.0)
    args = parser.parse_args()
    size = int(args.megabytes * 2**18)
    moments = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.safetensors"
        save_checkpoint(path, contents(0, size), keep=2)
        number, news, inside = 0, 0, 0
        for _ in range(args.kills):
            told, torn = killed(path, number, size, moments)
            number = checked(path)
            assert number in (told, told + 1), f"the checkpoint is number {number}, but {told} was whole on disk"
            news += number == told + 1
            inside += torn
        left = len(list(Path(folder).iterdir()))
    print(
        f"{args.kills} kills, {inside} of them with a half-written file beside it: every time "
        f"a checkpoint loaded whole, {news} times one that was finished but not told yet; {number + 1} were saved, "
        f"{left} files are left"
    )
    return 0


def contents(number: int, size: int) -> dict[str, object]:
    return {"step": number, "weights": {"w": np.full(size, number, np.float32), "b": np.full(3, number)}}


def killed(path: Path, number: int, size: int, moments: random.Random) -> tuple[int, bool]:
    """Start a child that saves higher numbers, kill it; the last number that it told, and whether it was writing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            while True:
                number += 1
                save_checkpoint(path, contents(number, size), keep=2)
                os.write(writing, number.to_bytes(4, "big"))
        finally:
            os._exit(1)
    os.close(writing)
    os.read(reading, 4)  # one is through, so that there is something to interrupt
    told = number + 1
    time.sleep(moments.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while select.select([reading], [], [], 0)[0] and (more := os.read(reading, 4)):
        told = int.from_bytes(more, "big")
    os.close(reading)
    parts = list(path.parent.glob(".*.part"))
    for part in parts:  # the next saves would only do so after a minute
        part.unlink()
    return told, bool(parts)


def checked(path: Path) -> int:
    """The number of a checkpoint that is whole."""
    found = load_checkpoint(path)
    number = found["step"]
    for values in found["weights"].values():
        assert (values == number).all(), "parts of different checkpoints in one file"
    return number


if __name__ == "__main__":
    raise SystemExit(main())
