"""A radio and a camera on this machine: real servers of HTTP and of RTSP that play music, each with a password."""

from __future__ import annotations

import base64
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import numpy as np

from features_np.pcm import float32_to_int16
from tests.edge.audio.feeds import RATE, music

USER, PASSWORD = "a-secret-name", "a-secret-word"
CREDENTIALS = f"{USER}:{PASSWORD}"
AUTHORIZATION = f"Basic {base64.b64encode(CREDENTIALS.encode()).decode()}"
PIECE_S = 0.1


_ENDLESS = 0xFFFFFFFF
WAV_HEAD = struct.pack("<4sI4s4sIHHII", b"RIFF", _ENDLESS, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE)
WAV_HEAD += struct.pack("<HH4sI", 2, 16, b"data", _ENDLESS)


class Station:
    """The audio of a server, in pieces, while it is on the air; its flags inject faults."""

    def __init__(self) -> None:
        self.still = self.mute = self.fast = False
        self.is_over = threading.Event()

    def pieces(self, is_over: threading.Event) -> Iterator[bytes]:
        """Yield s16le at the pace of the clock."""
        played, at, size = float32_to_int16(music()), 0, round(RATE * PIECE_S)
        due = time.monotonic()
        while not is_over.is_set():
            if not self.still:
                piece = played[at : at + size].tobytes()
                yield bytes(len(piece)) if self.mute else piece
                at = (at + size) % len(played)
                if self.fast:
                    continue
            due = max(due + PIECE_S, time.monotonic() - 1.0)
            is_over.wait(max(0.0, due - time.monotonic()))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Broadcast:
    """A server at one port, which can be stopped and started again."""

    handler: type[socketserver.BaseRequestHandler]
    scheme = ""

    def __init__(self) -> None:
        self.station = Station()
        self.asked: list[str] = []  # every request, as it came
        self._over = threading.Event()
        self._port = 0
        self.begin()

    @property
    def uri(self) -> str:
        """Its address, with the password, and with a key as cameras want them."""
        return f"{self.scheme}://{CREDENTIALS}@127.0.0.1:{self._port}/live?key={PASSWORD}"

    @property
    def name(self) -> str:
        """All of it that may be shown."""
        return f"127.0.0.1:{self._port}"

    def begin(self) -> None:
        """Start the server."""
        self._over = over = threading.Event()
        kind = type("Handler", (self.handler,), {"station": self.station, "over": over, "asked": self.asked})
        self._server = _Server(("127.0.0.1", self._port), kind)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        """Stop the server and close all connections."""
        if not self._over.is_set():
            self._over.set()
            self._server.shutdown()
            self._server.server_close()

    def close(self) -> None:
        """Stop the server for good."""
        self.end()


class _HttpHandler(BaseHTTPRequestHandler):
    station: Station
    over: threading.Event
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Authorization']}")
        if self.headers["Authorization"] != AUTHORIZATION:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="radio"')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.end_headers()
        with suppress(OSError):  # nobody listens any more
            self.wfile.write(WAV_HEAD)
            for piece in self.station.pieces(self.over):
                self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Radio(_Broadcast):
    """An internet radio."""

    handler, scheme = _HttpHandler, "http"


class _RtspHandler(socketserver.StreamRequestHandler):
    """RTSP 1.0 (RFC 2326) with its media interleaved, as far as one track needs it: L16 (RFC 3551) over RTP."""

    station: Station
    over: threading.Event
    asked: list[str]

    def handle(self) -> None:
        with suppress(OSError):  # nobody listens any more
            self._serve()

    def _serve(self) -> None:
        while head := self._request():
            method = head.partition(" ")[0]
            self.asked.append(head)
            answers: dict[str, Callable[[], None]] = {
                "OPTIONS": lambda: self._answer("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"),
                "DESCRIBE": self._describe,
                "SETUP": lambda: self._answer("Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"),
                "PLAY": self._play,
            }
            if method != "OPTIONS" and self._authorization != AUTHORIZATION:
                self._answer('WWW-Authenticate: Basic realm="camera"', status="401 Unauthorized")
            else:
                answers.get(method, lambda: self._answer("Session: 1"))()

    def _request(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode(errors="replace").strip()) or not lines:
            if not line:
                return ""
            lines.append(line)
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        self._sequence, self._authorization = fields.get("cseq", "0"), fields.get("authorization")
        return lines[0]

    def _answer(self, *fields: str, status: str = "200 OK", body: str = "") -> None:
        length = [f"Content-Length: {len(body)}", "Content-Type: application/sdp"] if body else []
        head = [f"RTSP/1.0 {status}", f"CSeq: {self._sequence}", *fields, *length]
        self.wfile.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())

    def _describe(self) -> None:
        session = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=room", "c=IN IP4 0.0.0.0", "t=0 0"]
        track = ["m=audio 0 RTP/AVP 96", f"a=rtpmap:96 L16/{RATE}/1", "a=control:track1"]
        self._answer(body="\r\n".join([*session, *track, ""]))

    def _play(self) -> None:
        self._answer("Session: 1")
        at = 0
        for number, piece in enumerate(self.station.pieces(self.over)):
            swapped = np.frombuffer(piece, "<i2").astype(">i2").tobytes()
            packet = struct.pack(">BBHII", 0x80, 96, number & 0xFFFF, at, 1) + swapped
            self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            at += len(piece) // 2
        self.connection.shutdown(socket.SHUT_RDWR)


class Camera(_Broadcast):
    """A camera with a microphone."""

    handler, scheme = _RtspHandler, "rtsp"
