"""PortAudio, through ``sounddevice``: finding and opening inputs.

Only this file uses either. PortAudio lists the devices once, when it starts; to see what is plugged in *now* it must be
terminated and started again, as ``list_anew`` does. No stream may be open then.
"""

from __future__ import annotations

import atexit
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from threading import Event, RLock
from types import ModuleType
from typing import Any

from edge import clock
from edge.audio import sound_server
from edge.audio.recovery.attempt import Attempt
from edge.audio.recovery.live_source import End
from edge.audio.recovery.queue import AudioQueue
from edge.audio.recovery.real_time import Pace
from edge.errors import NoMicrophone, NoSoundSystem, SourceError
from edge.events import Hole

NO_LIBRARY = "PortAudio is not installed: sudo apt install libportaudio2"
NO_MICROPHONE = "no microphone found: plug one in and see `livegenre devices`, or try `livegenre listen --demo`"
#: Rates to try, in Hz, when a device refuses its own default.
RATES = (48_000, 44_100, 32_000, 22_050, 16_000, 8_000)
#: ALSA's names for PulseAudio and PipeWire.
SERVER_DEVICE = "pulse"
#: Microphones have fewer channels than this; virtual devices offer 32 and more.
MAX_CHANNELS = 2
#: Maximum age of audio in seconds; drivers without timestamps report arbitrary ones.
MAX_AGE_S = 60.0

#: Seconds of audio that a device may have recorded before it is opened: a sound server's monitor has 2.
EARLY_S = 5.0
TOO_FAST = "the sound device gives more audio than time passes, and is held back"

#: PortAudio is not thread-safe, and an abandoned source may still be opening a device.
ONE_AT_A_TIME = RLock()
_OPEN_STREAMS: list[Any] = []

#: Seconds after which a list of devices that does not come means that the sound server hangs.
LIST_S = 4.0

PROC_ASOUND, SYS_SOUND = Path("/proc/asound"), Path("/sys/class/sound")
_CARD = re.compile(r"\(hw:(\d+),\d+\)")


@dataclass(frozen=True, slots=True)
class InputDevice:
    """An input as PortAudio lists it now; ``index`` and ALSA card numbers change, ``id`` and ``name`` do not."""

    index: int
    #: usb-VENDOR:PRODUCT, with @PORT if there are two alike; else card-NAME, or the name.
    id: str
    name: str
    channels: int
    sample_rate: int  # Hz, the device's own
    is_default: bool
    server_source: str | None = None  # which of a sound server's sources it is, where ``index`` is the server
    port: str = ""  # of USB, as the kernel names it: 1-1.2; none for other devices

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = asdict(self)
        del values["index"], values["server_source"], values["port"]
        return values


@cache
def library() -> ModuleType:
    """Import ``sounddevice``, which starts PortAudio; ``NoSoundSystem`` where the library is missing.

    It waits for a sound server that hangs.
    """
    try:
        import sounddevice
    except OSError as error:
        raise NoSoundSystem(NO_LIBRARY) from error
    module: ModuleType = sounddevice
    # It would terminate PortAudio at exit and wait for a hanging sound server; the system cleans up anyway.
    atexit.unregister(module._exit_handler)
    return module


def list_anew() -> None:
    """Make PortAudio see the devices that are there now; ``SourceError`` if it does not start."""
    # Terminating PortAudio frees all streams; closing one afterwards would access freed memory.
    if not library.cache_info().currsize or _OPEN_STREAMS:
        return
    sd = library()
    with suppress(sd.PortAudioError):  # it may have failed to start last time
        sd._terminate()
    try:
        sd._initialize()
    except sd.PortAudioError as error:
        raise SourceError(f"PortAudio does not start: {error}") from error


