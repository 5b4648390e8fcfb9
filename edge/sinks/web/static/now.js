// What is heard now, and the state of the device.
import { ask, send } from "./ask.js";
import { showAxes } from "./axes.js";
import { makeChoices, showCorrection } from "./correct.js";
import { $, colour, lasting, make, model, percent, put, words } from "./words.js";

let answer = ""; // the label that is shown now
let shown = ""; // what is shown now, as words
let since = null;
let last = null; // what was shown last

/** What there is to show where nobody knows what is heard. */
const nothing = (shown) => ({
  shown, genre: null, state: "no_source", beneath: [], since: null, confidence: null, probabilities: {},
  tempo_bpm: null, level_dbfs: undefined, correctable: false, segment: null, corrected: null,
});

export function showNow(now) {
  showAnswer(now.listening ? now : { ...now, ...nothing(now.source.name ? "stopped" : "starting") });
  showSource(now);
  showStatus(now);
}

export function showNoConnection() {
  document.body.className = "lost";
  $("listening").hidden = true;
  put($("source-name"), "no connection to the device; trying again");
  showAnswer(nothing("no connection"));
}

function showAnswer(now) {
  last = now;
  const names = Object.keys(now.probabilities);
  if (names.length && names.join() !== model.labels.join()) {
    model.labels = names;
    makeBars();
  }
  if (now.shown !== shown) {
    if (shown) $("now").dispatchEvent(new Event("answer"));
    shown = now.shown;
    put($("genre"), shown);
    $("genre").style.setProperty("--letters", Math.max(4, shown.length));
    $("genre").classList.toggle("long", shown.length > 14);
    put($("announce"), now.genre ? `Now: ${shown}` : shown);
  }
  const title = [shown, model.room, "livegenre"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  answer = now.genre ?? now.state;
  colour($("now"), answer);
  since = now.since && Date.parse(now.since);
  put($("confidence"), percent(now.confidence));
  put($("tempo"), now.tempo_bpm == null ? "–" : `${Math.round(now.tempo_bpm)} BPM`);
  put($("beneath"), now.beneath.join(" · "));
  showBars(now);
  showLevel(now.state === "paused" ? {} : now);
  showCorrection(now);
}

function showSource(now) {
  const isFine = now.listening && !now.source.problem;
  const isPaused = now.state === "paused";
  document.body.className = isPaused ? "paused" : isFine ? "live" : "lost";
  const trouble = now.source.problem ? `: ${now.source.problem}; trying again` : !now.listening ? ": stopped" : isPaused ? `: ${words(now.state)}` : "";
  $("listening").hidden = !now.listening;
  put($("listening"), isPaused ? "Listen again" : "Pause listening");
  put($("source-name"), (now.source.name || "starting") + trouble);
}

async function turnListening() {
  try {
    await send("api/listening", "POST", { on: document.body.className === "paused" });
  } catch (error) {
    put($("source-name"), error.message);
  }
}

function makeBars() {
  $("bars").replaceChildren(...model.labels.map((label) => {
    const row = make("li", "");
    const track = make("span", "track");
    track.setAttribute("aria-hidden", "true");
    track.append(make("span", "bar"));
    row.append(make("span", "name", words(label)), track, make("span", "value", "–"));
    colour(row, label);
    return row;
  }));
  makeChoices();
}

function showBars(now) {
  [...$("bars").children].forEach((row, place) => {
    const label = model.labels[place];
    const share = Object.hasOwn(now.probabilities, label) ? now.probabilities[label] : null;
    row.classList.toggle("shown", label === now.genre);
    row.querySelector(".bar").style.width = `${100 * (share ?? 0)}%`;
    put(row.querySelector(".value"), percent(share));
  });
}

export function showLevel({ level_dbfs: level }, where = "") {
  const told = level === undefined ? "–" : level === null ? "no signal" : `${Math.round(level)} dBFS`.replace("-", "−");
  for (const value of document.querySelectorAll(`.level${where || ":not(.other)"} .level-value`)) put(value, told);
  for (const bar of document.querySelectorAll(`.level${where || ":not(.other)"} .level-bar`)) {
    bar.style.width = `${level == null ? 0 : Math.max(0, Math.min(100, 100 + level / 0.6))}%`;
    bar.className = `level-bar ${level > -3 ? "clipping" : level > -12 ? "loud" : ""}`;
  }
}

function showSince() {
  put($("since"), since ? lasting(Math.max(0, (Date.now() - since) / 1000)) : "–");
}

// Device and model

const facts = new Map();

function fact(name, value) {
  if (!facts.has(name)) {
    const row = make("div", "");
    row.append(make("dt", "", name), make("dd", ""));
    $("status").append(row);
    facts.set(name, row.lastChild);
  }
  put(facts.get(name), value);
}

function showStatus(now) {
  fact("listening for", lasting(now.audio_s ?? 0));
  fact("audio lost", now.dropped_s ? `${lasting(now.dropped_s)} in ${now.gaps} gaps` : "none");
  fact("behind", now.backlog_s >= 1 ? lasting(now.backlog_s) : "not at all");
  if (now.history || facts.has("history")) fact("history", now.history ?? "written again");
  if (now.update_cost_s != null) fact("an update takes", `${(1000 * now.update_cost_s).toFixed(1)} ms`);
}

export async function askForModel() {
  const found = await (await ask("api/model")).json();
  fact("model", `${found.name}, ${found.labels.length} classes, hears ${Math.round(found.window_s)} s`);
  fact("runtime", found.runtime);
  const accuracy = found.metrics?.valid?.accuracy;
  if (accuracy?.value) {
    const [low, high] = (accuracy.interval_95 ?? []).map((share) => Math.round(100 * share));
    fact("right", `${percent(accuracy.value)} of ${accuracy.n} tracks${high ? ` (95 % interval ${low} to ${high})` : ""}`);
  }
  model.colours = new Map(Object.entries(found.colours));
  model.states = new Map(Object.entries(found.states));
  model.bandsHz = found.bands_hz;
  showAxes();
  if (model.labels.length === 0) model.labels = found.labels;
  makeBars();
  colour($("now"), answer);
  if (last) showAnswer(last);
}

$("listening").addEventListener("click", turnListening);
setInterval(showSince, 1000);
