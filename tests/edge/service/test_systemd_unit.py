"""The unit is hardened by systemd's own measure, installs into an image, and says what would keep it from starting."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edge.errors import ServiceError
from edge.installation import as_root
from edge.service import systemd_unit
from edge.service.config import load_config

LIVEGENRE = Path(sys.executable).with_name("livegenre")


def run(*arguments, check=True):
    return subprocess.run([LIVEGENRE, *map(str, arguments)], capture_output=True, text=True, check=check)


@pytest.mark.parametrize(("options", "most"), [([], 1.0), (["--network"], 2.0)])
def test_systemd_rates_the_unit_as_safe(tmp_path, options, most):
    unit = tmp_path / "livegenre.service"
    unit.write_text(run("service", "show", *options).stdout)
    assert shutil.which("systemd-analyze"), "this test needs systemd-analyze: apt install systemd"
    for arguments in (["verify"], ["security", "--offline=true", "--no-pager", f"--threshold={round(most * 10)}"]):
        done = subprocess.run(["systemd-analyze", *arguments, unit], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr.strip() == ""
    print(done.stdout.strip().splitlines()[-1])


def test_the_unit_still_reaches_the_sound_card_and_the_history():
    unit = run("service", "show").stdout.splitlines()
    for line in ("Type=notify", "DeviceAllow=char-alsa rw", "SupplementaryGroups=audio", "StateDirectory=livegenre"):
        assert line in unit
    assert "PrivateDevices=yes" not in unit
    assert f"ExecStart={LIVEGENRE} daemon --config /etc/livegenre.toml" in unit


def test_install_and_uninstall_in_an_image(tmp_path):
    first = run("service", "install", "--root", tmp_path).stdout
    assert f"wrote {tmp_path}/etc/systemd/system/livegenre.service" in first
    assert "sudo systemctl enable --now livegenre" in first
    configuration = tmp_path / "etc" / "livegenre.toml"
    load_config(configuration)
    configuration.write_text("# mine\n")
    assert "livegenre.toml\n" not in run("service", "install", "--root", tmp_path).stdout.split("Set")[0]
    assert configuration.read_text() == "# mine\n", "a configuration that is there is never written over"
    assert "Kept: /etc/livegenre.toml" in run("service", "uninstall", "--root", tmp_path).stdout
    again = run("service", "uninstall", "--root", tmp_path, check=False)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "is not installed" in again.stderr


def test_what_was_allowed_before_stays_allowed_until_somebody_says_otherwise(tmp_path):
    unit = tmp_path / "etc" / "systemd" / "system" / "livegenre.service"
    for options, is_allowed in (((), False), (["--network"], True), ((), True), (["--no-network"], False), ((), False)):
        told = run("service", "install", *options, "--root", tmp_path).stdout
        assert ("PrivateNetwork=yes" not in unit.read_text()) == is_allowed
        assert ("The service may use the network." in told) == is_allowed


def test_what_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "etc").write_text("no folder")
    failed = run("service", "install", "--root", tmp_path, check=False)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert f"try sudo {LIVEGENRE} service install" in failed.stderr


def files(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_symlink() or not path.is_dir()}


def test_uninstall_leaves_what_was_asked_to_stay_and_purge_nothing(tmp_path):
    """With what systemctl makes on the way, by systemctl itself."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hostname").write_text("kitchen\n")
    before = files(tmp_path)
    state = tmp_path / "var" / "lib" / "private" / "livegenre"
    for purge, kept in [
        ((), {"etc/livegenre.toml", "var/lib/livegenre", "var/lib/private/livegenre/history.db"}),
        (["--purge"], set()),
    ]:
        run("service", "install", "--root", tmp_path)
        subprocess.run(["systemctl", f"--root={tmp_path}", "enable", "livegenre.service"], check=True)
        assert any(name.endswith("wants/livegenre.service") for name in files(tmp_path)), "nothing was enabled"
        drop_in = tmp_path / "etc" / "systemd" / "system" / "livegenre.service.d" / "override.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nNice=5\n")
        state.mkdir(parents=True, exist_ok=True)
        (state / "history.db").write_text("")
        if not (tmp_path / "var/lib/livegenre").is_symlink():
            (tmp_path / "var/lib/livegenre").symlink_to("private/livegenre")
        done = run("service", "uninstall", *purge, "--root", tmp_path)
        assert files(tmp_path) - before == kept
        assert ("Kept" in done.stdout) == bool(kept)
    assert not state.exists()


def test_without_systemd_no_unit_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd_unit, "UNIT", tmp_path / "livegenre.service")
    monkeypatch.setattr(systemd_unit, "CONFIG", tmp_path / "livegenre.toml")
    monkeypatch.setattr(systemd_unit, "SYSTEMD_RUNS", tmp_path / "none")
    with pytest.raises(ServiceError, match=r"systemd does not run this machine: .* daemon --config FILE") as caught:
        systemd_unit.install(Path("/"))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_uninstalling_takes_back_what_brokers_keep_while_it_is_known(tmp_path, monkeypatch):
    for name in ("UNIT", "CONFIG", "SYSTEMD_RUNS"):
        monkeypatch.setattr(systemd_unit, name, tmp_path / name)
    monkeypatch.setattr(systemd_unit, "STATE", (tmp_path / "state",))
    monkeypatch.setattr(systemd_unit, "DROP_INS", tmp_path / "drop-ins")
    (tmp_path / "UNIT").write_text("")
    (tmp_path / "CONFIG").write_text("")
    (tmp_path / "state").mkdir()
    seen = []
    removed = systemd_unit.uninstall(Path("/"), purge=True, once_stopped=lambda: seen.extend(tmp_path.iterdir()))
    assert set(seen) == set(removed) == {tmp_path / name for name in ("UNIT", "CONFIG", "state")}
    assert list(tmp_path.iterdir()) == []


def test_what_to_type_next_is_on_sudos_path(tmp_path):
    assert f"sudo {LIVEGENRE} history" in run("service", "install", "--root", tmp_path).stdout


def test_a_command_that_sudo_finds_is_called_by_its_name(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert as_root("history") == "sudo livegenre history"


def test_a_place_that_the_service_could_not_read_is_named():
    with tempfile.TemporaryDirectory() as folder:
        tool = Path(folder) / "venv" / "livegenre"
        tool.parent.mkdir()
        tool.write_text("")
        for path in (tool, *tool.parents[:2]):
            path.chmod(0o755)
        assert systemd_unit.closed_to_others(tool) is None
        for path in (tool, tool.parent):
            path.chmod(0o700)
            assert systemd_unit.closed_to_others(tool) == path
