"""The rules that keep the rooms apart: who may import whom, and what runs without the heavy packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 400

#: What each room may import beside the standard library. Extras of edge are imported inside functions.
ALLOWED = {
    "features_np": {"features_np", "numpy", "scipy.fft"},
    "edge": {"edge", "features_np", "numpy", "rich", "sounddevice", "soundfile"},
}
#: And the files of one face the libraries of its extra; whoever opens the face imports its file inside a function.
EXTRAS = {
    "edge/http/server.py": {"uvicorn"},
    "edge/sinks/web": {"starlette"},
    "edge/sinks/mqtt": {"paho"},
    "edge/sinks/prometheus": {"prometheus_client"},
}
#: Never under features_np or edge, not even lazily.
HEAVY = {"tensorflow", "keras", "librosa", "numba", "scipy.signal", "pandas", "matplotlib", "build", "tests"}

#: Openings of docstrings that describe a question rather than its answer.
QUESTION_WORDS = frozenset({"What", "Whatever", "That", "How", "Where", "Wherever", "Who", "Whoever", "Whether"})
#: Where processes are started by ``multiprocessing``, with PYTHONSAFEPATH.
SPAWNING = {"edge/files/batch.py"}


def sources(room: str) -> list[Path]:
    found = sorted((ROOT / room).rglob("*.py"))
    assert found, f"{room}/ holds no Python files"
    return found


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            # `from scipy import fft` names a module, `from numpy.typing import NDArray` a thing in one.
            names.update({f"{module}.{alias.name}" for alias in node.names} if module == "scipy" else {module})
    return names


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def module_level(tree: ast.Module) -> ast.Module:
    """The statements that run at import: without functions, and without blocks for type checkers."""
    kept = [
        node
        for node in tree.body
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If)
    ]
    return ast.Module(body=kept, type_ignores=[])


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_rooms_import_only_what_they_may(room):
    stdlib = set(sys.stdlib_module_names)
    for path in sources(room):
        tree = ast.parse(path.read_text())
        heavy = sorted(name for name in imported(tree) if within(name, HEAVY))
        assert not heavy, f"{path.relative_to(ROOT)} imports {heavy}"
        extras = [libraries for face, libraries in EXTRAS.items() if path.is_relative_to(ROOT / face)]
        allowed = ALLOWED[room].union(stdlib, *extras)
        for name in imported(module_level(tree)):
            assert within(name, allowed), f"{path.relative_to(ROOT)} imports {name} at module level"


def test_features_np_imports_nothing_lazily_either():
    for path in sources("features_np"):
        foreign = imported(ast.parse(path.read_text())) - set(sys.stdlib_module_names)
        foreign = {name for name in foreign if not within(name, ALLOWED["features_np"] | set(sys.stdlib_module_names))}
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize("room", ["features_np", "edge", "build", "tests"])
def test_files_stay_short(room):
    for path in sources(room):
        n_lines = len(path.read_text().splitlines())
        assert n_lines <= MAX_LINES, f"{path.relative_to(ROOT)} exceeds {MAX_LINES} lines; split it"


@pytest.mark.parametrize("room", ["features_np", "edge", "build", "tests"])
def test_docstrings_say_what_is_returned_or_done(room):
    """They do not open with a question word."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sources(room):
        for node in ast.walk(ast.parse(path.read_text())):
            first = (ast.get_docstring(node) or " ").split(maxsplit=1)[:1] if isinstance(node, documented) else []
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
            assert not {word.rstrip(",:;") for word in first} & QUESTION_WORDS, f"{where} opens with {first[0]}"


def is_executable(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "executable" and isinstance(node.value, ast.Name)


@pytest.mark.parametrize("room", ["edge", "build"])
def test_python_is_started_so_that_it_imports_nothing_from_the_current_folder(room):
    """With -P or -I; and ``multiprocessing``, which takes no options, in the one place that sees to it otherwise."""
    for path in sources(room):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.List | ast.Tuple) and node.elts and is_executable(node.elts[0]):
                second = node.elts[1] if len(node.elts) > 1 else None
                safe = isinstance(second, ast.Constant) and second.value in ("-P", "-I")
                assert safe, f"{path.relative_to(ROOT)}:{node.lineno} starts Python without -P"
        if path.relative_to(ROOT).as_posix() not in SPAWNING:
            assert "multiprocessing" not in imported(tree), f"{path.relative_to(ROOT)} imports multiprocessing"


def run_without_heavy_packages(script: str) -> subprocess.CompletedProcess[str]:
    block = f"import sys\nfor name in {sorted(HEAVY | {'sklearn', 'soxr'})!r}: sys.modules[name] = None\n"
    command = [sys.executable, "-c", block + script]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


def test_the_command_runs_without_the_heavy_packages(tmp_path):
    script = f"""
import soundfile
from edge.audio.demo import synthesize
soundfile.write({str(tmp_path / "demo.wav")!r}, synthesize(10), 22_050)
from edge.cli import main
sys.exit(main(["classify", "--json", {str(tmp_path / "demo.wav")!r}]))
"""
    done = run_without_heavy_packages(script)
    assert done.returncode == 0, done.stderr
    assert '"genre"' in done.stdout


def test_the_block_itself_works():
    assert "ModuleNotFoundError" in run_without_heavy_packages("import librosa").stderr
