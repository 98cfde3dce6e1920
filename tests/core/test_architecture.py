"""The floors of the house: imports point strictly downwards, and optional packages have one door each."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import autograd_core as ag

ROOT = Path(ag.__file__).parent.parent

FLOORS = [
    {"errors"},
    {"arrays", "examples", "containers", "parallel", "memory", "places", "randomness", "lowered", "performing"},
    {"kernels"},
    {"engine", "layout"},
    {"calling", "recording"},
    {"op"},
    {"ops"},
    {"operators", "numpy_functions"},
    {"numpy_ufuncs", "ndarray_methods"},
    {"missing_methods"},
    {"shape_methods"},
    {"pytorch_methods"},
    {"conversions"},
    {"protocols"},
    {"assignment"},
    {"tensor"},
    {"transforms"},
    {"custom"},
]
FLOOR_OF = {name: i for i, names in enumerate(FLOORS) for name in names}
TOOLS = len(FLOORS)  # capture, testing, viz and the like stand beside: they may import, and no floor imports them

OPTIONAL = {
    "scipy",
    "sklearn",
    "matplotlib",
    "tensorboardX",
    "pygraphviz",
    "cupy",
    "numba",
    "mpi4py",
    "onnx",
    "onnxruntime",
    "hypothesis",
    "pytest",
}
DOORS = {  # imported in whole, by what is imported only when needed
    "autograd_core/testing/hypothesis.py": "hypothesis",
    "nn/onnx/door.py": "onnx",
    "nn/scikit.py": "sklearn",
}
RIVALS = {"torch", "jax", "autograd", "mygrad", "tensorflow"}

CORE = sorted((ROOT / "autograd_core").rglob("*.py"))
NN = sorted((ROOT / "nn").rglob("*.py"))


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _nodes(tree: ast.AST, lazy: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """All import statements, and whether they run only when a function is called; not those for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, lazy
        yield from _nodes(node, lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """The absolute dotted names that a file imports, and whether lazily."""
    package = [*path.relative_to(ROOT).parent.parts]
    found = []
    for node, lazy in _nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = [*start, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                # `from . import ops` names a module, `from .errors import ShapeError` something inside one
                whole = ROOT.joinpath(*module, alias.name)
                is_module = whole.is_dir() or whole.with_suffix(".py").exists()
                found.append((".".join([*module, alias.name] if is_module else module), lazy))
    return found


def floor_of(dotted: str) -> int | None:
    """The floor of a module of autograd_core; None for what is outside it."""
    parts = dotted.split(".")
    if parts[0] != "autograd_core":
        return None
    return TOOLS + 1 if len(parts) == 1 else FLOOR_OF.get(parts[1], TOOLS)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", CORE, ids=_id)
def test_imports_point_strictly_downwards(path):
    own, here = name_of(path), floor_of(name_of(path))
    for dotted, _ in imports(path):
        assert dotted.split(".")[0] != "nn", f"{own} imports {dotted}: the core does not know what is built on it"
        floor = floor_of(dotted)
        if floor is None or here >= TOOLS:  # outside; or a tool, or the package, which gathers the public names
            continue
        beside = dotted.count(".") > 0 and own.split(".")[1] == dotted.split(".")[1]
        assert floor < here or beside, f"{own} imports {dotted}, which is not below it"


def test_every_floor_exists():
    there = {name_of(path).split(".")[1] for path in CORE if name_of(path) != "autograd_core"}
    assert set(FLOOR_OF) <= there


def test_the_engine_names_no_operation():
    source = (ROOT / "autograd_core" / "engine.py").read_text()
    names = {n.attr for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute)}
    # what a cotangent must be able to do, and what a set, a list or a context variable of Python's has too
    ordinary = {"add", "set", "sort", "reset", "get", "append", "pop"}
    assert not (names & set(ag.REGISTRY)) - ordinary
    literals = {
        n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    assert not literals & set(ag.REGISTRY)


@pytest.mark.parametrize("path", NN, ids=_id)
def test_nn_sees_only_the_public_names_of_the_core(path):
    for dotted, _ in imports(path):
        assert dotted == "autograd_core" or not dotted.startswith("autograd_core."), (
            f"{dotted}: say `import autograd_core as ag`"
        )
    public = set(getattr(ag, "__all__", [name for name in dir(ag) if not name.startswith("_")])) | {"__version__"}
    tree = ast.parse(path.read_text())
    aliases = {
        a.asname or a.name
        for n in ast.walk(tree)
        if isinstance(n, ast.Import)
        for a in n.names
        if a.name == "autograd_core"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            assert node.attr in public, f"ag.{node.attr} is not public"
        if isinstance(node, ast.ImportFrom) and node.module == "autograd_core" and not node.level:
            assert {a.name for a in node.names} <= public


@pytest.mark.parametrize("path", CORE + NN, ids=_id)
def test_optional_packages_are_imported_only_when_they_are_needed(path):
    for dotted, lazy in imports(path):
        package = dotted.split(".")[0]
        assert package not in RIVALS, f"{package} is a rival in the benchmarks, never a part"
        assert lazy or package not in OPTIONAL or DOORS.get(_id(path)) == package, (
            f"{package} is optional: import it in the function that needs it"
        )


@pytest.mark.parametrize("package", sorted(OPTIONAL))
def test_each_optional_package_has_one_door(package):
    doors = {path for path in CORE + NN if any(dotted.split(".")[0] == package for dotted, _ in imports(path))}
    assert len(doors) <= 1, f"{package} is imported in {', '.join(sorted(map(_id, doors)))}"


@pytest.mark.parametrize("path", CORE + NN, ids=_id)
def test_a_file_is_named_after_its_topic(path):
    assert not re.search(r"(utils?|helpers?|common|misc)$", path.stem)
    assert path.parent.name not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", CORE + NN, ids=_id)
def test_a_file_opens_with_what_it_is(path):
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]
    assert first.endswith((".", ":")), "the first line of a file is a sentence"


def test_public_names_are_importable_and_documented():
    for name in getattr(ag, "__all__", [n for n in dir(ag) if not n.startswith("_")]):
        thing = getattr(ag, name)
        if not isinstance(thing, type(importlib)) and callable(thing):
            assert thing.__doc__, f"ag.{name} has no docstring"
