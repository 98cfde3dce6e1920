"""One measurement, in a process of its own that can be given up: a drawing by one library, its layout and its size.

`python -m benchmarks.drawing.cell LIBRARY WHAT [FOLDER]` prints JSON. WHAT is a program's name or a number of
operations; pictures are left in FOLDER. A tool that layouts through Graphviz is given the same one, pygraphviz' wheel.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter


def main(library: str, what: str, folder: str = "") -> None:
    facts: dict[str, float] = {}
    if library.startswith("autograd-core"):
        from benchmarks.drawing import ours

        if what.isdecimal():
            import autograd_core as ag

            output = ours.chain(int(what))
            whole = {"fold": False, "limit": 2 * int(what)} if library.endswith("unfolded") else {}
            start = perf_counter()
            graph = ag.draw(output, **whole)
        else:
            graph_of = ours.pictures().PICTURES[ours.DRAWN[what]]
            start = perf_counter()
            graph = graph_of()
        facts["draw"] = perf_counter() - start
        facts["nodes"], dot = len(graph), graph.dot
        start = perf_counter()
        page = graph.html
        facts["page"], facts["page_bytes"] = perf_counter() - start, len(page.encode())
        print(json.dumps(facts | {"dot_bytes": len(dot.encode())}), flush=True)  # should there be no layout
        start = perf_counter()
        svg = graph.render("svg")
    else:
        from benchmarks.drawing import pytorch

        program = (pytorch.chain(int(what)), {}, None, None) if what.isdecimal() else pytorch.PROGRAMS[what]()
        if library == "torchview" and program[2] is None:
            sys.exit("takes only Modules")
        start = perf_counter()
        if library == "torchviz":
            dot = pytorch.with_torchviz(program[0], program[1])
        else:
            dot = pytorch.with_torchview(program[2], program[3])
        facts["draw"] = perf_counter() - start
        import pygraphviz

        facts["nodes"] = len(pygraphviz.AGraph(string=dot).nodes())
        print(json.dumps(facts | {"dot_bytes": len(dot.encode())}), flush=True)  # should the layout never end
        start = perf_counter()
        svg = pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot")
    facts["layout"] = perf_counter() - start
    facts |= {"dot_bytes": len(dot.encode()), "svg_bytes": len(svg)}
    if folder:
        path = Path(folder) / f"{what}-{library}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(svg)
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
