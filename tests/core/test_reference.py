"""The generated pages of the documentation are those that the records give now."""

from pathlib import Path

import numpy as np
import pytest

from autograd_core import reference

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["numpy.md", "operations.md", "subgradients.md"])
def test_a_page_says_what_the_records_say(name):
    there = (DOCS / name).read_text()
    if there.splitlines()[0] != reference.HEAD:
        pytest.skip(f"docs/{name} was written with another NumPy than {np.__version__}, which has other functions")
    assert there == reference.pages()[name], "run `make docs`"


def test_every_refusal_of_a_function_has_its_reason_on_the_page():
    lines = [line for line in reference.numpy_page().partition("## Refused")[2].splitlines() if line.startswith("| `")]
    assert len(lines) > 10
    assert all(line.split("|")[2].strip() for line in lines)
