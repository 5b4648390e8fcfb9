// What the device hears, as it hears it. Nothing is asked of any other machine, and nothing is put into the page as HTML.
import { Pictures } from "./pictures.js";

const $ = (id) => document.getElementById(id);
const TOKEN = "livegenre-token";
const HISTORY_EVERY_MS = 60_000;
const HISTORY_LAG_MS = 7_000; // after a change, the history has it by then

let labels = [];
let colours = new Map(); // by genre, as the device says; states and "no music" have none
let states = new Map(); // by state: words, and for the day a colour and a height
let answer = ""; // the label that is shown now
let shown = ""; // what is shown now, as words
let since = null;
let last = null; // what was shown last
let historyTimer = 0;
let stream = null;
let turn = 0; // of staying connected: only the newest goes on
const isLight = matchMedia("(prefers-color-scheme: light)");
const pictures = new Pictures($("spectrogram"), $("chromagram"));

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu; // controls, marks that turn the writing direction and the like
const JOINERS = "\u200c\u200d"; // which Persian, Indic languages and emoji need
const escaped = (letter) => (JOINERS.includes(letter) ? letter : `\\u${letter.codePointAt(0).toString(16).padStart(4, "0")}`);
const safe = (text) => text.replace(HIDDEN, escaped);
const words = (label) => states.get(label)?.words ?? safe(label).replaceAll("_", " ");
const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)} %`);

function colour(element, label) {
  const found = colours.get(label) ?? states.get(label);
  element.classList.toggle("no-genre", !colours.has(label));
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

/** Ask the device; where it wants a token, wait for the person to give one, and ask again. */
async function ask(path, options = {}) {
  for (;;) {
    const token = localStorage.getItem(TOKEN);
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options, headers });
    if (answer.ok) return answer;
    if (answer.status !== 401) throw Object.assign(new Error(await problem(answer)), { status: answer.status });
    await tokenGiven(token, await problem(answer));
  }
}

async function problem(answer) {
  try {
    return (await answer.json()).error ?? `error ${answer.status}`;
  } catch {
    return `error ${answer.status}`;
  }
}

let token = null; // what is waited for while the page has none that is right: { given, give }

/** Wait until there is another token than `refused`; what was being chosen is chosen still. */
async function tokenGiven(refused, why) {
  if (localStorage.getItem(TOKEN) !== refused) return; // meanwhile
  const place = /needs the token in (.+): Authorization/.exec(why)?.[1] ?? "the file that its configuration names";
  const wrong = refused === null ? "" : "The token in this browser is not the device's. ";
  put($("token-why"), `${wrong}The device keeps it in ${place}. It stays in this browser.`);
  const wasChoosing = $("choose").open;
  $("choose").close();
  if (!token) {
    token = {};
    token.given = new Promise((done) => { token.give = done; });
  }
  $("token-wanted").hidden = false;
  $("token").focus();
  await token.given;
  if (wasChoosing) $("choose").showModal();
}

function takeToken(text) {
  localStorage.setItem(TOKEN, text);
  $("token-wanted").hidden = true;
  $("token").value = "";
  token?.give();
  token = null;
}

function takeTokenFromLink() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  takeToken(found[1]);
}

// Now

/** What there is to show where nobody knows what is heard. */
const nothing = (shown) => ({
  shown, genre: null, state: "no_source", beneath: [], since: null, confidence: null, probabilities: {},
  tempo_bpm: null, level_dbfs: undefined, correctable: false, segment: null, corrected: null,
});

function showNow(now) {
  showAnswer(now.listening ? now : { ...now, ...nothing(now.source.name ? "stopped" : "starting") });
  showSource(now);
  showStatus(now);
}

function showAnswer(now) {
  last = now;
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
    const share = Object.hasOwn(now.probabilities, labels[place]) ? now.probabilities[labels[place]] : null;
    row.classList.toggle("shown", labels[place] === now.genre);
    row.querySelector(".bar").style.width = `${100 * (share ?? 0)}%`;
    put(row.querySelector(".value"), percent(share));
  });
}

function showLevel({ level_dbfs: level }) {
  put($("level-value"), level === undefined ? "–" : level === null ? "no signal" : `${Math.round(level)} dBFS`.replace("-", "−"));
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
  if (now.history || facts.has("history")) fact("history", now.history ?? "written again");
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
  states = new Map(Object.entries(model.states));
  if (labels.length === 0) labels = model.labels;
  makeBars();
  colour($("now"), answer);
  if (last) showAnswer(last);
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
    const found = colours.get(label) ?? states.get(label);
    const from = ((Date.parse(part.start) - start) / whole) * canvas.width;
    const width = Math.max(1, ((1000 * part.duration_s) / whole) * canvas.width);
    context.fillStyle = found?.[isLight.matches ? "on_light" : "on_dark"] ?? style.getPropertyValue("--quiet");
    const height = canvas.height * (colours.has(label) ? 1 : states.get(label)?.height ?? 0.2);
    context.fillRect(from, canvas.height - height, width, height);
  }
  $("hours").replaceChildren(...day.hours.map(({ label, time }) => {
    const mark = make("li", "", label);
    mark.style.left = `${100 * ((Date.parse(time) - start) / whole)}%`;
    return mark;
  }));
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

let current = null; // what can be put right now: { segment, shown }
let meant = null; // what the dialog was opened for: something else may be shown by the time a choice is made
let past = null; // what was put right after that, until the next change: { segment, said, during }
let undone = null; // the segment whose correction the button beside it takes back

function showCorrection(now) {
  $("correction").hidden = !now.correctable;
  $("correct").disabled = !now.segment;
  current = now.segment && { segment: now.segment, shown: now.shown };
  if (past && now.segment && now.segment !== past.during) past = null;
  put($("corrected"), now.corrected ? `You said: ${words(now.corrected)}` : past?.said ?? "");
  undone = now.corrected ? now.segment : past?.segment ?? null;
  $("undo").hidden = !undone;
}

function choose() {
  if (!current) return;
  meant = current;
  const at = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  put($("choose-what"), `This is about ${meant.shown}, shown since ${at}, whatever is heard meanwhile.`);
  put($("choose-problem"), "");
  $("choose").showModal();
}

async function correct(genre) {
  const { segment, shown } = meant;
  try {
    const body = JSON.stringify({ genre, segment });
    await ask("api/correction", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    $("choose").close();
    if (segment === current?.segment) return; // what is shown says so by itself
    past = { segment, said: `You said of ${shown} before: ${words(genre)}`, during: current?.segment };
    put($("corrected"), past.said);
    undone = past.segment;
    $("undo").hidden = false;
  } catch (error) {
    put($("choose-problem"), error.message);
  }
}

async function undo() {
  try {
    await ask(`api/correction?segment=${undone}`, { method: "DELETE" });
    if (past?.segment !== undone) return;
    past = null;
    put($("corrected"), "");
    $("undo").hidden = true;
  } catch (error) {
    put($("corrected"), error.message);
  }
}

// Staying connected

const takes = { now: showNow, level: showLevel, correction: () => { if (!$("day").hidden) askForHistory(0); }, sound: (sound) => { $("heard").hidden = false; pictures.take(sound); } };

/** Read server-sent events (fetch, not EventSource: that cannot send the token). */
async function read(signal) {
  const reader = (await ask("api/events", { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  askForModel().catch(() => {}).finally(() => askForHistory(0));
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
    } catch {
      // the device is gone, or away: tried again
    }
    if (mine !== turn || document.hidden) return;
    document.body.className = "lost";
    put($("source-name"), "no connection to the device; trying again");
    showAnswer(nothing("no connection"));
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
  takeToken($("token").value.trim());
});
addEventListener("hashchange", takeTokenFromLink);
$("correct").addEventListener("click", choose);
$("choose-close").addEventListener("click", () => $("choose").close());
$("undo").addEventListener("click", undo);
setInterval(showSince, 1000);
takeTokenFromLink();
stayConnected();
