"""A window that fills the screen: the genre in letters to be read from across the room, and the last hour below.

Tk, which belongs to Python, runs in a thread of its own, and looks a few times a second at the view that is left for
it. Escape or q ends it.
"""

from __future__ import annotations

import gc
import threading
import tkinter
from collections.abc import Callable
from tkinter import font as tkfont

from edge import words
from edge.errors import FaceError
from edge.events import Event, State
from edge.sinks import last_hour
from edge.sinks.colours import colours
from edge.sinks.view import View, view_after

#: Milliseconds between two looks at what there is to show.
LOOK_EVERY_MS = 150
BACK, INK, QUIET, TRACK, TROUBLE = "#0d1116", "#eef2f6", "#9aa7b4", "#1d252e", "#ff7b72"
#: Families in the order in which they are taken, by what is there.
FAMILIES = ("DejaVu Sans", "Noto Sans", "Liberation Sans", "FreeSans")
#: Shares of the window's height: where lines are, and how large.
MARGIN, FOOT = 0.05, 0.17
GENRE_HEIGHT, FIGURES_HEIGHT, BENEATH_HEIGHT, SMALL_HEIGHT = 0.44, 0.085, 0.05, 0.042
STRIP_CELLS = 180  # of 20 s


class Window:
    """Sink that keeps the window up to date."""

    def __init__(self, on_exit: Callable[[], None] = lambda: None) -> None:
        """``on_exit`` is called when a person closes it. Raises ``FaceError`` where there is no screen."""
        self._on_exit = on_exit
        self._view = View()
        self._closing = False
        self._problem: str | None = None
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, name="window", daemon=True)
        self._thread.start()
        self._is_open.wait()
        if self._problem is not None:
            raise FaceError(f"no window: {self._problem}; run this in a graphical session, or set DISPLAY")

    def __call__(self, event: Event) -> None:
        """Leave the view after an event for the window; never waits."""
        self._view = view_after(self._view, event)

    def close(self) -> None:
        """Close the window."""
        self._closing = True
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        try:
            root = tkinter.Tk(className="livegenre")
        except tkinter.TclError as error:
            self._problem = words.safe(error)
            return
        finally:
            self._is_open.set()
        self._show(root)
        del root
        gc.collect()  # what is left of Tk: Tcl ends the process if another thread comes to release it

    def _show(self, root: tkinter.Tk) -> None:
        root.title("livegenre")
        root.configure(background=BACK, cursor="none")
        root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")  # also without a window manager
        root.attributes("-fullscreen", True)
        canvas = tkinter.Canvas(root, background=BACK, highlightthickness=0)
        canvas.pack(fill="both", expand=True)
        drawing = Drawing(canvas)

        def leave(_event: object = None) -> None:
            root.destroy()
            self._on_exit()

        def look() -> None:
            if self._closing:
                root.destroy()
                return
            drawing.show(self._view)
            root.after(LOOK_EVERY_MS, look)

        for key in ("<Escape>", "q"):
            root.bind(key, leave)
        root.protocol("WM_DELETE_WINDOW", leave)
        canvas.bind("<Configure>", lambda _: drawing.draw())
        root.focus_force()
        look()
        root.mainloop()


class Drawing:
    """What is on the canvas."""

    def __init__(self, canvas: tkinter.Canvas) -> None:
        self._canvas = canvas
        there = set(tkfont.families(canvas))
        self._family = next((name for name in FAMILIES if name in there), "TkDefaultFont")
        self._view = View()

    def show(self, view: View) -> None:
        """Bring the drawing up to date."""
        if view is not self._view:
            self._view = view
            self.draw()

    def draw(self) -> None:
        """Draw everything anew: a few dozen shapes."""
        canvas, view = self._canvas, self._view
        width, height = canvas.winfo_width(), canvas.winfo_height()
        if width < 2:
            return  # not on the screen yet
        canvas.delete("all")
        canvas.create_rectangle(0, 0, width, height, fill=BACK, width=0)  # letters reach beyond what Tk clears of them
        left, right = MARGIN * height, width - MARGIN * height
        colour = self._colour(view.genre) or QUIET
        text = words.label(view.headline)
        size = self._fitting(text, right - left, GENRE_HEIGHT * height)
        canvas.create_text(left, 0.33 * height, text=text, anchor="w", fill=colour, font=self._font(size, "bold"))
        figures = self._font(FIGURES_HEIGHT * height, "bold")
        canvas.create_text(left, 0.74 * height, text=_figures(view), anchor="w", fill=INK, font=figures)
        small = self._font(SMALL_HEIGHT * height)
        top = view.problem or view.source
        problem_colour = TROUBLE if view.problem else QUIET
        canvas.create_text(left, 0.06 * height, text=top, anchor="w", fill=problem_colour, font=small)
        beneath = words.joined(view.beneath)
        fitting = self._font(self._fitting(beneath, right - left, BENEATH_HEIGHT * height, "normal"))
        canvas.create_text(left, 0.635 * height, text=beneath, anchor="w", fill=QUIET, font=fitting)
        self._draw_hour(left, right, (1 - FOOT) * height, height)

    def _draw_hour(self, left: float, right: float, top: float, height: float) -> None:
        canvas, view = self._canvas, self._view
        bottom = height - 0.085 * height
        canvas.create_rectangle(left, top, right, bottom, fill=TRACK, width=0)
        from_s = view.audio_s - last_hour.HOUR_S
        width = (right - left) / STRIP_CELLS
        for place, label in enumerate(last_hour.cells(view.heard, STRIP_CELLS, from_s, view.audio_s)):
            if label is None or label in (State.WARMING_UP, State.NO_SOURCE):
                continue
            colour = self._colour(label)
            begin = top if colour else top + 0.75 * (bottom - top)
            x = left + place * width
            canvas.create_rectangle(x, begin, x + width + 1, bottom, fill=colour or QUIET, width=0)
        small = self._font(SMALL_HEIGHT * height)
        y = 0.955 * height
        canvas.create_text(left, y, text="an hour ago", anchor="w", fill=QUIET, font=small)
        canvas.create_text(right, y, text="now", anchor="e", fill=QUIET, font=small)

    def _colour(self, label: str | None) -> str | None:
        found = colours(self._view.labels).get(label or "")
        return None if found is None else found.on_dark

    def _font(self, pixels: float, weight: str = "normal") -> tuple[str, int, str]:
        return self._family, -max(8, round(pixels)), weight  # negative: pixels, whatever the screen says of its size

    def _fitting(self, text: str, width: float, height: float, weight: str = "bold") -> float:
        pixels = height
        measured = tkfont.Font(self._canvas, font=self._font(pixels, weight)).measure(text)
        return pixels if measured <= width else pixels * width / measured * 0.98


def _figures(view: View) -> str:
    parts = []
    if view.confidence is not None:
        parts.append(f"{view.confidence:.0%} sure")
    if view.tempo_bpm is not None:
        parts.append(words.tempo(view.tempo_bpm))
    return "    ".join(parts)
