"""What the documentation shows runs: the examples in docstrings, and the code in the README and on pages of docs/."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.kernels.llvm import available
from autograd_core.op import REGISTRY

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    name
    for package in (ag, nn)
    for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not name.endswith("__main__")
)


def _failures(runner, tests):
    for test in tests:
        runner.run(test)
    return runner.failures


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    if name == "autograd_core.kernels.gemm" and not available():
        pytest.skip("machine code needs llvmlite (extra: fast)")
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        if "pip install 'autograd-core[" not in str(error):
            raise
        pytest.skip(str(error))  # it says which package is missing, and which extra brings it
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = finder.find(module, extraglobs={"ag": ag, "np": np, "nn": nn})
    assert _failures(doctest.DocTestRunner(), tests) == 0


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_operation_examples_run(op):
    finder = doctest.DocTestFinder()
    tests = finder.find(op.call, op.name, module=False, globs={"ag": ag, "np": np})
    assert _failures(doctest.DocTestRunner(), tests) == 0


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_on_a_page_runs_and_prints_what_it_says(page, capsys):
    """The Python blocks of a page run in one namespace; a print with a comment behind it prints that comment."""
    namespace: dict[str, object] = {}
    before = set(REGISTRY)
    try:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            if "digits()" in block:
                pytest.importorskip(
                    "sklearn", reason="the page's network trains on scikit-learn's digits (extra: demo)"
                )
            if "nn.onnx" in block:
                pytest.importorskip("onnx", reason="the page exports a model to ONNX (extra: onnx)")
            exec(compile(block, page.name, "exec"), namespace)
            printed = capsys.readouterr().out.splitlines()
            said = re.findall(r"^ *print\(.*\) +# (.*)$", block, re.MULTILINE)
            assert [line for line in printed if line in said] == [line for line in said if line.strip()]
    finally:
        for name in set(REGISTRY) - before:
            del REGISTRY[name]