def all_inputs() -> list[InputDevice]:
    """List the inputs, and the sources of the sound server one by one; ``SourceError`` if it hangs."""

    def listed(_attempt: Attempt[list[InputDevice]]) -> list[InputDevice]:
        with ONE_AT_A_TIME:
            return inputs()

    outcome = Attempt("the sound system", listed).outcome(LIST_S)
    if outcome is None:
        raise SourceError(sound_server.who_hangs())
    if isinstance(outcome, SourceError):
        raise outcome
    return outcome + server_inputs(outcome)


def inputs(proc_asound: Path = PROC_ASOUND, sys_sound: Path = SYS_SOUND) -> list[InputDevice]:
    """List the inputs, in PortAudio's order."""
    sd = library()
    host = sd.default.hostapi
    default = sd.query_hostapis(host)["default_input_device"] if host >= 0 else -1
    devices = [
        InputDevice(
            index=index,
            id=stable_id(device["name"], proc_asound),
            name=device["name"],
            channels=device["max_input_channels"],
            sample_rate=round(device["default_samplerate"]),
            is_default=index == default,
            port=usb_port(device["name"], sys_sound),
        )
        for index, device in enumerate(sd.query_devices())
        if device["max_input_channels"] > 0
    ]
    return told_apart(devices)


def told_apart(devices: list[InputDevice]) -> list[InputDevice]:
    """Return the devices, with the port in the id of those that share one."""
    ports: dict[str, set[str]] = {}
    for device in devices:
        ports.setdefault(device.id, set()).add(device.port)
    return [
        replace(device, id=f"{device.id}@{device.port}") if device.port and len(ports[device.id]) > 1 else device
        for device in devices
    ]


def server_inputs(devices: list[InputDevice]) -> list[InputDevice]:
    """List the sources of the sound server if one of the ``devices`` is that server."""
    server = next((device for device in devices if device.name == SERVER_DEVICE), None)
    if server is None:
        return []
    return [
        InputDevice(
            index=server.index,
            id=source.name,
            name=source.description,
            channels=source.channels,
            sample_rate=source.sample_rate,
            is_default=False,
            server_source=source.name,
        )
        for source in sound_server.sources()
    ]


def stable_id(name: str, proc_asound: Path = PROC_ASOUND) -> str:
    """Return an identity that survives a reboot for a PortAudio device name such as ``USB Mic: Audio (hw:1,0)``."""
    found = _CARD.search(name)
    if not found:
        return name
    card = proc_asound / f"card{found[1]}"
    for file, prefix in (("usbid", "usb-"), ("id", "card-")):
        with suppress(OSError):
            return prefix + (card / file).read_text().strip()
    return name


def usb_port(name: str, sys_sound: Path = SYS_SOUND) -> str:
    """Return the USB port that a device is plugged into, such as 1-1.2; nothing for one that is on no USB."""
    found = _CARD.search(name)
    interface = (sys_sound / f"card{found[1]}" / "device").resolve().name if found else ""  # such as 1-1.2:1.0
    port, colon, _ = interface.partition(":")
    return port if colon and re.fullmatch(r"\d+-[\d.]+", port) else ""


def find(query: str | None) -> InputDevice:
    """Return the default input, or the one whose id is ``query`` or whose name contains it; else ``SourceError``."""
    devices = inputs()
    if not devices:
        raise NoMicrophone(NO_MICROPHONE)
    if query is None:
        return next((device for device in devices if device.is_default), devices[0])
    if found := _matching(devices, query):
        return found[0]
    devices += server_inputs(devices)
    if found := _matching(devices, query):
        return found[0]
    names = ", ".join(dict.fromkeys(device.name for device in devices))
    raise SourceError(f"no microphone named {query!r}; there are: {names}")


def _matching(devices: list[InputDevice], query: str) -> list[InputDevice]:
    wanted = query.casefold()
    by_id = [device for device in devices if wanted in (device.id.casefold(), *_other_ids(device))]
    return by_id or [device for device in devices if wanted in device.name.casefold()]


