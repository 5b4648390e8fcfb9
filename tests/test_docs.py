"""The documents are true: every command in them parses, and every command is in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from edge.cli import COMMANDS, parser

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "FIGURES.md",
    "RASPBERRY_PI.md",
    "models/README.md",
    "features_np/README.md",
)


def code_blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands(program: str) -> list[str]:
    """The commands of ``program`` in the documents' console blocks, without pipes and comments."""
    found = []
    for document in DOCUMENTS:
        for line in "".join(code_blocks(document, "console")).splitlines():
            for part in re.split(r" \| | && ", line.removeprefix("$ ").split(" #")[0]):
                command = re.sub(r"^(sudo )?(/\S*/)?", "", part.strip())
                if command.startswith(program):
                    found.append(command)
    assert found, f"no document shows a {program} command"
    return found


@pytest.mark.parametrize("command", commands("livegenre"))
def test_every_command_shown_is_understood(command):
    try:
        parser().parse_args(shlex.split(command)[1:])
    except SystemExit as end:
        assert end.code == 0, f"`{command}` is not understood"


def test_every_command_is_shown():
    names = {module.__name__.rpartition(".")[2] for module in COMMANDS}
    shown = {shlex.split(command)[1] for command in commands("livegenre") if len(shlex.split(command)) > 1}
    assert names <= shown, f"the documents do not show {sorted(names - shown)}"


@pytest.mark.parametrize("command", commands("make"))
def test_every_make_target_shown_exists(command):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(command.split()[1:]) <= targets


@pytest.mark.parametrize("command", commands("python -m"))
def test_every_module_shown_exists(command):
    module = ROOT / shlex.split(command)[2].replace(".", "/")
    assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), f"`{command}` names no module"


def test_the_public_workflow_runs_make_targets_that_exist():
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    run = re.findall(r"run: make (\S+)", workflow)
    assert {"test", "lint", "types", "package"} <= set(run) <= targets


@pytest.mark.parametrize("card", ["models/README.md", "models/classic/README.md"])
def test_a_model_card_is_two_screens_and_shows_no_object_of_python(card):
    text = (ROOT / card).read_text()
    assert len(text.splitlines()) <= 130
    assert not re.search(r"\bat 0x[0-9a-f]+|<function", text)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "FIGURES.md", "RASPBERRY_PI.md"])
def test_every_file_linked_exists(document):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / document).read_text())
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing, f"{document} links to {missing}"
