// A week, a month or a year, hour by hour: a row for each day, or for each month of a year.
import { $, colour, lasting, make, model, paint, words } from "./words.js";
import { tell } from "./tip.js";

const HOURS = 24;
const LEAST_OPACITY = 0.3; // of an hour in which hardly anything was heard

const cells = new WeakMap(); // what a cell tells

const nameOfRow = (span, day) => new Date(`${day}T00:00`).toLocaleDateString("en-GB",
  span === "year" ? { month: "short" } : span === "month" ? { weekday: "short", day: "numeric" } : { weekday: "short", day: "numeric", month: "short" });

/** Show a period as `/api/period` gives it; `goTo` is called with the first day of a row that is chosen. */
export function showHeat(period, goTo) {
  const head = make("tr", "");
  head.append(make("td", ""), ...[...Array(HOURS).keys()].map((hour) => {
    const cell = make("th", "", String(hour));
    cell.scope = "col";
    return cell;
  }));
  $("heat").tHead.replaceChildren(head);
  $("heat").tBodies[0].replaceChildren(...period.rows.map(({ day, hours }) => {
    const row = make("tr", "");
    const name = make("th", "");
    name.scope = "row";
    const button = make("button", "", nameOfRow(period.span, day));
    button.type = "button";
    button.addEventListener("click", () => goTo(day));
    name.append(button);
    row.append(name, ...hours.map((hour, place) => cellOf(hour, `${nameOfRow(period.span, day)}, ${place}:00`)));
    return row;
  }));
}

function cellOf({ of, seconds }, when) {
  const cell = make("td", "");
  const heard = Object.entries(seconds).filter(([label]) => label !== "warming_up" && label !== "no_source");
  if (heard.length === 0) return cell;
  const genres = heard.filter(([label]) => model.colours.has(label));
  const [label] = genres[0] ?? heard[0];
  const music = genres.reduce((sum, [, one]) => sum + one, 0);
  const told = heard.slice(0, 3).map(([one, lasted]) => `${words(one)} ${lasting(lasted)}`).join(", ");
  const square = make("span", "square");
  colour(square, label);
  square.style.opacity = genres.length ? LEAST_OPACITY + (1 - LEAST_OPACITY) * Math.min(1, music / (of || 1)) : 1;
  square.classList.toggle("low", genres.length === 0);
  square.style.background = paint(label) ?? "";
  cell.append(square, make("span", "hidden-text", told));
  cells.set(cell, `${when}: ${told}`);
  return cell;
}

tell($("heat"), (_x, _y, target) => cells.get(target.closest("td")) ?? "");