def _other_ids(device: InputDevice) -> tuple[str, ...]:
    """Return the ids that it has with and without another such device plugged in."""
    kind = device.id.removesuffix(f"@{device.port}").casefold()
    return (kind, f"{kind}@{device.port}") if device.port else ()


@dataclass(frozen=True, slots=True)
class Recording:
    """An open stream; its audio is in ``queue``, which closes when the device goes away."""

    device: InputDevice
    queue: AudioQueue
    _stream: Any

    @property
    def name(self) -> str:
        """Words for people."""
        device = self.device.name
        return device if "hw:" in device else f"microphone ({device})"

    def end(self) -> End:
        """Return how it ended: a device ends only by going away."""
        return End("the device is gone")

    def close(self) -> None:
        """Stop at once."""
        with ONE_AT_A_TIME:
            _close(self._stream)


def _close(stream: Any) -> None:
    if stream in _OPEN_STREAMS:
        _OPEN_STREAMS.remove(stream)
        with suppress(library().PortAudioError):
            stream.abort()
        with suppress(library().PortAudioError):
            stream.close()


def record(device: InputDevice, piece_s: float) -> Recording:
    """Open ``device`` at whatever rate and channel count it takes; ``SourceError`` if it takes none.

    It hands over ``piece_s`` seconds at once.
    """
    problem: Exception | None = None
    for sample_rate, channels in _formats(device):
        try:
            return _record(device, sample_rate, channels, piece_s)
        except (library().PortAudioError, ValueError) as error:
            problem = error
    raise SourceError(f"{device.name}: cannot be opened ({_words(problem)}); is another program using it?")


def _record(device: InputDevice, sample_rate: int, channels: int, piece_s: float) -> Recording:
    queue, told = AudioQueue(sample_rate, channels), Event()
    pace = Pace(clock.steady_s(), at_first_s=EARLY_S, at_once_s=MAX_AGE_S)

    def callback(data: Any, n_frames: int, times: Any, status: Any) -> None:
        if status.input_overflow:
            queue.put_hole(Hole(0.0, "the sound device dropped audio"))
        # After a sound server or this process stood still, the delayed audio arrives in one burst.
        age_s = times.currentTime - times.inputBufferAdcTime
        queue.put(bytes(data), age_s if 0.0 <= age_s <= MAX_AGE_S else 0.0)
        if wait_s := pace.wait_s(n_frames / sample_rate, clock.steady_s()):
            if not told.is_set():
                queue.put_hole(Hole(0.0, TOO_FAST))
            told.set()
            time.sleep(min(wait_s, 2 * piece_s))  # in the device's thread; PortAudio may end meanwhile

    with _chosen(device.server_source):
        stream = library().RawInputStream(
            device=device.index,
            samplerate=sample_rate,
            channels=channels,
            dtype="int16",
            blocksize=round(sample_rate * piece_s),
            callback=callback,
            finished_callback=queue.close,
        )
    _OPEN_STREAMS.append(stream)
    try:
        stream.start()
    except Exception:
        _close(stream)
        raise
    return Recording(device, queue, stream)


@contextmanager
def _chosen(server_source: str | None) -> Iterator[None]:
    """Connect the next stream to this source of the sound server, whose library reads the name on connecting."""
    if server_source is None:
        yield
        return
    before = os.environ.get("PULSE_SOURCE")
    os.environ["PULSE_SOURCE"] = server_source
    try:
        yield
    finally:
        if before is None:
            del os.environ["PULSE_SOURCE"]
        else:
            os.environ["PULSE_SOURCE"] = before


def _formats(device: InputDevice) -> Iterator[tuple[int, int]]:
    rates = dict.fromkeys((device.sample_rate, *RATES))
    channels = dict.fromkeys((min(device.channels, MAX_CHANNELS), 1, device.channels))
    return ((rate, count) for count in channels for rate in rates)


def _words(error: Exception | None) -> str:
    return str(error).partition(" [PaErrorCode")[0].removeprefix("Error opening RawInputStream: ")
