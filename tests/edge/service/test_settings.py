"""Settings are changed in the file: what was written around them stays, and what makes no sense is refused whole."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ConfigError, EdgeError
from edge.service.config import load_config
from edge.service.settings import CHANGEABLE, FileSettings, changed_text
from edge.service.systemd_unit import example_config

EXAMPLE = example_config()
LINE = 1 + EXAMPLE.splitlines().index("unsure_below = 0.15")


class Kept:
    """A configuration file, and how often it was asked to be read again."""

    def __init__(self, folder: Path, text: str = EXAMPLE) -> None:
        self.file, self.n_reloads = folder / "livegenre.toml", 0
        self.file.write_text(text)
        self.settings = FileSettings(self.file, self._reload)

    def _reload(self) -> None:
        self.n_reloads += 1


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.delenv("LIVEGENRE_MQTT_PASSWORD", raising=False)
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def test_a_change_leaves_all_else_as_it_was(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.settings.change({"source": {"uri": "mic:USB"}, "decision": {"unsure_below": 0.3}, "mqtt": {"enabled": True}})
    before, after = EXAMPLE.splitlines(), kept.file.read_text().splitlines()
    differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert differing == [
        ('uri = "mic"', 'uri = "mic:USB"'),
        ("unsure_below = 0.15", "unsure_below = 0.3"),
        ("enabled = false", "enabled = true"),
    ]
    assert kept.n_reloads == 1
    config = load_config(kept.file)
    assert (config.source.uri, config.decision.unsure_below) == ("mic:USB", 0.3)
    assert config.faces["mqtt"].enabled
    assert not config.faces["web"].enabled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\r\n[source]\r\nuri = 'mic' # the old one\r\n",
        'mqtt.host = "h"\n[log]\nlevel = "info"\n',
        "mqtt = { port = 1884 }\n",
        "\ufeff[decision]\nlead = 3\n",
    ],
)
def test_every_form_of_the_file_is_kept(tmp_path: Path, text: str) -> None:
    kept = Kept(tmp_path, "")
    kept.file.write_bytes(text.encode())
    kept.settings.change({"mqtt": {"host": "broker.local"}, "decision": {"lead": 5}})
    assert kept.settings.shown()["mqtt"]["host"] == "broker.local"
    assert kept.settings.shown()["decision"]["lead"] == 5.0
    written = kept.file.read_bytes().decode()
    for comment in ("# nothing\r\n", "uri = 'mic' # the old one\r\n", 'level = "info"', "port = 1884"):
        assert (comment in text) == (comment in written)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"decision": {"unsure_below": 3}}, f"livegenre.toml, line {LINE}: unsure_below is 3, must be 0 to 1"),
        ({"decision": {"lead": "x"}}, "lead must be a number"),
        ({"decision": {"at_once_s": 30}}, "must be at most settled_after_s"),
        ({"decision": {"lead": None}}, "lead must be a text, a number, true or false"),
        ({"decision": {"led": 1}}, "unknown setting led; did you mean lead?"),
        ({"decision": 1}, "decision must be an object"),
        ({"reactions": {"command": "rm -r /"}}, "unknown table reactions"),
        ({"source": {"uri": "cmd:rm -r /"}}, "uri must be mic or mic:NAME here"),
        ({"source": {"uri": "mic:\0"}}, "uri holds a NUL character"),
        ({"mqtt": {"password_file": "/etc/shadow"}}, "unknown setting password_file"),
        ({"mqtt": {"password": "a\nb"}}, "password must be a text of one line"),
        ({"mqtt": {"name": "\ud800"}}, "half a character cannot be written"),
        ({"mqtt": {"port": 0}}, "port is 0, must be 1 to 65535"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(tmp_path: Path, asked: Any, told: str) -> None:
    kept = Kept(tmp_path)
    asked = {"mqtt": {"tls": True}} | asked if "mqtt" not in asked else asked
    with pytest.raises(ConfigError) as error:
        kept.settings.change(asked)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert (kept.file.read_text(), kept.n_reloads) == (EXAMPLE, 0)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2))
KEYS = st.sampled_from([key for keys in CHANGEABLE.values() for key in keys]) | st.text(max_size=5)
TABLES = st.sampled_from([*CHANGEABLE, "web"]) | st.text(max_size=5)
ASKED = st.dictionaries(TABLES, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=3)


@given(ASKED)
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_the_file_can_be_read_afterwards(
    tmp_path_factory: pytest.TempPathFactory, asked: Any
) -> None:
    kept = Kept(tmp_path_factory.mktemp("kept"))
    try:
        kept.settings.change(asked)
    except EdgeError as error:
        assert "\n" not in str(error)
        assert (kept.file.read_text(), kept.n_reloads) == (EXAMPLE, 0)
    load_config(kept.file)
    json.dumps(kept.settings.shown(), allow_nan=False)
    with_comments = [line for line in EXAMPLE.splitlines() if line.startswith("#")]
    assert [line for line in kept.file.read_text().splitlines() if line.startswith("#")] == with_comments


@given(st.dictionaries(st.sampled_from(CHANGEABLE["mqtt"][1:2]), st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_text_comes_back_as_it_was(values: dict[str, str]) -> None:
    found = tomllib.loads(changed_text(EXAMPLE, {"mqtt": values}))["mqtt"]
    assert {key: found[key] for key in values} == values


def test_a_password_has_a_file_of_its_own(tmp_path: Path, state: Path) -> None:
    kept = Kept(tmp_path)
    kept.settings.change({"mqtt": {"password": "secret word"}})
    file = state / "mqtt-password"
    assert file.read_text() == "secret word\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "secret word" not in kept.file.read_text()
    assert kept.settings.shown()["mqtt"]["has_password"]
    assert "secret word" not in json.dumps(kept.settings.shown())
    kept.settings.change({"mqtt": {"password": ""}})
    assert not kept.settings.shown()["mqtt"]["has_password"]


def test_a_password_stays_where_the_file_cannot_be_written(tmp_path: Path, state: Path) -> None:
    kept = Kept(tmp_path)
    kept.settings.change({"mqtt": {"password": "first"}})
    kept.file.with_name(f"{kept.file.name}.new").mkdir()  # in the way, of root, too
    with pytest.raises(ConfigError, match="Is a directory"):
        kept.settings.change({"mqtt": {"password": "second"}})
    assert (state / "mqtt-password").read_text() == "first\n"
    assert kept.n_reloads == 1


def test_the_files_mode_and_its_being_a_link_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    kept = Kept(tmp_path / "there")
    kept.file.chmod(0o640)
    link = tmp_path / "livegenre.toml"
    link.symlink_to(kept.file)
    FileSettings(link, lambda: None).change({"decision": {"lead": 2}})
    assert link.is_symlink()
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o640
    assert load_config(kept.file).decision.lead == 2


def test_a_file_that_cannot_be_written_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("edge.service.settings.write_whole", refuse)
    with pytest.raises(ConfigError) as error:
        kept.settings.change({"decision": {"lead": 2}})
    there = tmp_path / "state" / "livegenre.toml"
    assert str(error.value) == (
        f"{kept.file}: Read-only file system; to let the page change it, type: sudo mv {kept.file} {there} "
        f"&& sudo ln -s {there} {kept.file}"
    )
    assert kept.n_reloads == 0
    monkeypatch.delenv("STATE_DIRECTORY")
    with pytest.raises(ConfigError, match="let the service's user write the file and its folder"):
        kept.settings.change({"decision": {"lead": 2}})


def test_a_source_with_a_secret_is_not_shown(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "[source]\nuri = 'http://user:a-password@radio.example/x'\n")
    assert kept.settings.shown()["source"] == {"uri": None}
    assert "a-password" not in json.dumps(kept.settings.shown())


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@settings(max_examples=100, deadline=None)
def test_whatever_broker_is_asked_for(tmp_path_factory: pytest.TempPathFactory, asked: Any) -> None:
    try:
        found = Kept(tmp_path_factory.mktemp("kept")).settings.broker(asked)
    except EdgeError as error:
        assert "\n" not in str(error)
    else:
        assert 1 <= found.port <= 65_535


def test_the_broker_that_would_be_is_that_of_the_settings(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.settings.change({"mqtt": {"username": "u", "password": "p"}})
    found = kept.settings.broker({"host": "other", "port": 1884})
    assert (found.host, found.port, found.username, found.password) == ("other", 1884, "u", "p")
    assert kept.settings.broker({"password": ""}).password == ""
    with pytest.raises(ConfigError, match="port is 0"):
        kept.settings.broker({"port": 0})
    assert not load_config(kept.file).faces["mqtt"].enabled
