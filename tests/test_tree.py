"""Structure of the tree: rooms import in one direction, folders stay small, and file names are unique."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("features_np", "edge", "build")
TREES = (*PACKAGES, "tests")

#: What the modules of each room of edge may import of its other rooms; its top is open to all of them.
EDGE_ROOMS = {
    "audio": set(),
    "history": set(),
    "http": set(),
    "learning": {"history", "model"},
    "model": {"audio"},
    "live": {"audio", "model"},
    "files": {"audio", "live", "model"},
    "diagnostics": {"audio", "live", "model"},
    "sinks": {"history", "http", "model"},  # beside live: neither knows the other
    "service": {"audio", "history", "http", "learning", "live", "model", "sinks"},
    "commands": {"audio", "diagnostics", "files", "history", "learning", "live", "model", "service", "sinks"},
}
#: The modules at edge's top that stand above its rooms; all others there lie below, and import none.
ABOVE_THE_ROOMS = {"cli"}
#: The way from records to a model: each room of build imports those before it alone; the commands stand above.
BUILD_ROOMS = ("tables", "audio", "extract", "corpora", "models", "listener", "score", "report")

#: Files side by side in a folder, __init__.py and conftest.py aside.
MOST_FILES = 12
#: Names that two files may bear, being the same thing at two levels.
SAME_THING = {
    "errors.py": "a package's exceptions",
    "bench.py": "what the command of that name does",
    "selftest.py": "what the command of that name does",
    "daemon.py": "what the command of that name does",
    "history.py": "what the command of that name reads is what the sink writes",
    "corrections.py": "what people put right, where it is kept and where it is learned from",
}


def modules() -> dict[str, Path]:
    """The packages' modules by dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(nodes: Iterator[ast.AST]) -> set[str]:
    """The modules of ours that import statements name, packages resolved to the module that is meant."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update(full & MODULES.keys() or {node.module})
    return names & MODULES.keys()


def run(tree: ast.AST) -> Iterator[ast.AST]:
    """Statements, those in functions too, outside what is for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from run(node)


def room_of(module: str) -> str | None:
    """The room of a module of edge or build; None at their top."""
    _, *rest = module.split(".")
    path = MODULES[module]
    return rest[0] if rest and (len(rest) > 1 or path.name == "__init__.py") else None


def all_imports(package: str) -> Iterator[tuple[str, str]]:
    for module, path in MODULES.items():
        if module.partition(".")[0] == package:
            for other in imports(ast.walk(ast.parse(path.read_text()))):
                if other.partition(".")[0] == package:
                    yield module, other


def require_no_circle(graph: dict[str, set[str]]) -> None:
    finished: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"a circle: {' -> '.join((*way[way.index(module) :], module))}"
        if module not in finished:
            for other in graph[module]:
                visit(other, (*way, module))
            finished.add(module)

    for module in graph:
        visit(module, ())


def test_nothing_imports_itself_in_a_circle():
    graph = {name: imports(run(ast.parse(path.read_text()))) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 100
    require_no_circle(graph)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_rooms_import_each_other(package):
    """A module at a package's top is a room of its own."""
    graph: dict[str, set[str]] = {}
    for module, other in all_imports(package):
        room, theirs = (room_of(name) or name for name in (module, other))
        if theirs != package:  # its front door, which only those outside need
            graph.setdefault(theirs, set())
            graph.setdefault(room, set()).update({theirs} - {room, package})
    assert len(graph) > 5
    require_no_circle(graph)


def test_the_rooms_of_edge_import_in_one_direction():
    rooms = {room_of(module) for module in MODULES if module.startswith("edge.")} - {None, "models"}
    assert rooms == EDGE_ROOMS.keys()
    for module, other in all_imports("edge"):
        room, theirs = room_of(module), room_of(other)
        if room is None and module.rpartition(".")[2] not in ABOVE_THE_ROOMS:
            assert theirs is None, f"{module} lies below the rooms and imports {other}"
        elif room is not None and theirs not in (None, room):
            assert theirs in EDGE_ROOMS[room], f"{module} imports {other}"


def test_the_rooms_of_build_import_in_one_direction():
    for module, other in all_imports("build"):
        room, theirs = room_of(module), room_of(other)
        if room is None or theirs is None:
            continue
        assert BUILD_ROOMS.index(theirs) <= BUILD_ROOMS.index(room), f"{module} imports {other}"


@pytest.mark.parametrize("tree", TREES)
def test_a_floor_holds_a_dozen_files_at_most(tree):
    floors = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / tree).rglob("*.py")
        if path.name not in {"__init__.py", "conftest.py"}
    )
    assert floors
    for floor, n_files in floors.items():
        assert n_files <= MOST_FILES, f"{floor} holds {n_files} files, at most {MOST_FILES} are allowed; split it"


def test_a_name_means_one_thing():
    names = Counter(path.name for path in MODULES.values() if path.name != "__init__.py")
    repeated = {name for name, n_files in names.items() if n_files > 1}
    assert repeated == SAME_THING.keys()


@pytest.mark.parametrize(
    ("settings", "packages"), [("setup.cfg", ("features_np", "edge")), ("features_np/setup.cfg", ("features_np",))]
)
def test_every_room_is_in_the_distribution(settings, packages):
    parser = ConfigParser()
    parser.read(ROOT / settings)
    named = set(parser["options"]["packages"].split())
    rooms = {name for name, path in MODULES.items() if path.name == "__init__.py" and name.split(".")[0] in packages}
    assert {name for name in named if not name.startswith("edge.models")} == rooms
