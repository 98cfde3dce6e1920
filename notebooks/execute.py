"""Make the notebooks from their text: run each `<name>.py` here and write it, with its outputs, as `<name>.ipynb`.

The text (jupytext's percent format) is the source, and what a diff shows; run this after a change of it, or of what
the notebook prints. It writes no more than that says: no times, no versions, no state of a browser, and a name for each
cell that is made from its source, so that the same text gives the same file.

    python notebooks/execute.py            all of them
    python notebooks/execute.py find_the_bug
"""

import hashlib
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def written(name):
    """The executed notebook, as it is to be kept."""
    notebook = jupytext.read(HERE / f"{name}.py")
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        coalesce_streams=True,  # or what is printed would come in pieces, cut by the clock
        resources={"metadata": {"path": HERE}},
    )
    client.execute()
    notebook.metadata = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    seen = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = {}
    nbformat.validate(notebook)
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(p.stem for p in HERE.glob("*.ipynb")):
        begun = perf_counter()
        nbformat.write(written(name), HERE / f"{name}.ipynb")
        print(f"notebooks/{name}.ipynb  {perf_counter() - begun:.0f} s", flush=True)
