"""Completion scripts and the manual page match the declared options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import COMMANDS
from tests.edge import manual

LIVEGENRE = Path(sys.executable).with_name("livegenre")


def script(shell: str, folder: Path) -> Path:
    done = subprocess.run([LIVEGENRE, "completion", shell], capture_output=True, text=True, check=True, timeout=60)
    path = folder / f"livegenre.{shell}"
    path.write_text(done.stdout)
    return path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("livegenre cl", {"classify"}),
        ("livegenre classify --j", {"--json", "--jobs"}),
        ("livegenre service show --", {"--config", "--network", "--help"}),
        ("livegenre completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_and_fish_complete_what_there_is(tmp_path: Path, typed: str, offered: set[str]) -> None:
    *words, last = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in (*words, last))
    bash = f"source {script('bash', tmp_path)}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _shtab_livegenre; "
    done = subprocess.run(
        ["bash", "-c", bash + 'printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, check=True
    )
    assert offered <= set(done.stdout.split())
    fish = f"source {script('fish', tmp_path)}; complete -C '{typed}'"
    done = subprocess.run(["fish", "--no-config", "-c", fish], capture_output=True, text=True, check=True)
    assert offered <= {line.split("\t")[0] for line in done.stdout.splitlines()}


def test_zsh_understands_its_script(tmp_path: Path) -> None:
    done = subprocess.run(["zsh", "-n", script("zsh", tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['shtab'] = None; from edge.cli import main; sys.exit(main(['completion', 'bash']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "livegenre: shtab is not installed; pip install 'livegenre[completion]'\n"


def test_the_manual_page_is_that_of_the_options() -> None:
    page = manual.PAGE.read_text(encoding="utf-8")
    assert page == manual.manual(), "run: python -m tests.edge.manual"
    for command in COMMANDS:
        assert f".SS livegenre {command.__name__.rpartition('.')[2]}\n" in page


def test_the_manual_page_is_troff_without_faults() -> None:
    command = ["man", "--warnings", "--local-file", manual.PAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "FILES"):
        assert f"\n{heading}\n" in done.stdout
