"""The example documents every key with its default, and whatever is wrong is told with its line."""

import re
import tomllib
from dataclasses import fields
from typing import get_type_hints

import pytest

from edge import cli
from edge.errors import ConfigError
from edge.service.config import SECTIONS, Config, load_config, parse_config
from edge.service.systemd_unit import example_config


def test_the_example_is_the_defaults():
    assert parse_config(example_config(), "example") == Config()


def test_the_example_documents_every_key_and_no_other():
    assert {table: set(keys) for table, keys in tomllib.loads(example_config()).items()} == {
        table: {entry.name for entry in fields(kind)} for table, kind in SECTIONS.items()
    }
    documented = False
    for line in example_config().splitlines():
        documented = bool(line) and (documented or line.startswith("# "))
        if re.match(r"\w+ =", line):
            assert documented, f"no comment above: {line}"


def test_every_number_has_bounds():
    for table, kind in SECTIONS.items():
        types = get_type_hints(kind)
        numbers = [entry for entry in fields(kind) if types[entry.name] in (int, float)]
        for number in numbers:
            with pytest.raises(ConfigError, match=f"{number.name} is 1000000000, must be .* to "):
                parse_config(f"[{table}]\n{number.name} = 1000000000\n", "")


def test_an_empty_file_is_the_defaults_and_a_key_changes_one():
    assert parse_config("", "") == Config()
    changed = parse_config("[decision]\nlead = 2\n[history]\nenabled = false\n", "")
    assert (changed.decision.lead, changed.history.enabled) == (2.0, False)
    assert isinstance(changed.decision.lead, float)
    assert changed.source == Config().source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[source]\nuri = mic\n", "c.toml: is not TOML: .* line 2"),
        ("\n[sauce]\nuri = 'mic'\n", "c.toml, line 2: unknown table sauce; did you mean source?"),
        ("[history]\n# a comment\n\nfilename = 'x'\n", "c.toml, line 4: unknown key filename; did you mean file?"),
        ("[log]\ncolour = 1", "c.toml, line 2: unknown key colour; known are level"),
        ("uri = 'mic'\n", "c.toml, line 1: unknown table uri; known are source, model"),
        ("# x\nsource = 3\n", "c.toml, line 2: source is a table: write \\[source\\]"),
        ("[source]\nuri = 3\n", "c.toml, line 2: uri must be text in quotes"),
        ("[source]\nchannels = true\n", "c.toml, line 2: channels must be a whole number"),
        ("[source]\nchannels = 1.0\n", "c.toml, line 2: channels must be a whole number"),
        ("[history]\nenabled = 1\n", "c.toml, line 2: enabled must be true or false"),
        ("[source]\n[decision]\nlead = 0.5\n", "c.toml, line 3: lead is 0.5, must be 1 to 100"),
        ("[decision]\nsmoothing_s = nan\n", "c.toml, line 2: smoothing_s is nan"),
        ("history.checkpoint_s = 0\n", "c.toml, line 1: checkpoint_s is 0, must be 0.1 to 3600"),
        ('[source]\nuri = "cmd:arecord\\u0000"\n', "c.toml, line 2: uri holds a NUL character"),
        ("[source]\nuri = 'a\0b'\n", "c.toml: is not TOML"),
        ("[source]\nuri = " + "[" * 3000 + "]" * 3000 + "\n", "c.toml: is nested too deeply"),
        ("[source]\nchannels = " + "9" * 5000 + "\n", "c.toml: is not TOML"),
        ("[history]\nfile = '~nobody-of-that-name/h.db'\n", "c.toml, line 2: file is '~nobody-of-that-name/h.db', but"),
        ("[mqtt]\nenabled = true\nhost = ''\n", "c.toml, line 3: host is '', must be a name or an IP address"),
        ("[mqtt]\nhost = 'x:1883'\n", "c.toml, line 2: host is 'x:1883', must be .*; its port has a key of its own"),
        ("[mqtt]\nhost = 'a b'\n", "c.toml, line 2: host is 'a b', must be a name"),
        ("[mqtt]\nport = 0\n", "c.toml, line 2: port is 0, must be 1 to 65535"),
        ("[mqtt]\ntopic = 'a/#'\n", "c.toml, line 2: topic is 'a/#', may have letters"),
        ("[mqtt]\nname = '" + "x" * 101 + "'\n", "c.toml, line 2: name is 'xxx.*must have 100 characters at most"),
        ("[web]\naddress = '127.0.0.1:99999'\n", "c.toml, line 2: address '127.0.0.1:99999' is no address"),
        ("[web]\nnames = 'http://x'\n", "c.toml, line 2: names is 'http://x', must be names of this machine"),
        ("[prometheus]\naddress = 'kitchen'\n", "c.toml, line 2: address 'kitchen' is no address"),
        ("[decision]\nat_once_s = 30\n", "c.toml, line 2: at_once_s is 30.0, must be at most settled_after_s"),
        ("[decision]\nsettled_after_s = 1\n", "c.toml, line 1: at_once_s is 10.0, must be at most settled_after_s"),
        ("[log]\nlevel = 'loud'\n", "c.toml, line 2: level is 'loud', must be one of debug, info"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(text, "c.toml")


def test_a_tilde_is_somebodys_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/mira")
    config = parse_config("[history]\nfile = '~/genres.db'\n[model]\nfolder = '~/models/mine'\n", "")
    assert (config.history.file, config.model.folder) == ("/home/mira/genres.db", "/home/mira/models/mine")


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path):
    (tmp_path / "notepad.toml").write_text("[log]\nlevel = 'debug'\n", encoding="utf-8-sig")
    assert load_config(tmp_path / "notepad.toml").log.level == "debug"


@pytest.mark.parametrize(
    ("option", "table", "key", "bad"),
    [
        *(("--mqtt", "mqtt", "host", value) for value in ("", "a b", "/x", "x\0")),
        *(("--web", "web", "address", value) for value in ("kitchen", "127.0.0.1:99999", "x\0")),
        *(("--prometheus", "prometheus", "address", value) for value in ("kitchen", "::1:80")),
        *(("--rate", "source", "sample_rate", value) for value in (7, 400_000)),
        *(("--channels", "source", "channels", value) for value in (0, 65)),
    ],
)
def test_a_key_is_checked_as_the_option_is(option, table, key, bad):
    """One fault, one message, whichever way it came."""
    written = f'"{bad}"'.replace("\0", "\\u0000") if isinstance(bad, str) else bad
    with pytest.raises(ConfigError) as by_file:
        parse_config(f"[{table}]\n{key} = {written}\n", "f")
    args = cli.parser().parse_args(["listen", "--demo", f"{option}={bad}"])
    with pytest.raises(ConfigError) as by_option:
        args.run(args)
    told = str(by_file.value).removeprefix("f, line 2: ")
    assert str(by_option.value) == f"{option}{told.removeprefix(key)}"


def test_a_missing_or_unreadable_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("# Übung".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "latin.toml")
