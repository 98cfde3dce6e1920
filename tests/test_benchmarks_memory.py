"""Counting bytes: the counter sees what is held, whoever allocates it, and a step holds at its peak what it must."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.libraries import CannotRunError
from benchmarks.memory import counter, measuring
from benchmarks.memory.rows import ROWS, state_bytes

ROOT = Path(__file__).resolve().parent.parent
MEBI = 2**20

try:
    ENVIRONMENT = counter.environment()
except CannotRunError as error:
    pytest.skip(f"bytes cannot be counted here: {error}", allow_module_level=True)


def counted(code):
    """What a process prints that is counted; numbers of bytes, one a line."""
    head = "import gc, numpy as np\nfrom benchmarks.memory.counter import Counter\ncounter = Counter()\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code],
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [int(line) for line in done.stdout.split()]


NOISE = 1 << 14  # bytes: what printing and calling allocate of Python's objects, and headers of blocks


def test_an_array_counts_with_its_bytes_while_it_is_held():
    held, freed = counted(
        "before = counter.live()\n"
        "a = np.ones(1 << 20)\n"
        "held = counter.live() - before\n"
        "del a\n"
        "print(held, counter.live() - before)"
    )
    assert 8 * MEBI <= held <= 8 * MEBI + NOISE
    assert freed <= NOISE


def test_the_peak_is_the_most_that_was_held_at_any_time():
    (peak,) = counted(
        "before = counter.live()\n"
        "counter.begin()\n"
        "a = np.ones(1 << 17)\n"
        "b = a * 2\n"
        "del b\n"
        "c = a + 1\n"
        "print(counter.peak() - before)"
    )
    assert 2 * MEBI <= peak <= 2 * MEBI + NOISE


def test_memory_of_other_threads_reallocations_and_mappings_counts():
    thread, grown, mapped, gone = counted(
        "import ctypes, mmap, threading\n"
        "before = counter.live()\n"
        "kept = []\n"
        "thread = threading.Thread(target=lambda: kept.append(np.ones(1 << 17)))\n"
        "thread.start(); thread.join()\n"
        "print(counter.live() - before)\n"
        "kept.clear()\n"
        "data = bytearray(1 << 20)\n"
        "before = counter.live()\n"
        "data.extend(bytes(1 << 20))\n"
        "print(counter.live() - before)\n"
        "before = counter.live()\n"
        "m = mmap.mmap(-1, 1 << 20)\n"
        "print(counter.live() - before)\n"
        "m.close()\n"
        "print(counter.live() - before)"
    )
    assert MEBI <= thread <= MEBI + NOISE
    assert MEBI <= grown <= 1.5 * MEBI  # a bytearray takes an eighth more than it needs
    assert MEBI <= mapped <= MEBI + NOISE
    assert gone <= NOISE


def test_what_is_held_at_the_peak_is_told_by_label():
    first, second, during = counted(
        "counter.begin(labelled=True)\n"
        "counter.label(1)\n"
        "a = np.ones(1 << 17)\n"
        "counter.label(2)\n"
        "b = np.ones(1 << 18)\n"
        "counter.label(3)\n"
        "del a\n"
        "c = np.ones(10)\n"
        "at = counter.at_peak(['rest', 'one', 'two', 'three'])\n"
        "print(at['one'], at['two'], counter.label_at_peak())"
    )
    assert MEBI <= first <= MEBI + NOISE
    assert 2 * MEBI <= second <= 2 * MEBI + NOISE
    assert during == 2


def test_a_process_without_the_counter_is_told():
    with pytest.raises(CannotRunError, match="not started with the counter"):
        counter.Counter()


def test_a_step_holds_at_least_its_gradients_and_much_less_than_its_activations_twice():
    answer = measuring.asked("ours", "mlp_deep")
    # float32: 24 layers of 256 x 256 and 256; 24 activations of 512 x 256, of which the last gives way to its cotangent
    gradients, activations = 24 * 4 * (256 * 256 + 256), 24 * 4 * 512 * 256
    assert answer["state"] == gradients + 4 * 512 * 256 + 8 * 512
    assert gradients < answer["peak"] < gradients + 1.1 * activations


def test_checkpoints_hold_less():
    whole, parts = (measuring.asked("ours", row)["peak"] for row in ("mlp_deep", "mlp_deep, checkpoints"))
    assert parts < 0.9 * whole  # 24 activations, against 4 and 6; the gradients are the same


def test_what_dominates_is_named():
    said = measuring.dominating("gelu")
    assert said.startswith("gelu: at its peak, during `")
    assert "MiB" not in said.partition("holds")[0]
    assert "multiply, back" in said


def test_the_state_of_a_row_is_its_parameters_optimizer_and_data():
    assert state_bytes("gelu") == 4_000_000
    assert state_bytes("mlp_nielsen") == 4 * (784 * 30 + 30 + 30 * 10 + 10) + 4 * 10 * (784 + 10)
    parameters = 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10
    assert state_bytes("mlp_small") == 3 * 4 * parameters + 64 * (4 * 784 + 8)  # Adam keeps two more
    assert all(state_bytes(row) > 0 for row in ROWS)


def test_the_table_compares_with_pytorch_and_names_a_missed_goal():
    entries = [
        {"row": "a", "library": "ours", "peak": MEBI, "state": MEBI},
        {"row": "a", "library": "captured", "peak": MEBI, "state": MEBI},
        {"row": "a", "library": "torch", "peak": MEBI, "state": MEBI},
        {"row": "b", "library": "ours", "missing": "no"},
    ]
    lines = measuring.table(entries).splitlines()
    assert lines[2] == "| a | 1.00 (1.00) | 1.00 (1.00, goal missed) | 1.00 | 1.00 |"
    assert lines[3] == "| b | - | - | - |  |"
