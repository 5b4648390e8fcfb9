// All that was heard, newest first: searched, put right or confirmed where it stands, and downloaded.
import { ask, send } from "./ask.js";
import { choose } from "./correct.js";
import { $, colour, lasting, make, model, percent, put, words } from "./words.js";

const SEARCH_AFTER_MS = 300;
const JUDGED = ["music", "unsure", "no_music"];
const fields = { text: "filter-text", label: "filter-label", corrected: "filter-corrected", from: "filter-from", to: "filter-to" };
let next = null; // where the next page begins
let asking = 0;
let timer = 0;
const shown = new Map(); // by id: the row, and the segment that it shows

function filter() {
  const asked = new URLSearchParams();
  for (const [name, id] of Object.entries(fields)) if ($(id).value) asked.set(name, $(id).value);
  return asked;
}

async function show(isMore) {
  const asked = filter();
  if (isMore) asked.set("before", next);
  const mine = ++asking;
  try {
    const found = await (await ask(`api/segments?${asked}`)).json();
    if (mine !== asking) return;
    next = found.next;
    if (!isMore) shown.clear();
    const rows = found.segments.filter(({ state }) => state !== "warming_up").map(rowOf);
    if (isMore) $("segments").append(...rows);
    else $("segments").replaceChildren(...rows);
    $("more").hidden = next === null;
    put($("list-problem"), $("segments").children.length ? "" : "Nothing like that was heard.");
  } catch (error) {
    if (mine === asking) put($("list-problem"), error.message);
  }
}

function rowOf(segment) {
  const row = make("li", "segment");
  shown.set(segment.id, { row, segment });
  const said = segment.genre ?? segment.state;
  const is = segment.corrected ?? said;
  const start = new Date(segment.start);
  const when = start.toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const name = make("span", "what");
  name.append(make("span", "swatch"), make("span", "", words(is)));
  const details = [lasting(segment.duration_s)];
  if (segment.confidence !== null) details.push(`${percent(segment.confidence)} sure`);
  if (segment.tempo_bpm !== null) details.push(`${Math.round(segment.tempo_bpm)} BPM`);
  if (segment.corrected !== null) details.push(segment.corrected === said ? "confirmed" : `the model said ${words(said)}`);
  row.append(make("span", "when", when), name, make("span", "details", details.join(" · ")));
  colour(row, is);
  if (JUDGED.includes(segment.state)) row.append(buttonsOf(segment, said, when));
  return row;
}

function buttonsOf(segment, said, when) {
  const buttons = make("span", "buttons");
  const add = (text, aloud, action) => {
    const button = make("button", "", text);
    button.type = "button";
    button.setAttribute("aria-label", `${aloud}, ${when}`);
    button.addEventListener("click", action);
    buttons.append(button);
  };
  const change = async (work) => {
    try {
      showAgain((await (await work()).json()).segment);
    } catch (error) {
      put($("list-problem"), error.message);
    }
  };
  if (segment.corrected !== null) {
    add("Undo", `Take back: ${words(segment.corrected)}`, () => change(() => ask(`api/correction?segment=${segment.id}`, { method: "DELETE" })));
  } else if (segment.state !== "unsure") {
    add("Right", `${words(said)} is right`, () => change(() => send("api/correction", "POST", { right: true, segment: segment.id })));
  }
  add("Correct", `Correct ${words(segment.corrected ?? said)}`, () => choose(segment.id, words(said), `This is about ${words(said)} of ${when}.`, showAgain));
  return buttons;
}

/** Bring the row of a segment up to date, with the focus where it was. */
function showAgain(segment) {
  const { row } = shown.get(segment.id) ?? {};
  if (!row?.isConnected) return;
  const hadFocus = row.contains(document.activeElement) || document.activeElement === document.body;
  const fresh = rowOf(segment);
  row.replaceWith(fresh);
  if (hadFocus) fresh.querySelector("button")?.focus();
}

/** Take what somebody said of a segment, here or elsewhere. */
export function segmentCorrected({ segment: id, corrected }) {
  const { segment } = shown.get(id) ?? {};
  if (segment && segment.corrected !== corrected) showAgain({ ...segment, corrected });
}

const isOpen = () => $("list").querySelector("details").open;

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => show(false), SEARCH_AFTER_MS);
}

function makeLabels() {
  const labels = model.labels.filter((label) => label !== "no_music");
  const options = [...labels, "no_music", "unsure", "silence"].map((label) => {
    const option = make("option", "", words(label));
    option.value = label;
    return option;
  });
  const before = $("filter-label").value;
  $("filter-label").replaceChildren($("filter-label").firstElementChild, ...options);
  $("filter-label").value = before;
}

async function download(format) {
  try {
    const asked = filter();
    asked.set("format", format);
    const file = await (await ask(`api/download?${asked}`)).blob();
    const link = make("a", "");
    link.href = URL.createObjectURL(file);
    link.download = `livegenre-history.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    put($("list-problem"), error.message);
  }
}

$("list").querySelector("details").addEventListener("toggle", () => {
  if (!isOpen()) return;
  makeLabels();
  show(false);
});
$("filter").addEventListener("input", later);
$("filter").addEventListener("submit", (event) => { event.preventDefault(); later(); });
$("more").addEventListener("click", () => show(true));
$("as-csv").addEventListener("click", () => download("csv"));
$("as-json").addEventListener("click", () => download("json"));
