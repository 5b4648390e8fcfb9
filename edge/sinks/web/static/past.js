// What was heard today.
import { ask } from "./ask.js";
import { $, colour, isLight, lasting, make, model, paint, words } from "./words.js";

const HISTORY_EVERY_MS = 60_000;
const HISTORY_LAG_MS = 7_000; // after a change, the history has it by then
let historyTimer = 0;

export const isShown = () => !$("day").hidden;

export function askForHistory(delay) {
  clearTimeout(historyTimer);
  historyTimer = setTimeout(async () => {
    try {
      showDay(await (await ask("api/history")).json());
    } catch (error) {
      $("day").hidden = error.status === 404;
    }
    if (isShown()) askForHistory(HISTORY_EVERY_MS);
  }, delay);
}

function showDay(day) {
  $("day").hidden = false;
  const canvas = $("timeline");
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const start = Date.parse(day.start);
  const whole = Date.parse(day.end) - start;
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (const part of day.segments) {
    const label = part.genre ?? part.state;
    if (label === "warming_up" || label === "no_source") continue;
    const from = ((Date.parse(part.start) - start) / whole) * canvas.width;
    const width = Math.max(1, ((1000 * part.duration_s) / whole) * canvas.width);
    context.fillStyle = paint(label) ?? style.getPropertyValue("--quiet");
    const height = canvas.height * (model.colours.has(label) ? 1 : model.states.get(label)?.height ?? 0.2);
    context.fillRect(from, canvas.height - height, width, height);
  }
  $("hours").replaceChildren(...day.hours.map(({ label, time }) => {
    const mark = make("li", "", label);
    mark.style.left = `${100 * ((Date.parse(time) - start) / whole)}%`;
    return mark;
  }));
  const told = day.totals.filter((total) => total.label !== "warming_up" && total.seconds >= 1);
  told.sort((a, b) => !model.colours.has(a.label) - !model.colours.has(b.label) || b.seconds - a.seconds);
  $("totals").replaceChildren(...told.map((total) => {
    const row = make("li", "");
    row.append(make("span", "swatch"), make("span", "", `${words(total.label)} ${lasting(total.seconds)}`));
    colour(row, total.label);
    return row;
  }));
}

$("now").addEventListener("answer", () => askForHistory(HISTORY_LAG_MS));
isLight.addEventListener("change", () => { if (isShown()) askForHistory(0); });
