"""Identities of microphones that survive a reboot."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from edge.audio import portaudio, sound_server
from edge.audio.portaudio import InputDevice, stable_id
from edge.errors import SourceError


@pytest.fixture
def proc_asound(tmp_path: Path) -> Path:
    for card, files in {"card0": {"id": "PCH"}, "card1": {"id": "Device", "usbid": "0d8c:0014"}}.items():
        (tmp_path / card).mkdir()
        for name, text in files.items():
            (tmp_path / card / name).write_text(text + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("USB PnP Sound Device: Audio (hw:1,0)", "usb-0d8c:0014"),
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", "card-PCH"),
        ("Gone: Audio (hw:7,0)", "Gone: Audio (hw:7,0)"),
        ("pulse", "pulse"),
    ],
)
def test_an_id_does_not_contain_the_card_number(proc_asound: Path, name: str, expected: str) -> None:
    assert stable_id(name, proc_asound) == expected


def device(index: int, name: str, identity: str, *, default: bool = False) -> InputDevice:
    return InputDevice(index, identity, name, channels=1, sample_rate=48_000, is_default=default)


DEVICES = [
    device(0, "HDA Intel PCH: ALC257 Analog (hw:0,0)", "card-PCH"),
    device(3, "USB PnP Sound Device: Audio (hw:1,0)", "usb-0d8c:0014"),
    device(5, "default", "default", default=True),
]


def test_two_microphones_alike_are_told_apart_by_their_ports(
    tmp_path: Path, proc_asound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sysfs has them; the number of a card, and of a device on its bus, is another after each reboot."""
    for card, port in (("card0", "pci0000:00/0000:00:1f.3"), ("card1", "usb1/1-1/1-1.2"), ("card2", "usb1/1-1/1-1.4")):
        interface = tmp_path / "devices" / port / (f"{Path(port).name}:1.0" if "usb" in port else "")
        interface.mkdir(parents=True)
        (tmp_path / "class" / card).mkdir(parents=True)
        (tmp_path / "class" / card / "device").symlink_to(interface)
    (proc_asound / "card2").mkdir()
    (proc_asound / "card2" / "usbid").write_text("0d8c:0014\n")
    names = ["PCH: ALC257 Analog (hw:0,0)", "USB Audio (hw:1,0)", "USB Audio (hw:2,0)", "default"]

    class Library:
        class default:  # noqa: N801 - its name there
            hostapi = -1

        @staticmethod
        def query_devices() -> list[dict[str, object]]:
            return [{"name": name, "max_input_channels": 1, "default_samplerate": 48_000.0} for name in names]

    monkeypatch.setattr(portaudio, "library", lambda: Library)
    devices = portaudio.inputs(proc_asound, tmp_path / "class")
    assert [device.id for device in devices] == [
        "card-PCH",
        "usb-0d8c:0014@1-1.2",
        "usb-0d8c:0014@1-1.4",
        "default",
    ]
    del names[1]
    assert [device.id for device in portaudio.inputs(proc_asound, tmp_path / "class")][1] == "usb-0d8c:0014"
    for listed in (devices, portaudio.inputs(proc_asound, tmp_path / "class")):
        monkeypatch.setattr(portaudio, "inputs", lambda listed=listed: listed)
        assert portaudio.find("usb-0d8c:0014@1-1.4").port == "1-1.4"
        assert portaudio.find("USB-0d8c:0014").id.startswith("usb-0d8c:0014")
        monkeypatch.undo()
        monkeypatch.setattr(portaudio, "library", lambda: Library)


@pytest.mark.parametrize(
    ("query", "index"), [(None, 5), ("usb pnp", 3), ("usb-0d8c:0014", 3), ("card-PCH", 0), ("Analog", 0)]
)
def test_a_microphone_is_found_by_id_or_part_of_its_name(
    monkeypatch: pytest.MonkeyPatch, query: str | None, index: int
) -> None:
    monkeypatch.setattr(portaudio, "inputs", lambda: DEVICES)
    assert portaudio.find(query).index == index


def test_an_unknown_name_lists_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "inputs", lambda: DEVICES)
    with pytest.raises(SourceError, match=r"no microphone named 'Yeti'; there are: HDA .*, default"):
        portaudio.find("Yeti")


def test_who_hangs_is_named_even_if_others_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as server, ExitStack() as waiting:
        server.bind(str(tmp_path / "native"))
        server.listen(0)
        expected = f"the sound server PulseAudio or PipeWire ({tmp_path}/native) does not answer: restart it"
        assert sound_server.who_hangs() == expected  # it is no sound server's process
        with suppress(BlockingIOError):
            for _ in range(10):
                client = waiting.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(str(tmp_path / "native"))
        assert sound_server.who_hangs() == expected
