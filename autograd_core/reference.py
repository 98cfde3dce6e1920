"""Pages of documentation made from the records: what of NumPy is answered and how, and which subgradients are taken.

`python -m autograd_core.reference docs` writes them. Nothing on them is typed by hand, so nothing on them can rot.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import coverage
from .coverage import Answer, Status
from .examples import Example
from .op import REGISTRY, Op

HEAD = f"<!-- Written by `make docs`, with NumPy {np.__version__}; do not edit. -->"


def pages() -> dict[str, str]:
    """Every page by its file name.

    >>> sorted(pages())
    ['numpy.md', 'operations.md', 'subgradients.md']
    """
    return {"numpy.md": numpy_page(), "operations.md": operations_page(), "subgradients.md": subgradients_page()}


def examples_of(op: Op) -> Sequence[Example]:
    """The examples that a record declares itself."""
    return tuple(op.examples() if callable(op.examples) else op.examples)


# --- NumPy ------------------------------------------------------------------------------------------------------------


def numpy_page() -> str:
    """What becomes of each of NumPy's functions and ufuncs, and of each of their keywords."""
    functions, ufuncs = list(coverage.functions()), list(coverage.ufuncs())
    return _page(
        "NumPy, function by function",
        "What happens when a function of NumPy's meets a Tensor. **Differentiable**: the call is recorded, and its "
        "derivative is checked against finite differences to second order, with every keyword that is listed as "
        "understood. **Constant**: NumPy computes the value; it has no derivative by nature. **Fact**: the shape or "
        "the type, which is no array. Everything else is **refused** at the call, with a sentence that says why, "
        "where a gradient is wanted; where none is, NumPy gives the value.",
        *_summary(functions, ufuncs),
        "## Functions",
        *_answers([a for a in functions if a.status is not Status.REFUSED]),
        "## Universal functions",
        "A ufunc's call understands `out=` (a Tensor, or an array if no gradient is required), `where=` (together "
        "with `out=`), `dtype=` and `casting=`; products of vectors and matrices `axes=`, `axis=` and `keepdims=` too. "
        "`order=`, `subok=` and `signature=` are refused, and so is `where=` without `out=`, which would leave "
        "elements without a value.",
        *_ufuncs(ufuncs),
        "## Refused",
        *_refused([a for a in functions if a.status is Status.REFUSED]),
        "Functions that NumPy does not hand over to other arrays (`np.array`, `np.asarray`, `np.vectorize`, `np.r_`, "
        "`np.random`, ...) ask the Tensor for an array, which it refuses as long as it requires a gradient.",
    )


def _summary(functions: Sequence[Answer], ufuncs: Sequence[Answer]) -> Iterator[str]:
    with_options = sum(
        bool({*e.arguments} - {*op.arrays} | {*e.arguments} & {*op.masks})
        for op in REGISTRY.values()
        for e in examples_of(op)
    )
    keywords = [place for a in functions for place in a.keywords.values()]
    understood = sum(place is not None for place in keywords)
    rows = [
        ("operations in the registry", len(REGISTRY)),
        ("of these differentiable", sum(op.differentiable for op in REGISTRY.values())),
        ("examples that the conformance suite runs with options", with_options),
        ("functions of NumPy", len(functions)),
        *((f"of these {status}", sum(a.status is status for a in functions)) for status in Status),
        ("(function, keyword) pairs of those answered", len(keywords)),
        ("of these understood", understood),
        ("of these refused", len(keywords) - understood),
        ("ufuncs and methods of ufuncs", len(ufuncs)),
        *((f"of these {s}", sum(a.status is s for a in ufuncs)) for s in Status if s is not Status.FACT),
    ]
    yield from _table(("count", ""), ((label, f"{number:,}") for label, number in rows))


