"""PortAudio, through ``sounddevice``: finding inputs and opening one. The only file that names either.

PortAudio lists the devices once, when it starts: a list that is to show what is plugged in *now* needs it to be
ended and started again, which ``list_anew`` does. No stream may be open then.
"""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

from edge.audio import sound_server
from edge.audio.recovery.attempt import Attempt
from edge.audio.recovery.live_source import End
from edge.audio.recovery.queue import AudioQueue
from edge.errors import NoMicrophone, NoSoundSystem, SourceError
from edge.events import Hole

NO_LIBRARY = "PortAudio is not installed: sudo apt install libportaudio2"
NO_MICROPHONE = "no microphone found: plug one in and see `livegenre devices`, or try `livegenre listen --demo`"
#: Rates to try, in Hz, when a device refuses the one it names as its own.
RATES = (48_000, 44_100, 32_000, 22_050, 16_000, 8_000)
#: What ALSA calls PulseAudio, and PipeWire in its place.
SERVER_DEVICE = "pulse"
#: More channels than these are never a microphone in a room; virtual devices offer 32 and more.
MAX_CHANNELS = 2
#: Audio is never older than this, in seconds; a driver that does not know when it recorded says anything.
MAX_AGE_S = 60.0

#: PortAudio may not be used from two threads at once: a source that was given up may still be opening a device.
ONE_AT_A_TIME = RLock()
_OPEN_STREAMS: list[Any] = []

#: Seconds that the list of devices may take before the sound server hangs.
LIST_S = 4.0

PROC_ASOUND = Path("/proc/asound")


@dataclass(frozen=True, slots=True)
class InputDevice:
    """An input as PortAudio lists it now; ``index`` and ALSA card numbers change, ``id`` and ``name`` do not."""

    index: int
    id: str  # usb-VENDOR:PRODUCT, card-NAME, or the name where there is neither
    name: str
    channels: int
    sample_rate: int  # Hz, the device's own
    is_default: bool
    server_source: str | None = None  # which of a sound server's sources it is, where ``index`` is the server

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values that mean something to others."""
        values = asdict(self)
        del values["index"], values["server_source"]
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
    # It would end PortAudio when the process ends, and wait for a sound server that hangs; the system cleans up too.
    atexit.unregister(module._exit_handler)
    return module


def list_anew() -> None:
    """Make PortAudio see the devices that are there now; ``SourceError`` if it does not start."""
    # PortAudio ends all streams when it ends, and whoever closes one after that touches freed memory.
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


def inputs(proc_asound: Path = PROC_ASOUND) -> list[InputDevice]:
    """List the inputs, in PortAudio's order."""
    sd = library()
    host = sd.default.hostapi
    default = sd.query_hostapis(host)["default_input_device"] if host >= 0 else -1
    return [
        InputDevice(
            index=index,
            id=stable_id(device["name"], proc_asound),
            name=device["name"],
            channels=device["max_input_channels"],
            sample_rate=round(device["default_samplerate"]),
            is_default=index == default,
        )
        for index, device in enumerate(sd.query_devices())
        if device["max_input_channels"] > 0
    ]


def server_inputs(devices: list[InputDevice]) -> list[InputDevice]:
    """List the sources of the sound server, where one of the ``devices`` is the server as a whole."""
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
    found = re.search(r"\(hw:(\d+),\d+\)", name)
    if not found:
        return name
    card = proc_asound / f"card{found[1]}"
    for file, prefix in (("usbid", "usb-"), ("id", "card-")):
        with suppress(OSError):
            return prefix + (card / file).read_text().strip()
    return name


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
    by_id = [device for device in devices if device.id.casefold() == wanted]
    return by_id or [device for device in devices if wanted in device.name.casefold()]


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
        """Return how it ended: what is plugged in goes on until it is not."""
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
    queue = AudioQueue(sample_rate, channels)

    def callback(data: Any, _frames: int, times: Any, status: Any) -> None:
        if status.input_overflow:
            queue.put_hole(Hole(0.0, "the sound device dropped audio"))
        # What a sound server held back, while it or this process stood still, comes in one burst.
        age_s = times.currentTime - times.inputBufferAdcTime
        queue.put(bytes(data), age_s if 0.0 <= age_s <= MAX_AGE_S else 0.0)

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
    """Let the next stream to the sound server be one to this source: its library reads the name when it connects."""
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
