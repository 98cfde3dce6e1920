"""Notebooks are kept with their outputs and beside their text, and neither says what the other does not."""

import json
import re
from itertools import count
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
METADATA = {"jupytext", "kernelspec", "language_info"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def _cells(path):
    return json.loads(path.read_text())["cells"]


def _source(cell):
    return "".join(cell["source"])


def test_there_is_a_notebook():
    assert NOTEBOOKS


@each_notebook
def test_a_notebook_has_the_cells_of_its_text(path):
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed (extra: notebooks)")
    text = jupytext.read(path.with_suffix(".py"))
    written = [(cell.cell_type, cell.source) for cell in text.cells]
    assert [(cell["cell_type"], _source(cell)) for cell in _cells(path)] == written, (
        "the notebook is older than its text, or was edited by itself: python notebooks/execute.py"
    )


@each_notebook
def test_a_notebook_is_kept_as_it_came_from_top_to_bottom(path):
    numbers = count(1)
    for cell in _cells(path):
        if cell["cell_type"] == "code":
            assert cell["execution_count"] == next(numbers)
            for output in cell["outputs"]:
                assert output["output_type"] != "error"
                assert output.get("name") != "stderr", "".join(output["text"])


@each_notebook
def test_a_notebook_says_nothing_of_the_machine_it_ran_on(path):
    notebook = json.loads(path.read_text())
    assert set(notebook["metadata"]) == METADATA
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        for output in cell.get("outputs", []):
            shown = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
            text = json.dumps([shown, output.get("text", "")])
            assert not re.search(
                r"ipykernel|/(tmp|home|root|Users|usr|work|var|private)/|[A-Z]:\\\\|0x[0-9a-f]{6}", text
            )
