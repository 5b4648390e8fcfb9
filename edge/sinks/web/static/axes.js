// What stands beside the scrolling pictures: Hz, notes and seconds, and the words beside the pointer.
import { tell } from "./tip.js";
import { $, make, model } from "./words.js";

const SECONDS = 30;
const TICKS_HZ = [100, 500, 1000, 2000, 4000, 8000];
const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const TICKS_NOTES = ["C", "E", "G", "B"];

const placed = (name, side, share) => {
  const mark = make("li", "", name);
  mark.style[side] = `${100 * share}%`;
  return mark;
};

/** Where a frequency is, from 0 at the lower edge to 1: bands lie ever further apart. */
function placeOf(hz, bands) {
  const above = bands.findIndex((middle) => middle >= hz);
  if (above < 1) return null;
  const between = (hz - bands[above - 1]) / (bands[above] - bands[above - 1]);
  return (above - 0.5 + between) / bands.length;
}

/** Draw the axes, once the device has said which bands there are. */
export function showAxes() {
  const bands = model.bandsHz;
  $("hz").replaceChildren(...TICKS_HZ.flatMap((hz) => {
    const place = placeOf(hz, bands);
    return place === null ? [] : [placed(hz < 1000 ? String(hz) : `${hz / 1000}k`, "bottom", place)];
  }));
  $("notes").replaceChildren(...TICKS_NOTES.map((name) => placed(name, "bottom", (NOTES.indexOf(name) + 0.5) / NOTES.length)));
  $("seconds").replaceChildren(...[30, 20, 10, 0].map((ago) => placed(ago ? `−${ago} s` : "now", "left", 1 - ago / SECONDS)));
}

const ago = (x) => `${((1 - x) * SECONDS).toFixed(0)} s ago`;
const row = (y, list) => list[Math.max(0, Math.min(list.length - 1, Math.floor((1 - y) * list.length)))];
tell($("spectrogram"), (x, y) => (model.bandsHz.length ? `${row(y, model.bandsHz)} Hz, ${ago(x)}` : ago(x)));
tell($("chromagram"), (x, y) => `${row(y, NOTES)}, ${ago(x)}`);
