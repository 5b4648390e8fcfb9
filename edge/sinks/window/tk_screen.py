"""The process that draws on the screen: shows the newest picture that it receives. Escape or q ends it.

It is started as a file by ``fullscreen``, and imports nothing of ours: NumPy would double its memory. Pictures come as
JSON over a socket whose number is its argument; it ends when the other end is closed.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

#: What is answered first: this, or why there is no window.
OPEN, NO_TKINTER = "open", "no tkinter"
#: Exit status when a person has closed it; Xlib ends a process that has lost its server with 1.
LEFT = 10
#: Bytes of one message, at most.
MESSAGE_BYTES = 65_536
BACK, INK, QUIET, TRACK, TROUBLE = "#0d1116", "#eef2f6", "#9aa7b4", "#1d252e", "#ff7b72"
#: Families in the order in which they are taken, by what is there.
FAMILIES = ("DejaVu Sans", "Noto Sans", "Liberation Sans", "FreeSans")
#: Milliseconds between two looks at the clock; seconds after which choices that nobody takes go away.
CLOCK_MS, CHOOSING_S = 1000, 20.0
#: Choices side by side, and names in the legend, at most.
COLUMNS, MAX_LEGEND = 3, 6
#: Shares of the window's height: where lines are, and how large.
MARGIN, FOOT = 0.05, 0.17
GENRE_HEIGHT, FIGURES_HEIGHT, BENEATH_HEIGHT, SMALL_HEIGHT = 0.44, 0.085, 0.05, 0.042


def main() -> int:
    """Show pictures until the other end closes, or a person does; returns the exit status."""
    pictures = socket.socket(fileno=int(sys.argv[1]))
    try:
        import tkinter
    except ImportError:  # many a Python is built or packaged without Tk
        pictures.send(NO_TKINTER.encode())
        return 1
    try:
        root = tkinter.Tk(className="livegenre")
    except tkinter.TclError as error:
        pictures.send(str(error).encode(errors="replace"))
        return 1
    pictures.send(OPEN.encode())
    return _show(root, pictures)


def _show(root: Any, pictures: socket.socket) -> int:
    import tkinter

    root.title("livegenre")
    root.configure(background=BACK, cursor="none")
    root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")  # also without a window manager
    root.attributes("-fullscreen", True)
    canvas = tkinter.Canvas(root, background=BACK, highlightthickness=0)
    canvas.pack(fill="both", expand=True)
    drawing = Drawing(canvas)
    touching = Touching(drawing, pictures)
    statuses: list[int] = []

    def leave(_event: object = None) -> None:
        statuses.append(LEFT)
        root.destroy()

    def take(_socket: object, _mask: int) -> None:
        newest = _newest(pictures)
        if newest is None:
            root.deletefilehandler(pictures)
            root.destroy()
        elif newest:
            drawing.show(json.loads(newest))

    for key in ("<Escape>", "q"):
        root.bind(key, leave)
    root.protocol("WM_DELETE_WINDOW", leave)
    canvas.bind("<Configure>", lambda _: drawing.draw())
    canvas.bind("<Button-1>", touching.touch)

    def tick() -> None:
        touching.end_if_left()
        drawing.show_clock()
        root.after(CLOCK_MS, tick)

    tick()
    pictures.setblocking(False)
    root.createfilehandler(pictures, tkinter.READABLE, take)
    root.focus_force()
    root.mainloop()
    return statuses[0] if statuses else 0


def _newest(pictures: socket.socket) -> bytes | None:
    """Return the last message that waits, b"" if none does; None once the other end is closed."""
    newest = b""
    try:
        while True:
            message = pictures.recv(MESSAGE_BYTES)
            if not message:
                return None
            newest = message
    except BlockingIOError:
        return newest
    except ConnectionResetError:
        return None


class Drawing:
    """The shapes on the canvas."""

    def __init__(self, canvas: Any) -> None:
        from tkinter import font

        self._canvas, self._measured = canvas, font.Font
        there = set(font.families(canvas))
        self._family = next((name for name in FAMILIES if name in there), "TkDefaultFont")
        self._picture: dict[str, Any] = {}
        self.choosing: dict[str, Any] | None = None  # the picture that choices are offered for

    def show(self, picture: dict[str, Any]) -> None:
        """Update the drawing."""
        if picture != self._picture:
            self._picture = picture
            self.draw()

    def draw(self) -> None:
        """Draw everything anew: a few dozen shapes."""
        canvas, picture = self._canvas, self._picture
        width, height = canvas.winfo_width(), canvas.winfo_height()
        if width < 2 or not picture:
            return  # not on the screen yet, or nothing to show
        canvas.delete("all")
        if self.choosing is not None:
            self._draw_choices(self.choosing, width, height)
            return
        canvas.create_rectangle(0, 0, width, height, fill=BACK, width=0)  # letters reach beyond what Tk clears of them
        left, right = MARGIN * height, width - MARGIN * height
        headline, colour = picture["headline"], picture["colour"]
        size = self._fitting(headline, right - left, GENRE_HEIGHT * height)
        canvas.create_text(left, 0.33 * height, text=headline, anchor="w", fill=colour, font=self._font(size, "bold"))
        figures = self._font(FIGURES_HEIGHT * height, "bold")
        canvas.create_text(left, 0.74 * height, text=picture["figures"], anchor="w", fill=INK, font=figures)
        small = self._font(SMALL_HEIGHT * height)
        problem_colour = TROUBLE if picture["is_problem"] else QUIET
        canvas.create_text(left, 0.06 * height, text=picture["top"], anchor="w", fill=problem_colour, font=small)
        beneath = picture["beneath"]
        fitting = self._font(self._fitting(beneath, right - left, BENEATH_HEIGHT * height, "normal"))
        canvas.create_text(left, 0.635 * height, text=beneath, anchor="w", fill=QUIET, font=fitting)
        self._draw_hour(left, right, (1 - FOOT) * height, height)
        self.show_clock()

    @property
    def picture(self) -> dict[str, Any]:
        """The picture that is shown, or lies under the choices."""
        return self._picture

    def show_clock(self) -> None:
        """Bring the time of day up to date."""
        canvas = self._canvas
        canvas.delete("clock")
        if self.choosing is None and self._picture:
            width, height = canvas.winfo_width(), canvas.winfo_height()
            font, at = self._font(SMALL_HEIGHT * height), (width - MARGIN * height, 0.06 * height)
            canvas.create_text(*at, text=time.strftime("%H:%M"), anchor="e", fill=INK, font=font, tags="clock")

    def _draw_choices(self, picture: dict[str, Any], width: int, height: int) -> None:
        canvas = self._canvas
        canvas.create_rectangle(0, 0, width, height, fill=BACK, width=0)
        for place, (name, colour) in enumerate(offered(picture)):
            left, top, right, bottom = box_of(place, len(offered(picture)), width, height)
            canvas.create_rectangle(left, top, right, bottom, fill=TRACK, width=0)
            size = self._fitting(name, 0.9 * (right - left), 0.3 * (bottom - top))
            middle = (left + right) / 2, (top + bottom) / 2
            canvas.create_text(*middle, text=name, fill=colour, font=self._font(size, "bold"))

    def _draw_hour(self, left: float, right: float, top: float, height: float) -> None:
        canvas, cells = self._canvas, self._picture["hour"]
        bottom = height - 0.085 * height
        canvas.create_rectangle(left, top, right, bottom, fill=TRACK, width=0)
        width = (right - left) / len(cells)
        for place, cell in enumerate(cells):
            if cell is not None:
                colour, share = cell
                x = left + place * width
                canvas.create_rectangle(x, bottom - share * (bottom - top), x + width + 1, bottom, fill=colour, width=0)
        small = self._font(SMALL_HEIGHT * height)
        y = 0.955 * height
        canvas.create_text(left, y, text="an hour ago", anchor="w", fill=QUIET, font=small)
        canvas.create_text(right, y, text="now", anchor="e", fill=QUIET, font=small)
        measure = self._measured(canvas, font=small).measure
        x, end = left + measure("an hour ago") + height * MARGIN, right - measure("now") - height * MARGIN
        side = SMALL_HEIGHT * height * 0.7
        for name, colour in self._picture["legend"][:MAX_LEGEND]:
            if x + 1.5 * side + measure(name) > end:
                break
            canvas.create_rectangle(x, y - side / 2, x + side, y + side / 2, fill=colour, width=0)
            canvas.create_text(x + 1.5 * side, y, text=name, anchor="w", fill=INK, font=small)
            x += 3 * side + measure(name)

    def _font(self, pixels: float, weight: str = "normal") -> tuple[str, int, str]:
        return self._family, -max(8, round(pixels)), weight  # negative: pixels, whatever the screen says of its size

    def _fitting(self, text: str, width: float, height: float, weight: str = "bold") -> float:
        pixels = height
        measured: float = self._measured(self._canvas, font=self._font(pixels, weight)).measure(text)
        return pixels if measured <= width else pixels * width / measured * 0.98


def offered(picture: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the words and colours of the choices, in their order; the last takes nothing."""
    return [*((name, colour) for _, name, colour in picture["choices"]), ("Cancel", QUIET)]


