"""The pictures that the pages show are those that their programs draw."""

import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
SCRIPT = ROOT / "docs" / "make_pictures.py"

_spec = importlib.util.spec_from_file_location("make_pictures", SCRIPT)
make_pictures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_pictures)

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]\d+)?")


def words_and_numbers(svg):
    """What is written in a picture, in order: without the numbers, and the numbers."""
    text = [part for element in ElementTree.fromstring(svg).iter() for part in (element.text,) if part and part.strip()]
    return [NUMBER.sub("#", part) for part in text], [float(n) for part in text for n in NUMBER.findall(part)]


@pytest.mark.parametrize("name", make_pictures.PICTURES)
def test_a_picture_says_what_its_program_computes(name, capsys):
    pytest.importorskip("pygraphviz", reason="pictures are laid out by pygraphviz (extra: viz)")
    words, numbers = words_and_numbers((FOLDER / f"{name}.svg").read_text())
    drawn_words, drawn = words_and_numbers(make_pictures.PICTURES[name]().svg)
    assert drawn_words == words
    # four digits are shown, and another processor adds up float32 in another order, through up to twenty layers
    assert drawn == pytest.approx(numbers, rel=1e-2, abs=1e-30)


def test_the_same_picture_has_the_same_bytes(tmp_path):
    pytest.importorskip("pygraphviz", reason="pictures are laid out by pygraphviz (extra: viz)")
    program = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import make_pictures as m;"
        "[m.PICTURES[name]().save(sys.argv[1] + '/' + name + ending)"
        " for name in ('xor', 'nielsen') for ending in ('.svg', '.dot', '.png', '.pdf', '.html', '.mmd', '.txt')]"
    )
    folders = [tmp_path / seed for seed in ("0", "1")]
    for folder in folders:
        subprocess.run(
            [sys.executable, "-c", program, str(folder)], env={"PYTHONHASHSEED": folder.name}, cwd=ROOT, check=True
        )
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert len(first) == 14
    assert [name for name in first if first[name] != second[name]] == []


def test_every_picture_is_shown_somewhere_and_every_one_shown_is_there():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / path).resolve()
        for page in pages
        for path in re.findall(r"\]\(((?:docs/)?pictures/[^)]+)\)", page.read_text())
    }
    assert shown == {path.resolve() for path in FOLDER.rglob("*.svg")}
    # those in a folder of their own come from the measurements that `make bench` publishes, not from a program
    assert {path.stem for path in shown if path.parent == FOLDER.resolve()} == set(make_pictures.PICTURES)
