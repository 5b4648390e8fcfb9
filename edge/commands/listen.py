"""``livegenre listen``: the genre now, from the microphone or another source."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Any

from edge import stdio
from edge.commands import Subparsers, add_model_option, add_styles_option
from edge.commands.history import path_of
from edge.sinks.every_face import FACES, draws_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from edge.audio.raw_format import RawFormat
    from edge.audio.sources import Source
    from edge.events import Event
    from edge.live.pipeline import Pipeline
    from edge.model.bundle import Bundle
    from edge.model.personal import LayerWatch
    from edge.sinks import Sink
    from edge.sinks.history import HistorySink
    from edge.switch import Switch

DEMO_ENDS = (
    "That was the demo, which livegenre synthesizes: classical, metal, talk, silence, jazz, reggae, hip hop, disco. "
    "Next: livegenre listen, with a microphone, or livegenre classify FILE."
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "listen",
        help="say the genre of what is playing now",
        description="Say the genre of what is playing now, every second, until the source ends or Ctrl-C. "
        "On the display p pauses, with the microphone closed, and q ends.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--source",
        default="mic",
        metavar="URI",
        help="mic (default), mic:NAME, file:PATH, a stream (http://, https://, rtsp://; needs ffmpeg), "
        "or s16le audio: - (standard input), cmd:COMMAND, file:FIFO",
    )
    source.add_argument("--demo", action="store_true", help="play music of six genres, made by livegenre itself")
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")
    parser.add_argument("--fast", action="store_true", help="run as fast as possible, for sources that are not live")
    parser.add_argument("--wait", action="store_true", help="wait for the microphone if it is not there yet")
    parser.add_argument("--rate", type=int, metavar="HZ", help="sample rate of -, cmd: and a FIFO (default 44100)")
    parser.add_argument("--channels", type=int, metavar="N", help="channels of -, cmd: and a FIFO (default 2)")
    parser.add_argument(
        "--history",
        nargs="?",
        type=path_of,
        const=path_of(""),
        metavar="FILE",
        help="keep what is heard, as the service does, in FILE or your own history (see `livegenre history`)",
    )
    add_model_option(parser)
    add_styles_option(parser)
    faces = parser.add_argument_group(
        "faces", "Shown beside the output; each needs its extra, livegenre[web] and so on."
    )
    for face in FACES:
        option = face.option
        follows: dict[str, Any] = {"action": "store_const"}
        if option.metavar:
            follows = {"nargs": "?", "metavar": option.metavar}
        faces.add_argument(option.flag, dest=face.section, const=option.alone, help=option.help, **follows)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Listen; status 0 when the source ends, or q or SIGTERM asks to stop. Ctrl-C ends as ``KeyboardInterrupt``."""
    from edge.audio.recovery.switched import Switched
    from edge.errors import ConfigError
    from edge.events import Stopped
    from edge.live.pipeline import Pipeline, PipelineSettings
    from edge.model.bundle import load_bundle
    from edge.progress import take_over
    from edge.sinks.guard import Guarded
    from edge.switch import Switch

    if args.fast and args.history is not None:
        raise ConfigError("--history cannot be combined with --fast, whose audio has no time of day")
    raw = _raw_format(args)
    bundle = load_bundle(args.model)
    watched = not args.json and stdio.can_be_drawn_on(sys.stdout)
    progress = take_over()
    source, switch = _source(args, raw, watched=watched, away_since=progress.away_since), Switch()
    sections = {face.section: face.asked_for(getattr(args, face.section)) for face in FACES}
    settings = PipelineSettings(styles=not args.no_styles, sound=draws_sound(sections))
    learned = _learned(args, bundle)
    layer = learned.layer if learned else None
    pipeline = Pipeline(Switched(source, switch), bundle, settings, progress=progress, personal=layer)
    signals = _stop_on_signals(pipeline)
    sinks: list[Sink] = []
    history: HistorySink | None = None
    warning: str | None = None
    try:
        if args.history is not None:
            history = _history(_file(args.history))
            sinks.append(Guarded(history, "history"))
        announced: list[str] = []
        sinks += _faces(sections, bundle, _history_of(args), pipeline, switch=switch, announce=announced.append)
        if not watched:
            for text in announced:
                stdio.tell(text)
        output = _sink(args, pipeline, switch, announced, watched=watched)
        sinks.append(Guarded(output, "output", passes=(BrokenPipeError,)))
        for event in pipeline.events():
            _hand_on(event, sinks, history)
            _follow(learned, pipeline)
            if isinstance(event, Stopped):
                warning = event.warning
    finally:
        source.close()  # first: a failing sink must not leave a microphone open
        for sink in sinks:
            sink.close()
    if warning is not None:
        stdio.tell(warning)
    if signal.SIGINT in signals:
        raise KeyboardInterrupt
    if args.demo and not args.json:
        print(DEMO_ENDS)
    return 0


