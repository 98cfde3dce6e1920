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


MAP = (FOLDER / "README.md").read_text()
ROW = re.compile(r"^\| (.+?) \| .*?\[(\w+)\]\(\2\.ipynb\) \| (.+?) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall(MAP)


def _sections(path):
    """The code below each heading of a notebook: what stands in code cells until the next heading."""
    sections, heading = {}, ""
    for cell in _cells(path):
        source = _source(cell)
        if cell["cell_type"] == "code":
            sections[heading] = sections.get(heading, "") + source + "\n"
        for title in re.findall(r"^#+ (.+)$", source, re.MULTILINE) if cell["cell_type"] == "markdown" else []:
            heading = title
    return sections


def test_each_topic_of_the_notes_has_a_cell():
    numbers = [int(label) for label, *_ in ROWS if label.isdigit()]
    assert sorted(set(numbers)) == list(range(1, 45))


def test_each_error_of_the_notes_has_a_cell():
    assert sum(not label.isdigit() for label, *_ in ROWS) == 8


@pytest.mark.parametrize(("label", "name", "heading", "proofs"), ROWS)
def test_what_the_map_says_stands_there(label, name, heading, proofs):
    sections = _sections(FOLDER / f"{name}.ipynb")
    assert heading in sections, f"{name} has no heading {heading!r} with code below it"
    lines = [line.strip() for line in sections[heading].splitlines()]
    said = re.findall(r"`(.+?)`", proofs)
    assert said
    for proof in said:
        assert proof.startswith("assert ")
        assert proof in lines