def box_of(place: int, n_choices: int, width: int, height: int) -> tuple[float, float, float, float]:
    """Return where on the screen a choice is: left, top, right and bottom."""
    n_rows, gap = -(-n_choices // COLUMNS), 0.02 * height
    row, column = divmod(place, COLUMNS)
    w, h = (width - gap) / COLUMNS, (height - gap) / n_rows
    return gap + column * w, gap + row * h, (column + 1) * w, (row + 1) * h


class Touching:
    """Touches: the first touch offers the model's labels, the second says what it was."""

    def __init__(self, drawing: Drawing, pictures: socket.socket) -> None:
        self._drawing, self._pictures = drawing, pictures
        self._end_s = 0.0

    def touch(self, event: Any) -> None:
        """Take a touch."""
        drawing = self._drawing
        meant = drawing.choosing
        if meant is None:
            if drawing.picture.get("segment"):
                self._end_s = time.monotonic() + CHOOSING_S
                self._choose(drawing.picture)
            return
        n_choices, size = len(offered(meant)), (event.widget.winfo_width(), event.widget.winfo_height())
        for place, (label, _, _) in enumerate(meant["choices"]):
            left, top, right, bottom = box_of(place, n_choices, *size)
            if left <= event.x <= right and top <= event.y <= bottom:
                self._pictures.send(json.dumps({"genre": label, "segment": meant["segment"]}).encode())
        self._choose(None)

    def end_if_left(self) -> None:
        """Remove choices that have timed out."""
        if self._drawing.choosing is not None and time.monotonic() > self._end_s:
            self._choose(None)

    def _choose(self, picture: dict[str, Any] | None) -> None:
        self._drawing.choosing = picture
        self._drawing.draw()


if __name__ == "__main__":
    sys.exit(main())
