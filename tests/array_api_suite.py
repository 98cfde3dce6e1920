"""Run the official test suite of the array API standard over `ag.array_api`, and print the exact numbers.

    python -m tests.array_api_suite PATH_TO_A_CLONE [--write] [-- arguments for pytest]

PATH_TO_A_CLONE holds https://github.com/data-apis/array-api-tests with its submodule `array-api`. What is expected to
fail is listed with its reason in tests/core/array_api_xfails.txt; `--write` writes that list and the numbers to
docs/array-api.md. Needs pytest-json-report and ndindex. No part of `make test`: it takes many minutes.

Note [A suite without complex numbers]
The suite knows libraries without complex numbers (ARRAY_API_TESTS_SKIP_DTYPES), but at the commit that we ran it still
looks for the widest complex type when it is imported. So it runs in a copy, in which that one line has a default.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXPECTED = ROOT / "tests" / "core" / "array_api_xfails.txt"
PAGE = ROOT / "docs" / "array-api.md"

EXAMPLES = 100  # that Hypothesis draws for each test, as the suite does if left to itself

WIDEST_COMPLEX = "    [(dt, dtype_nbits[dt]) for dt in complex_dtypes], key=lambda x: x[1]\n)[0]"
WITH_DEFAULT = WIDEST_COMPLEX.replace("x[1]\n", "x[1], default=[None]\n")

OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "skipped (by the suite itself)",
    "xfailed": "failed as expected",
    "xpassed": "passed, though expected to fail",
}
PREAMBLE = """\
# The array API standard

`ag.array_api` is the [Python array API standard](https://data-apis.org/array-api/2024.12/), version 2024.12, over
Tensors: every function with the signature of the standard. Code that was written for the standard differentiates:

```python
import array_api_compat
import autograd_core as ag


def loss(x):
    xp = array_api_compat.array_namespace(x)  # ag.array_api for a Tensor, numpy for an ndarray
    return xp.sum(xp.log1p(xp.square(x - xp.mean(x))))


ag.grad(loss)(ag.Tensor([1.0, 2.0, 4.0]))
```

Floating-point arrays stay in the graph. Integers and booleans are constants. There are no complex numbers, and one
device, "cpu".

DLPack exchanges memory: `np.from_dlpack(t)` and `torch.from_dlpack(t)` look into the memory of a Tensor that requires
no gradient, and are refused for one that does; `ag.from_dlpack(a)` is a Tensor in the memory of an ndarray or a tensor
of another library.

## The official test suite

[array-api-tests](https://github.com/data-apis/array-api-tests), commit {commit}, {examples} examples for each test, \
{seconds:.0f} seconds:

| tests | |
|---|---:|
{rows}

To run it again (`--write` writes this page):

    pip install pytest-json-report ndindex
    git clone --recurse-submodules https://github.com/data-apis/array-api-tests
    python -m tests.array_api_suite array-api-tests --write

The suite does not import without complex types at that commit, so it runs in a copy in which one line is mended; see
the note in `tests/array_api_suite.py`.

## What is expected to fail, and why

{listed}"""


def expected() -> dict[str, dict[str, str]]:
    """The tests that are expected to fail: for each heading of the list, their ids and reasons."""
    groups: dict[str, dict[str, str]] = {}
    for line in EXPECTED.read_text().splitlines():
        if line.startswith("## "):
            group = groups.setdefault(line.removeprefix("## "), {})
        elif line and not line.startswith("#"):
            test, _, reason = line.partition("  # ")
            group[test] = reason
    return groups


def copy_of(suite: Path, into: Path) -> Path:
    """The suite in another place, where it can be imported; see Note [A suite without complex numbers]."""
    copy = into / "suite"
    shutil.copytree(suite, copy, ignore=shutil.ignore_patterns(".git", ".hypothesis", "__pycache__"))
    helpers = copy / "array_api_tests" / "dtype_helpers.py"
    source = helpers.read_text()
    if source.count(WIDEST_COMPLEX) == 1:
        helpers.write_text(source.replace(WIDEST_COMPLEX, WITH_DEFAULT))
    return copy


def run(suite: Path, arguments: list[str]) -> Counter[str]:
    """How many tests passed, failed, were skipped, failed as expected, or passed though expected to fail."""
    with tempfile.TemporaryDirectory() as scratch:
        copy, report = copy_of(suite, Path(scratch)), Path(scratch) / "report.json"
        xfails = Path(scratch) / "xfails.txt"
        xfails.write_text("".join(f"{test}\n" for group in expected().values() for test in group))
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", "--json-report", f"--json-report-file={report}"]
        options += [
            "--json-report-omit=log,streams,collectors,warnings",
            "--disable-deadline",
            f"--max-examples={EXAMPLES}",
        ]
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--xfails-file={xfails}", *(arguments or ["array_api_tests"])],
            cwd=copy,
            env=os.environ
            | {
                "ARRAY_API_TESTS_MODULE": "autograd_core.array_api",
                "ARRAY_API_TESTS_VERSION": "2024.12",
                "ARRAY_API_TESTS_SKIP_DTYPES": "complex64,complex128",
                "PYTHONPATH": str(ROOT),
            },
        )
        return Counter(test["outcome"] for test in json.loads(report.read_text())["tests"])


def listed() -> str:
    """What is expected to fail, for the page: each reason once, with its tests."""
    parts = []
    for heading, group in expected().items():
        parts.append(f"### {heading} ({len(group)})")
        for reason in dict.fromkeys(group.values()):
            tests = "\n".join(f"- `{test}`" for test, why in group.items() if why == reason)
            parts.append(f"<details><summary>{reason[0].upper()}{reason[1:]}.</summary>\n\n{tests}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def written(counted: Counter[str], suite: Path, seconds: float) -> str:
    """The page."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=suite, capture_output=True, text=True).stdout.strip()
    rows = [(said, counted[outcome]) for outcome, said in OUTCOMES.items() if counted[outcome]]
    rows.append(("all", sum(counted.values())))
    return PREAMBLE.format(
        commit=commit[:12],
        examples=EXAMPLES,
        seconds=seconds,
        rows="\n".join(f"| {said} | {number:,} |" for said, number in rows),
        listed=listed(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, help="a clone of data-apis/array-api-tests, with its submodule")
    parser.add_argument("--write", action="store_true", help="write the numbers and the list to docs/array-api.md")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    given = parser.parse_args()
    start = time.monotonic()
    counted = run(given.suite, given.pytest)
    print(f"{sum(counted.values())} tests: {dict(sorted(counted.items()))}")
    if given.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(written(counted, given.suite, time.monotonic() - start))
    sys.exit(bool(counted["failed"] or counted["error"]))


if __name__ == "__main__":
    main()
