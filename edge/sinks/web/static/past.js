// What was heard on a day, or in a week, a month or a year.
import { ask } from "./ask.js";
import { showHeat } from "./heat.js";
import { tell } from "./tip.js";
import { $, colour, isLight, lasting, make, model, paint, put, words } from "./words.js";

const HISTORY_EVERY_MS = 60_000;
const HISTORY_LAG_MS = 7_000; // after a change, the history has it by then
const DAY_MS = 86_400_000;
const UNTOLD = ["warming_up", "no_source"];
let historyTimer = 0;
let asking = 0;
let span = "day";
let chosen = null; // the day that is shown, or whose week, month or year is; null for today
let drawn = null; // the day that is drawn

export const isShown = () => !$("day").hidden;

/** A local date as the device writes it. Noon in UTC, so that no change of clocks moves it. */
const dateOf = (text) => new Date(`${text}T12:00Z`);
const textOf = (date) => date.toISOString().slice(0, 10);
const inWords = (text, style) => dateOf(text).toLocaleDateString("en-GB", { timeZone: "UTC", ...style });
const clock = (time) => new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

export function askForHistory(delay) {
  clearTimeout(historyTimer);
  historyTimer = setTimeout(async () => {
    const mine = ++asking;
    try {
      const day = chosen ? `day=${chosen}` : "";
      const path = span === "day" ? `api/history${day && "?"}${day}` : `api/period?span=${span}&${day}`;
      const found = await (await ask(path)).json();
      if (mine === asking) (span === "day" ? showDay : showPeriod)(found);
    } catch (error) {
      if (error.status === 404) $("day").hidden = $("list").hidden = true;
    }
    if (mine === asking && isShown() && !chosen) askForHistory(HISTORY_EVERY_MS);
  }, delay);
}

function showDay(day) {
  drawn = day;
  showAround(day.day, chosen ? inWords(day.day, { weekday: "long", day: "numeric", month: "long", year: "numeric" }) : "Today");
  const canvas = $("timeline");
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const start = Date.parse(day.start);
  const whole = Date.parse(day.end) - start;
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (const part of day.segments) {
    const label = part.corrected ?? part.genre ?? part.state;
    if (UNTOLD.includes(label)) continue;
    const from = ((Date.parse(part.start) - start) / whole) * canvas.width;
    const width = Math.max(1, ((1000 * part.duration_s) / whole) * canvas.width);
    context.fillStyle = paint(label) ?? style.getPropertyValue("--quiet");
    const height = canvas.height * (model.colours.has(label) ? 1 : model.states.get(label)?.height ?? 0.2);
    context.fillRect(from, canvas.height - height, width, height);
  }
  const now = (Date.now() - start) / whole;
  $("hours").replaceChildren(...day.hours.map(({ label, time }) => {
    const mark = make("li", "", label);
    mark.style.left = `${100 * ((Date.parse(time) - start) / whole)}%`;
    return mark;
  }));
  $("now-mark").hidden = now < 0 || now > 1;
  $("now-mark").style.left = `${100 * now}%`;
  $("now-mark").classList.toggle("late", now > 0.5);
  showTotals(day, "on the day before");
}

function showPeriod(period) {
  const last = textOf(new Date(dateOf(period.after).getTime() - DAY_MS));
  const titles = {
    week: () => `${inWords(period.first, { day: "numeric", month: "long" })} to ${inWords(last, { day: "numeric", month: "long", year: "numeric" })}`,
    month: () => inWords(period.first, { month: "long", year: "numeric" }),
    year: () => period.first.slice(0, 4),
  };
  showAround(chosen ?? textOf(new Date()), titles[period.span]());
  showHeat(period, (day) => goTo(day, period.span === "year" ? "month" : "day"));
  showTotals(period, `in the ${period.span} before`);
}

function showAround(day, title) {
  $("day").hidden = $("list").hidden = false;
  put($("day-title"), title);
  $("one-day").hidden = span !== "day";
  $("many-days").hidden = span === "day";
  if (document.activeElement !== $("date")) $("date").value = day;
  $("today").disabled = !chosen;
  for (const button of $("spans").children) button.setAttribute("aria-pressed", String(button.dataset.span === span));
}

function showTotals({ totals, before }, than) {
  const earlier = new Map(before.map(({ label, seconds }) => [label, seconds]));
  const told = totals.filter(({ label, seconds }) => label !== "warming_up" && seconds >= 1);
  told.sort((a, b) => !model.colours.has(a.label) - !model.colours.has(b.label) || b.seconds - a.seconds);
  const gone = before.filter(({ label, seconds }) => seconds >= 60 && model.colours.has(label) && !told.some((total) => total.label === label));
  $("totals").replaceChildren(...told.map(({ label, seconds }) => {
    const row = make("li", "");
    row.append(make("span", "swatch"), make("span", "", `${words(label)} ${lasting(seconds)}`));
    const more = seconds - (earlier.get(label) ?? 0);
    if (before.length && model.colours.has(label) && Math.abs(more) >= 60) {
      row.append(make("span", more > 0 ? "more" : "less", `${more > 0 ? "+" : "−"}${lasting(Math.abs(more))}`));
    }
    colour(row, label);
    return row;
  }));
  $("nothing-heard").hidden = told.length > 0;
  const music = (list) => list.reduce((sum, { label, seconds }) => sum + (model.colours.has(label) ? seconds : 0), 0);
  const missed = gone.length ? `; none of ${gone.map(({ label }) => words(label)).join(", ")} this time` : "";
  put($("compared"), before.length ? `Music for ${lasting(music(totals))}; ${lasting(music(before))} ${than}, up to the same time${missed}.` : "");
}

function goTo(day, asSpan = span) {
  span = asSpan;
  chosen = day && day !== textOfToday() ? day : null;
  askForHistory(0);
}

/** Today as the device has it, as far as is known; else as this browser does. */
function textOfToday() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function step(way) {
  const date = dateOf(chosen ?? $("date").value);
  if (span === "day" || span === "week") date.setUTCDate(date.getUTCDate() + way * (span === "day" ? 1 : 7));
  else {
    const months = way * (span === "month" ? 1 : 12);
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + months);
    date.setUTCDate(Math.min(day, new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()));
  }
  goTo(textOf(date));
}

tell($("timeline"), (x) => {
  const start = Date.parse(drawn.start);
  const at = start + x * (Date.parse(drawn.end) - start);
  const part = drawn.segments.find((one) => Date.parse(one.start) <= at && at < Date.parse(one.start) + 1000 * one.duration_s);
  return `${clock(at)}${part ? ` ${words(part.corrected ?? part.genre ?? part.state)}, ${lasting(part.duration_s)} from ${clock(part.start)}` : ""}`;
});
$("spans").addEventListener("click", ({ target }) => { if (target.dataset.span) goTo(chosen, target.dataset.span); });
$("earlier").addEventListener("click", () => step(-1));
$("later").addEventListener("click", () => step(1));
$("today").addEventListener("click", () => goTo(null));
$("date").addEventListener("change", () => { if ($("date").value) goTo($("date").value); });
$("now").addEventListener("answer", () => { if (!chosen) askForHistory(HISTORY_LAG_MS); });
isLight.addEventListener("change", () => { if (isShown()) askForHistory(0); });
