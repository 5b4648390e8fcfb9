"""Several sources in one configuration: faults are told with their line, and the page leaves them alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.rooms import RoomName, slug_of
from edge.service.config import Config, parse_config
from edge.service.settings import FileSettings

TWO = "# mine\n[[source]]\nname = 'kitchen' # one\nuri = 'mic'\n[log]\n[[source]]\nname = 'Living Room'\nchannels = 1\n"


def test_an_array_gives_rooms_in_their_order() -> None:
    config = parse_config(TWO, "")
    first, second = config.rooms().items()
    assert (first[0], first[1].uri) == (RoomName("kitchen", 0, ("kitchen", "living-room")), "mic")
    assert (second[0], second[1].channels) == (RoomName("Living Room", 1, ("kitchen", "living-room")), 1)
    assert second[0].file(Path("/x/history.db")) == Path("/x/history-living-room.db")
    assert [*Config().rooms()] == [RoomName()]
    assert RoomName("").file(Path("/x/history.db")) == Path("/x/history.db")
    (only,) = parse_config("[[source]]\nuri = 'demo'\n", "").rooms().values()
    assert only.uri == "demo"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TWO + "[[source]]\nuri = 'demo'\n", "c.toml, line 9: each of several sources needs a name"),
        (TWO + "[[source]]\nname = 'living_room'\n", "line 10: name is 'living_room', too like 'Living Room' of"),
        (TWO + "[[source]]\nname = 'a/b'\n", "line 10: name is 'a/b', may have letters, digits, spaces, - and _, 32"),
        (TWO + "[[source]]\nname = ' a'\n", "line 10: name is ' a', may have"),
        (TWO + "[[source]]\nname = '" + "x" * 33 + "'\n", "line 10: name is 'xxx.*', may have"),
        (TWO + "[[source]]\nname = '\u6d74\u5ba4'\n", "line 10: name is .*, but its files need a letter from a to z"),
        (TWO + "[[source]]\nurl = 'mic'\n", "line 10: unknown key url; did you mean uri?"),
        (TWO.replace("channels = 1", "channels = 'x'"), "line 8: channels must be a whole number"),
        (TWO.replace("uri = 'mic'", "uri = 3"), "line 4: uri must be text in quotes"),
        ("".join(f"[[source]]\nname = '{n}'\n" for n in range(9)), "line 17: there are 9 sources, 8 at most"),
        ("[log]\n[[mqtt]]\nport = 1\n", "line 2: mqtt is a table: write \\[mqtt\\]"),
        ("source = []\n", "line 1: source lists nothing; write \\[source\\]"),
        ("source = [3]\n", "line 1: source is a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(text, "c.toml")


@pytest.mark.parametrize(
    ("name", "slug"), [("kitchen", "kitchen"), ("Living  Room_2", "living-room-2"), ("Küche", "kuche"), ("", "")]
)
def test_a_name_makes_a_slug_that_is_its_own(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert slug_of(slug) == slug


def test_the_page_changes_all_but_the_microphones_of_several_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    file, n_reloads = tmp_path / "livegenre.toml", list[int]()
    text = TWO.replace("[log]\n", "")
    file.write_text(text)
    settings = FileSettings(file, lambda: n_reloads.append(1))
    assert settings.shown()["source"] == {"uri": None, "several": True}
    with pytest.raises(ConfigError, match="there are several sources: their microphones are set in the file"):
        settings.change({"source": {"uri": "mic:USB"}})
    assert file.read_text() == text
    settings.change({"decision": {"lead": 5}, "mqtt": {"host": "broker.local"}})
    assert len(n_reloads) == 1
    written = tomllib.loads(file.read_text())
    assert written["source"] == tomllib.loads(text)["source"]
    assert (written["decision"], written["mqtt"]) == ({"lead": 5}, {"host": "broker.local"})
    assert file.read_text().startswith(text)


def test_the_only_source_of_an_array_can_be_changed_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    file = tmp_path / "livegenre.toml"
    file.write_text("[[source]]\nname = 'kitchen' # mine\nuri = 'mic'\n")
    settings = FileSettings(file, lambda: None)
    assert settings.shown()["source"] == {"uri": "mic"}
    settings.change({"source": {"uri": "mic:USB"}})
    assert file.read_text() == "[[source]]\nname = 'kitchen' # mine\nuri = \"mic:USB\"\n"
