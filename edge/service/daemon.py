"""``livegenre daemon``: listening as a service, for months.

One loop handles the events of all rooms: it feeds the service manager's watchdog while every room says something, the
histories and the log, so that a hang is detected. A signal only sets a flag, which the loop sees at the next event,
within 0.75 s; each room listens in a thread of its own, and calls that can hang in the sound system run in others.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

from edge.errors import BundleError, ConfigError, EdgeError, HistoryError, RuntimeMissing, SoundSystemStuck
from edge.events import Event, Started
from edge.http.shared import Shared
from edge.model.bundle import Bundle, load_bundle
from edge.progress import Progress, take_over_all
from edge.rooms import RoomName
from edge.service import logs
from edge.service.config import Config, load_config
from edge.service.room import Opened, Room
from edge.service.room_thread import Ended
from edge.service.sd_notify import Notifier
from edge.service.settings import FileSettings

log = logging.getLogger(__name__)

#: Exit status for errors that a restart cannot fix (EX_CONFIG of sysexits.h); the unit file names it.
BAD_CONFIG = 78
#: Events that may wait for the loop; a room that finds no place waits, and its audio in its own queue.
MOST_WAITING = 256
#: Seconds after which the loop looks about though no room says anything.
LOOK_S = 0.5
#: Seconds that rooms are given to end.
STOP_S = 10.0


def run(path: Path) -> int:
    """Listen as the configuration file says until the source ends or SIGTERM; returns the exit status."""
    logs.set_up("info")
    notifier = Notifier()
    try:
        return Daemon(path, notifier).run()
    except (ConfigError, BundleError, RuntimeMissing, HistoryError) as error:
        log.error("%s", error)
        return BAD_CONFIG
    except SoundSystemStuck as error:
        log.warning("%s: starting anew", error)
        raise
    except EdgeError as error:
        log.error("%s", error)
        return error.exit_status
    finally:
        notifier.close()


class Daemon:
    """The service between start and SIGTERM."""

    def __init__(self, path: Path, notifier: Notifier) -> None:
        self._path = path
        self._notifier = notifier
        self._config = load_config(path)
        self._bundle = _bundle(self._config)
        self._settings = FileSettings(path, self._ask_to_reload)
        self._shared = Shared()
        self._said: Queue[tuple[Room, Event | Ended]] = Queue(MOST_WAITING)
        self._rooms: list[Room] = []
        self._leaving: list[Room] = []  # no longer configured, and not ended yet
        self._silent: set[Room] = set()  # those that have said nothing since the watchdog was fed
        self._awaited: set[Room] = set()  # those that have not started since the configuration was read
        self._stop_asked = self._reload_asked = False
        self._stop_by: float | None = None
        progress = take_over_all()  # from the process that this one replaced
        with ExitStack() as opened:
            for name in self._config.rooms():
                self._rooms.append(self._room(name, self._config, self._bundle, progress.get(name.slug)))
                opened.callback(self._rooms[-1].close)
            self._show_faces()
            opened.pop_all()
        logs.set_up(self._config.log.level)

    def _room(self, name: RoomName, config: Config, bundle: Bundle, progress: Progress | None = None) -> Room:
        with logs.about(name.shown):
            return Room(
                name, config, bundle, settings=self._settings, shared=self._shared, say=self._say, progress=progress
            )

    def _say(self, room: Room, said: Event | Ended) -> None:
        self._said.put((room, said))

    def run(self) -> int:
        """Listen until asked to stop, going on with each change of configuration; returns the exit status."""
        with self._signals():
            try:
                for room in self._rooms:
                    self._begin(room)
                while not self._is_over():
                    self._step()
                self._notifier.stopping()
            except SoundSystemStuck as stuck:
                self._wind_down()
                for room in self._rooms:
                    stuck.rooms.setdefault(room.name.slug, room.progress())
                raise
            finally:
                self._wind_down()
                for room in self._all():
                    room.close()
        log.info("stopped")
        return 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: object) -> None:
            self._stop_asked = True

        def reload(_number: int, _frame: object) -> None:
            self._reload_asked = True

        handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask_to_reload(self) -> None:
        self._reload_asked = True

    def _all(self) -> list[Room]:
        return [*self._rooms, *self._leaving]

    def _begin(self, room: Room) -> None:
        self._awaited.add(room)
        room.listen()

    # The loop

    def _is_over(self) -> bool:
        is_overdue = self._stop_by is not None and time.monotonic() >= self._stop_by
        return is_overdue or all(room.is_finished for room in self._all())

    def _step(self) -> None:
        """Take one event, if one comes; do what is due."""
        with suppress(Empty):
            room, said = self._said.get(timeout=LOOK_S)
            with logs.about(room.name.shown):
                self._take(room, said)
        self._feed_watchdog()
        if self._stop_asked:
            self._stop()
        elif self._reload_asked and not self._leaving and not any(room.is_changing for room in self._rooms):
            self._reload()
        for room in self._rooms:
            with logs.about(room.name.shown):
                room.retry()
                is_free = not any(other.is_learning for other in self._rooms)  # one at a time: it takes memory
                room.look_after_learning(may_begin=is_free)

    def _take(self, room: Room, said: Event | Ended) -> None:
        self._silent.discard(room)
        if isinstance(said, Ended):
            self._end(room, said.error)
            return
        room.take(said)
        if isinstance(said, Started):
            self._started(room)
        self._notifier.status(" | ".join(room.status for room in self._rooms))

    def _started(self, room: Room) -> None:
        self._awaited.discard(room)
        if not self._awaited:
            self._notifier.ready()

    def _feed_watchdog(self) -> None:
        """Feed it once each room that listens has said something since the last time."""
        if not self._silent:
            self._notifier.alive()
            self._silent = {room for room in self._all() if room.is_running}

    def _end(self, room: Room, error: BaseException | None) -> None:
        """Take note of a room's end; an error ends the others only if a new process is needed or it is a defect."""
        is_stuck = isinstance(error, SoundSystemStuck)
        if error is not None and (is_stuck or len(self._rooms) == 1 or not isinstance(error, EdgeError)):
            if isinstance(error, SoundSystemStuck):
                error.rooms = {room.name.slug: error.progress}
            room.stop()
            room.ended()
            raise error
        room.ended(error if isinstance(error, EdgeError) and room in self._rooms else None)
        if room in self._leaving:
            self._leaving.remove(room)
            room.close()
        elif not room.is_running:
            self._started(room)  # nothing to wait for

    def _stop(self) -> None:
        if self._stop_by is None:
            self._stop_by = time.monotonic() + STOP_S
            for room in self._all():
                room.stop()

    def _wind_down(self) -> None:
        """Let all rooms end, and take what they say until then."""
        self._stop()
        while not self._is_over():
            with suppress(Empty):
                room, said = self._said.get(timeout=LOOK_S)
                if isinstance(said, Ended):
                    room.ended()
                else:
                    room.take(said)

    # Another configuration

    def _reload(self) -> None:
        """Reload the configuration. If it has an error, nothing changes."""
        self._reload_asked = False
        self._notifier.reloading()
        changed: set[Room] = set()
        try:
            changed = self._take_over(load_config(self._path))
        except EdgeError as error:
            log.error("configuration kept as it was: %s", error)
        else:
            names = ", ".join(room.name.shown for room in self._rooms if room in changed)
            where = f" in {names}" if names else ""
            log.info("configuration read again%s", f"; listening starts anew{where}" if changed else "")
        self._awaited |= changed
        if not self._awaited:
            self._notifier.ready()

    def _take_over(self, config: Config) -> set[Room]:
        """Open what the configuration names, then close what was open before; all of it or nothing.

        Returns the rooms that listen anew.
        """
        is_other_model = config.model.folder != self._config.model.folder
        bundle = _bundle(config) if is_other_model else self._bundle
        here = {room.name.slug: room for room in self._rooms}
        rooms: dict[RoomName, Room] = {}
        changes: dict[Room, Opened] = {}
        with ExitStack() as opened:
            for name in config.rooms():
                room = rooms[name] = here.get(name.slug) or self._room(name, config, bundle)
                if name.slug not in here:
                    opened.callback(room.close)
                else:
                    changes[room] = room.opened_for(config, name, is_other_model=is_other_model)
                    opened.callback(changes[room].close)
            opened.pop_all()
        self._config, self._bundle = config, bundle
        self._leave([room for room in self._rooms if room not in changes])
        self._rooms = [*rooms.values()]
        changed = set()
        for name, room in rooms.items():
            if room not in changes or room.go_on(config, name, bundle, changes[room]):
                changed.add(room)
        self._show_faces()
        for room in changed - changes.keys():
            self._begin(room)
        logs.set_up(config.log.level)
        return changed

    def _leave(self, rooms: list[Room]) -> None:
        """Part with rooms that are no longer configured; they still say what they heard last."""
        for room in rooms:
            room.leave()
            self._awaited.discard(room)
            if room.is_running:
                self._leaving.append(room)
            else:
                room.close()

    def _show_faces(self) -> None:
        for room in self._rooms:
            room.close_changed_faces()
        for room in self._rooms:
            with logs.about(room.name.shown):
                room.open_faces()


def _bundle(config: Config) -> Bundle:
    return load_bundle(config.model.folder or None)
