"""A drawn computation graph, and what becomes of it: text, pictures, files, and what a notebook shows.

Knows a picture and the ways of drawing it. Keeps no node alive: a picture is plain data.
"""

from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import OptionError
from .dot import to_dot
from .listing import to_text
from .mermaid import to_mermaid
from .picture import Picture
from .rendering import FORMATS, INSTALL, rendered

_TEXTS = ("dot", "mmd", "html", "txt")


class Graph:
    """A drawn computation graph, as `ag.draw` returns it. Notebooks show its picture.

    `picture` holds what is drawn, as plain data; `dot`, `mermaid`, `html` and `svg` are that as text, the same for the
    same computation in every run. `str()` is a tree for terminals. Pictures (svg, png, pdf) need Graphviz, the rest
    needs nothing.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> graph = ag.draw((x * x).sum())
    >>> graph
    <Graph of 3 nodes and 3 edges>
    >>> graph.dot.splitlines()[0]
    'digraph computation {'
    """

    def __init__(self, picture: Picture, whole: Picture | None = None) -> None:
        self.picture = picture
        self._whole = picture if whole is None else whole  # unfolded, for the page, in which the reader folds

    @cached_property
    def dot(self) -> str:
        """The graph in Graphviz' language: node names are the same in every run, so two files can be compared."""
        return to_dot(self.picture)

    @cached_property
    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart, which GitHub and many editors draw in a block marked `mermaid`."""
        return to_mermaid(self.picture)

    @cached_property
    def html(self) -> str:
        """One HTML page that needs nothing else: modules fold, nodes tell their details, the sweep plays."""
        from .interactive import page

        return page(self._whole)

    @property
    def svg(self) -> str:
        """The picture as SVG text. Raises as `render` does."""
        return self.render("svg").decode()

    def render(self, format: str = "svg") -> bytes:
        """The picture as the bytes of an svg, png or pdf file.

        Raises: OptionError for another format, ImportError where Graphviz is not installed, GraphError if it cannot lay
        the graph out in reasonable time.
        """
        if format not in FORMATS:
            raise OptionError(f"render: format must be one of {', '.join(FORMATS)}, got {format!r}")
        return rendered(self.dot, format, nodes=len(self))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the graph to a file whose ending tells the format; returns its path. Missing folders are made.

        Endings: svg, png, pdf (pictures), html (interactive), dot, mmd (Mermaid), txt (the tree).

        Raises: OptionError for an unknown ending; for pictures what `render` raises.
        """
        path = Path(path)
        format = path.suffix.removeprefix(".").lower()
        if format not in FORMATS + _TEXTS:
            known = ", ".join(f".{name}" for name in FORMATS + _TEXTS)
            raise OptionError(f"save: the name of the file must end in one of {known}, got {str(path)!r}")
        content = self.render(format) if format in FORMATS else self._text(format).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _text(self, format: str) -> str:
        return {"dot": lambda: self.dot, "mmd": lambda: self.mermaid, "html": lambda: self.html}.get(
            format, lambda: f"{self}\n"
        )()

    def __str__(self) -> str:
        return to_text(self.picture)

    def __len__(self) -> int:
        return len(self.picture.items)

    def __repr__(self) -> str:
        return f"<Graph of {len(self)} nodes and {sum(len(item.edges) for item in self.picture.items)} edges>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture; without a layout the tree, and why. Raises nothing, whatever happens."""
        try:
            bundle = {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except ImportError:
            bundle = {"text/plain": f"{self._tree()}\nNo picture: {INSTALL}."}
        except Exception as error:  # a cell never fails for its display
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            bundle = {"text/plain": f"{self._tree()}\nNo picture: {reason}"}
        return bundle

    def _tree(self) -> str:
        try:
            return str(self)
        except Exception as error:  # as above
            return f"<Graph that cannot be written: {type(error).__name__}>"