def _raw_format(args: argparse.Namespace) -> RawFormat:
    from edge.audio.raw_format import RawFormat
    from edge.checked import make

    given = {"sample_rate": args.rate, "channels": args.channels}
    return make(
        RawFormat,
        {name: value for name, value in given.items() if value is not None},
        {"sample_rate": "--rate", "channels": "--channels"},
    )


def _source(args: argparse.Namespace, raw: RawFormat, *, watched: bool, away_since: float | None) -> Source:
    from edge.audio.sources import from_uri

    uri = "demo" if args.demo else args.source
    return from_uri(uri, fast=args.fast, wait=args.wait, watched=watched, raw=raw, away_since=away_since)


def _hand_on(event: Event, sinks: Sequence[Sink], history: HistorySink | None) -> None:
    for sink in sinks:
        sink(event)
    for news in history.news() if history is not None else ():
        for sink in sinks:
            sink(news)


def _history(file: Path) -> HistorySink:
    from edge.sinks.history import HistorySink

    return HistorySink(file)


def _history_of(args: argparse.Namespace) -> Path | None:
    return None if args.history is None else _file(args.history)


def _learned(args: argparse.Namespace, bundle: Bundle) -> LayerWatch | None:
    """Return the watch over the personal layer of the history that is kept, if any."""
    from edge.model.personal import LayerWatch

    file = _history_of(args)
    return None if file is None else LayerWatch(file, bundle)


def _follow(learned: LayerWatch | None, pipeline: Pipeline) -> None:
    if learned is not None and learned.look():
        pipeline.answer_with(learned.layer)


def _file(given: Path) -> Path:
    from edge.history.database import own_file

    return given if given.name else own_file()


def _faces(
    sections: Mapping[str, Any],
    bundle: Bundle,
    history: Path | None,
    pipeline: Pipeline,
    *,
    switch: Switch,
    announce: Callable[[str], None],
) -> list[Sink]:
    """Open the requested faces; without any, import nothing."""
    if not any(settings.enabled for settings in sections.values()):
        return []
    from edge.service.faces import Faces
    from edge.sinks.present import Present

    present = Present()
    faces = Faces(present, switch, announce=announce, on_exit=pipeline.stop)
    try:
        faces.show(sections, bundle, history)
    except BaseException:
        faces.close()
        raise
    return [present, faces]


def _sink(
    args: argparse.Namespace, pipeline: Pipeline, switch: Switch, announced: Sequence[str], *, watched: bool
) -> Sink:
    if args.json:
        from edge.sinks.jsonl import JsonLines

        return JsonLines(sys.stdout)
    if watched:
        from edge.sinks.terminal import Terminal

        return Terminal(quit_asked=pipeline.stop, switch=switch, notice="; ".join(announced), history=_history_of(args))
    from edge.sinks.lines import Lines

    return Lines(sys.stdout)


def _stop_on_signals(pipeline: Pipeline) -> list[int]:
    """Stop in order on the first Ctrl-C or SIGTERM, at once on a second one; return the signals that came."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        pipeline.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return came