def _answers(answers: Sequence[Answer]) -> Iterator[str]:
    rows = []
    for a in answers:
        understood = [k for k, place in a.keywords.items() if place is not None]
        refused = [k for k, place in a.keywords.items() if place is None]
        by = (
            f"`ag.{a.operation.name}`" if a.operation else "NumPy, on the values" if a.status == "constant" else "shape"
        )
        listed = "all" if a.status is Status.CONSTANT and not a.operation else _codes(understood)
        rows.append((f"`np.{a.name}`", str(a.status), by, listed, _codes(refused)))
    yield from _table(("function", "status", "answered by", "keywords understood", "refused"), rows)


def _ufuncs(answers: Sequence[Answer]) -> Iterator[str]:
    methods = ("reduce", "accumulate", "outer", "reduceat", "at")
    found = {a.name: a for a in answers}
    rows = []
    for name, a in found.items():
        if "." in name:
            continue
        there = {m: found[f"{name}.{m}"] for m in methods if f"{name}.{m}" in found}
        right = [m for m, b in there.items() if b.status is not Status.REFUSED]
        wrong = [m for m, b in there.items() if b.status is Status.REFUSED]
        by = f"`ag.{a.operation.name}`" if a.operation else a.reason or "NumPy, on the values"
        rows.append((f"`np.{name}`", str(a.status), by, _codes(right), _codes(wrong)))
    yield from _table(("ufunc", "status", "answered by", "methods understood", "methods refused"), rows)


def _refused(answers: Sequence[Answer]) -> Iterator[str]:
    yield from _table(("function", "why"), ((f"`np.{a.name}`", a.reason) for a in answers))


# --- subgradients -----------------------------------------------------------------------------------------------------


def subgradients_page() -> str:
    """The derivative chosen at each point where the mathematics leaves a choice."""
    rows = [
        (f"`{op.name}`", _point(s.at), _point(s.gradients), s.because)
        for op in sorted(REGISTRY.values(), key=lambda op: op.name)
        for s in op.subgradients
    ]
    return _page(
        "Subgradients",
        "Where a function has a kink, a tie or a limit, its derivative is a choice. These are the choices, as the "
        "operations declare them; each line is a test. The rules behind them: 0 for the kinks of `abs` and its like at "
        "0; ties share evenly; a norm or deviation of 0 has the gradient 0; a limit is taken where there is one.",
        *_table(("operation", "at", "gradient of the sum of the result", "because"), rows),
    )


def _point(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    if isinstance(value, int):  # an option
        return str(value)
    text = np.array2string(np.asarray(value, float), separator=", ", precision=4)
    return re.sub(r"\s*\n\s*", " ", text)


# --- operations -------------------------------------------------------------------------------------------------------


def operations_page() -> str:
    """Every operation: its signature, its kind, and what it is, from its docstring."""
    rows = [
        (f"`{_signature(op)}`", op.kind, (inspect.getdoc(op.call) or "").splitlines()[0])
        for op in sorted(REGISTRY.values(), key=lambda op: op.name)
    ]
    return _page(
        "Operations",
        "Every operation of the registry. The kind says what its record states about the derivative: one partial per "
        "array (elementwise), a transpose (linear), one product per array (multilinear), a rule per array (general), "
        "or nothing, because it is written with other operations (composed).",
        *_table(("operation", "kind", "meaning"), rows),
    )


def _signature(op: Op) -> str:
    text = str(inspect.signature(op.call)).replace("<class 'float'>", "float")
    return f"{op.name}{text}"


# --- pages ------------------------------------------------------------------------------------------------------------


def _page(title: str, *parts: str) -> str:
    """Paragraphs with an empty line between them, and the lines of tables without."""
    text = f"{HEAD}\n\n# {title}\n"
    for before, part in zip(("", *parts), parts, strict=False):
        text += f"{part}\n" if part.startswith("|") and before.startswith("|") else f"\n{part}\n"
    return text


def _table(head: Sequence[str], rows: Any) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)
        print(folder / name)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
