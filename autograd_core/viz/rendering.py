"""From DOT text to a picture: through the program `dot`, or else the pygraphviz wheel, in a process of its own.

Knows the two packages and what they need; does not know what the graph means. The layout runs in another process so
that one that takes too long, or breaks, can be ended and leaves the reader's session alone. That process runs this very
file, which is why it imports nothing of the library before it must.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys

FORMATS = ("svg", "png", "pdf")
INSTALL = "install Graphviz (apt install graphviz, brew install graphviz) or pip install 'autograd-core[viz]'"
SECONDS = 60.0
"""How long a layout may take. Graphs of 1,000 nodes take about ten seconds, folded ones less than one."""
NODES = 3000
"""Beyond so many nodes no layout is tried: nobody could read it."""


def layout_program() -> str:
    """What lays graphs out here: "dot" (the program), "pygraphviz" (the wheel), or nothing."""
    if shutil.which("dot"):
        return "dot"
    try:
        return "pygraphviz" if importlib.util.find_spec("pygraphviz") else ""
    except ValueError:  # it was imported in some odd way, or blocked
        return ""


def rendered(dot: str, format: str, *, nodes: int = 0, seconds: float = SECONDS) -> bytes:
    """The picture of a graph in DOT as the bytes of a file; the same bytes for the same text.

    Raises: ImportError without a layout program, GraphError for more than `NODES` nodes, for a layout that takes longer
    than so many seconds, and for one that fails.
    """
    program = layout_program()
    if not program:
        raise ImportError(f"drawing a graph as {format} needs a layout program: {INSTALL}")
    if nodes > NODES:
        raise _graph_error(f"{nodes:,} nodes are too many for a layout (at most {NODES:,}); draw them folded (depth=1)")
    command = [sys.executable, "-P", os.path.abspath(__file__), program, format]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        try:
            content, complaint = process.communicate(dot.encode(), timeout=seconds)
        except BaseException as error:  # the keyboard's interrupt too: leave nothing running
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise _graph_error(
                    f"the layout of {nodes:,} nodes took longer than {seconds:g} s; draw them folded (depth=1)"
                ) from None
            raise
    if process.returncode or not content:
        lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise _graph_error(f"{program} could not draw the graph: {lines[-1]}")
    return _without_versions(content, format)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, and the layout program that it started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _graph_error(message: str) -> Exception:
    from ..errors import GraphError

    return GraphError(message)


def _without_versions(content: bytes, format: str) -> bytes:
    """The file without what differs from one version or one minute to the next; SVG no wider than its page."""
    if format == "pdf":  # a date of the same length: the file counts its bytes
        return re.sub(rb"(?<=Date \(D:)\d{14}", b"19700101000000", content)
    if format == "svg":
        content = re.sub(rb"<!--.*?-->\n?", b"", content, flags=re.DOTALL)  # text has no "<" in it: XML escapes it
        style = b"max-width:100%;height:auto;text-rendering:geometricPrecision"  # letters as wide as they were measured
        return content.replace(b"<svg ", b'<svg style="%b" ' % style, 1)
    return content


def _layout(program: str, format: str, dot: str) -> bytes:
    if program == "dot":
        import graphviz

        return graphviz.Source(dot).pipe(format=format)
    import pygraphviz

    return pygraphviz.AGraph(string=dot).draw(format=format, prog="dot")


if __name__ == "__main__":
    source = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(_layout(sys.argv[1], sys.argv[2], source))
