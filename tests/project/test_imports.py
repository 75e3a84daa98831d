"""Imports: they run down the floors, and no files import each other in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

import graphnet

ROOT = Path(graphnet.__file__).parent

FLOORS = [
    "errors", "source", "tracebacks", "names",
    "forkable", "stderr", "atomic_write", "text_table", "printable", "html_table",
    "ir.gc_disabled", "ir.core", "ir.gradient", "ir.primitives", "ir",
    "native.faults", "native.llvm", "native.analysis", "native.gemm", "native.runtime", "native.lowering", "native.codegen",
    "native.scheduling", "native.execution", "native.debug",
    "native.passes.loops", "native.passes.simplification", "native.passes.algebra", "native.passes",
    "native",
    "graph.values", "graph.modules", "graph.tracing", "graph.nodes", "graph.running", "graph.files",
    "graph.inspection", "graph.module", "graph.wiring", "graph.training_step", "graph",
    "ops",
    "nn.initialisers", "nn.init", "nn.layers", "nn.images", "nn.layers.normalizing", "nn.layers.transfer",
    "nn.layers.values", "nn.layers.weights", "nn.cells.state", "nn.cells.wiring", "nn.cells.learned_gate",
    "nn.cells.gated", "nn.cells.memory", "nn.cells.dynamics", "nn.cells.elementwise", "nn.cells", "nn.recurrent",
    "nn.attention", "nn.criteria", "nn.element_research", "nn", "optim.schedules", "optim.base", "optim.whole_batch",
    "optim",
    "drawing.picture", "drawing.labels", "drawing.rendering", "drawing",
    "train.text", "train.reports", "train.checkpoints", "train.loop", "train",
    "", "cli.text", "cli", "__main__",
]  # fmt: skip
"""From the ground up: folders, and files that stand beside them. The empty one is the package."""


def modules(root: Path) -> dict[str, Path]:
    """The files of a package by what follows the package's name in an import."""
    names = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names[".".join(parts).removesuffix("__init__").removesuffix(".")] = path
    return names


@cache
def import_statements(text: str) -> list[ast.Import | ast.ImportFrom]:
    """At the top of a file, in functions, and for type checkers alone."""
    return [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom)]


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The files that one imports."""
    for node in import_statements(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            package = node.module or ""
            for alias in node.names:
                full = f"{package}.{alias.name}".removeprefix("graphnet").removeprefix(".")
                if package.split(".")[0] == "graphnet":
                    yield full if full in known else full.rpartition(".")[0]
        else:
            for alias in node.names:
                if alias.name.split(".")[0] == "graphnet":
                    yield alias.name.removeprefix("graphnet").removeprefix(".")


def import_graph(root: Path) -> nx.DiGraph:
    known = modules(root)
    graph = nx.DiGraph()
    graph.add_nodes_from(known)
    for name, path in known.items():
        graph.add_edges_from((name, found) for found in imports(path, known))
    return graph


def floor_of(name: str, is_folder: bool) -> int | None:
    """The floor of a file: its own, else its folder's; None if that is unknown."""
    folder = "no folder" if is_folder or "." not in name else name.rpartition(".")[0]
    found = name if name in FLOORS else folder
    return FLOORS.index(found) if found in FLOORS else None


def circles(root: Path) -> list[list[str]]:
    found = nx.strongly_connected_components(import_graph(root))
    return [sorted(circle) for circle in found if len(circle) > 1]


def upward(root: Path) -> list[str]:
    """Imports of a higher floor, and files of no known floor."""
    floors = {n: floor_of(n, p.name == "__init__.py") for n, p in modules(root).items()}
    unknown = [
        f"{name} stands on no known floor" for name, floor in floors.items() if floor is None
    ]
    return unknown + [
        f"{file} imports {other}"
        for file, other in import_graph(root).edges
        if (floors.get(file) or 0) < (floors.get(other) or 0)
    ]


def test_imports_form_no_circle() -> None:
    assert circles(ROOT) == []


def test_imports_run_downwards() -> None:
    assert upward(ROOT) == []


def test_no_folder_holds_more_than_a_reader_can_keep_in_mind() -> None:
    folders = {path.parent for path in modules(ROOT).values()}
    large = [
        f"{f.relative_to(ROOT)}: {n}" for f in folders if (n := len(list(f.glob("*.py")))) > 16
    ]
    assert large == []


PLANTED = {
    "a lazy import upwards": (
        "ir/core/types.py",
        "def late():\n    from graphnet.nn import Linear\n",
    ),
    "an import for type checkers upwards": (
        "graph/values/table.py",
        "if TYPE_CHECKING:\n    from graphnet.drawing.drawing import Drawing\n",
    ),
    "an unknown folder": ("native/odds/ends.py", "x = 1\n"),
    "an unknown package": ("reach/__init__.py", ""),
    "an unknown file at the top": ("helpers.py", ""),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_found(what: str, tmp_path: Path) -> None:
    name, text = PLANTED[what]
    for path in modules(ROOT).values():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert upward(tmp_path) == upward(ROOT)
    planted = tmp_path / name
    planted.parent.mkdir(exist_ok=True)
    before = planted.read_text(encoding="utf-8") if planted.exists() else ""
    planted.write_text(before + text, encoding="utf-8")
    assert len(upward(tmp_path)) == len(upward(ROOT)) + 1


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from graphnet.two import b\n")
    (tmp_path / "two.py").write_text("def b():\n    from graphnet.one import a\n")
    assert circles(tmp_path) == [["one", "two"]]
