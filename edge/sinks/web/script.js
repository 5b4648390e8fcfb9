// What the device hears, as it hears it. Nothing is asked of any other machine, and nothing is put into the page as HTML.
import { Pictures } from "./pictures.js";

const $ = (id) => document.getElementById(id);
const WORDS = { no_music: "no music", warming_up: "listening", unsure: "not sure", silence: "silence", no_source: "no source" };
const TOKEN = "livegenre-token";
const HISTORY_EVERY_MS = 60_000;
const HISTORY_LAG_MS = 7_000; // after a change, the history has it by then

let labels = [];
let colours = new Map(); // by genre, as the device says; states and "no music" have none
let answer = ""; // the label that is shown now
let shown = ""; // what is shown now, as words
let since = null;
let historyTimer = 0;
let stream = null;
let turn = 0; // of staying connected: only the newest goes on
const isLight = matchMedia("(prefers-color-scheme: light)");
const pictures = new Pictures($("spectrogram"), $("chromagram"));

const words = (label) => WORDS[label] ?? label.replaceAll("_", " ");
const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)} %`);

function colour(element, label) {
  const found = colours.get(label);
  element.classList.toggle("no-genre", !found);
  element.style.setProperty("--on-dark", found?.on_dark ?? "");
  element.style.setProperty("--on-light", found?.on_light ?? "");
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function lasting(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Asking

async function ask(path, options = {}) {
  const token = localStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options, headers });
  if (answer.status === 401) askForToken(token !== null);
  if (!answer.ok) throw Object.assign(new Error(await problem(answer)), { status: answer.status });
  return answer;
}

async function problem(answer) {
  try {
    return (await answer.json()).error ?? `error ${answer.status}`;
  } catch {
    return `error ${answer.status}`;
  }
}

function askForToken(wasWrong) {
  if (wasWrong) put($("token-why"), "The token in this browser is not the device's. It keeps it in the file that its configuration names.");
  $("choose").close();
  $("token-wanted").hidden = false;
  $("token").focus();
}

function takeTokenFromLink() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (!found) return;
  localStorage.setItem(TOKEN, found[1]);
  history.replaceState(null, "", location.pathname);
}

// Now

function showNow(now) {
  const names = Object.keys(now.probabilities);
  if (names.length && names.join() !== labels.join()) {
    labels = names;
    makeBars();
  }
  if (now.shown !== shown) {
    if (shown) askForHistory(HISTORY_LAG_MS);
    shown = now.shown;
    put($("genre"), shown);
    $("genre").style.setProperty("--letters", Math.max(4, shown.length));
    $("genre").classList.toggle("long", shown.length > 14);
    put($("announce"), now.genre ? `Now: ${shown}` : shown);
    document.title = `${shown} · livegenre`;
  }
  answer = now.genre ?? now.state;
  colour($("now"), answer);
  since = now.since && Date.parse(now.since);
  put($("confidence"), percent(now.confidence));
  put($("tempo"), now.tempo_bpm == null ? "–" : `${Math.round(now.tempo_bpm)} BPM`);
  put($("beneath"), now.beneath.join(" · "));
  showBars(now);
  showLevel(now);
  showSource(now);
  showStatus(now);
  showCorrection(now);
}

function showSource(now) {
  const isFine = now.listening && !now.source.problem;
  document.body.className = isFine ? "live" : "lost";
  const trouble = now.source.problem ? `: ${now.source.problem}; trying again` : now.listening ? "" : ": stopped";
  put($("source-name"), (now.source.name || "starting") + trouble);
}

function makeBars() {
  $("bars").replaceChildren(...labels.map((label) => {
    const row = make("li", "");
    const track = make("span", "track");
    track.setAttribute("aria-hidden", "true");
    track.append(make("span", "bar"));
    row.append(make("span", "name", words(label)), track, make("span", "value", "–"));
    colour(row, label);
    return row;
  }));
  $("choices").replaceChildren(...labels.map((label) => {
    const button = make("button", "", words(label));
    button.type = "button";
    button.addEventListener("click", () => correct(label));
    return button;
  }));
}

function showBars(now) {
  [...$("bars").children].forEach((row, place) => {
    const share = now.probabilities[labels[place]] ?? 0;
    row.classList.toggle("shown", labels[place] === now.genre);
    row.querySelector(".bar").style.width = `${100 * share}%`;
    put(row.querySelector(".value"), percent(share));
  });
}

function showLevel({ level_dbfs: level }) {
  put($("level-value"), level == null ? "no signal" : `${Math.round(level)} dBFS`.replace("-", "−"));
  const bar = $("level-bar");
  bar.style.width = `${level == null ? 0 : Math.max(0, Math.min(100, 100 + level / 0.6))}%`;
  bar.className = level > -3 ? "clipping" : level > -12 ? "loud" : "";
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
  if (now.update_cost_s != null) fact("an update takes", `${(1000 * now.update_cost_s).toFixed(1)} ms`);
}

async function askForModel() {
  const model = await (await ask("api/model")).json();
  fact("model", `${model.name}, ${model.labels.length} classes, hears ${Math.round(model.window_s)} s`);
  fact("runtime", model.runtime);
  const accuracy = model.metrics?.valid?.accuracy;
  if (accuracy?.value) {
    const [low, high] = (accuracy.interval_95 ?? []).map((share) => Math.round(100 * share));
    fact("right", `${percent(accuracy.value)} of ${accuracy.n} tracks${high ? ` (95 % interval ${low} to ${high})` : ""}`);
  }
  colours = new Map(Object.entries(model.colours));
  if (labels.length === 0) {
    labels = model.labels;
    makeBars();
  }
  [...$("bars").children].forEach((row, place) => colour(row, labels[place]));
  colour($("now"), answer);
}

// The day

function askForHistory(delay) {
  clearTimeout(historyTimer);
  historyTimer = setTimeout(async () => {
    try {
      showDay(await (await ask("api/history")).json());
    } catch (error) {
      $("day").hidden = error.status === 404;
    }
    if (!$("day").hidden) askForHistory(HISTORY_EVERY_MS);
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
    const found = colours.get(label);
    const from = ((Date.parse(part.start) - start) / whole) * canvas.width;
    const width = Math.max(1, ((1000 * part.duration_s) / whole) * canvas.width);
    context.fillStyle = found?.[isLight.matches ? "on_light" : "on_dark"] ?? style.getPropertyValue("--quiet");
    const height = found ? canvas.height : canvas.height / 5;
    context.fillRect(from, canvas.height - height, width, height);
  }
  if (!$("hours").children.length) {
    $("hours").append(...[0, 4, 8, 12, 16, 20, 24].map((hour) => make("li", "", `${hour}:00`)));
  }
  const told = day.totals.filter((total) => total.label !== "warming_up" && total.seconds >= 1);
  told.sort((a, b) => !colours.has(a.label) - !colours.has(b.label) || b.seconds - a.seconds);
  $("totals").replaceChildren(...told.map((total) => {
    const row = make("li", "");
    row.append(make("span", "swatch"), make("span", "", `${words(total.label)} ${lasting(total.seconds)}`));
    colour(row, total.label);
    return row;
  }));
}

// Putting it right

function showCorrection(now) {
  $("correction").hidden = !now.correctable;
  put($("corrected"), now.corrected ? `You said: ${words(now.corrected)}` : "");
  $("undo").hidden = !now.corrected;
}

async function correct(genre) {
  try {
    const body = JSON.stringify({ genre });
    await ask("api/correction", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    $("choose").close();
    askForHistory(0);
  } catch (error) {
    put($("choose-problem"), error.message);
  }
}

async function undo() {
  try {
    await ask("api/correction", { method: "DELETE" });
    askForHistory(0);
  } catch (error) {
    put($("corrected"), error.message);
  }
}

// Staying connected

const takes = { now: showNow, level: showLevel, sound: (sound) => { $("heard").hidden = false; pictures.take(sound); } };

/** Read server-sent events (fetch, not EventSource: that cannot send the token). */
async function read(signal) {
  const reader = (await ask("api/events", { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  askForModel().catch(() => {}).finally(() => askForHistory(0));
  $("token-wanted").hidden = true;
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields.data) takes[fields.event]?.(JSON.parse(fields.data));
    }
  }
}

async function stayConnected() {
  let wait = 500;
  const mine = ++turn;
  while (mine === turn && !document.hidden) {
    const began = Date.now();
    stream = new AbortController();
    try {
      await read(stream.signal);
    } catch (error) {
      if (error.status === 401) return;
    }
    if (mine !== turn || document.hidden) return;
    document.body.className = "lost";
    put($("source-name"), "no connection to the device; trying again");
    wait = Date.now() - began > 10_000 ? 500 : Math.min(2 * wait, 8_000);
    await new Promise((done) => setTimeout(done, wait));
  }
}

isLight.addEventListener("change", () => { if (!$("day").hidden) askForHistory(0); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream?.abort(); // a page that nobody sees costs the device nothing
  else stayConnected();
});
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(TOKEN, $("token").value.trim());
  $("token-wanted").hidden = true;
  stream?.abort();
  stayConnected();
});
$("correct").addEventListener("click", () => { put($("choose-problem"), ""); $("choose").showModal(); });
$("choose-close").addEventListener("click", () => $("choose").close());
$("undo").addEventListener("click", undo);
setInterval(showSince, 1000);
takeTokenFromLink();
stayConnected();
