// Putting right what the model said, of what is heard now or of any segment of the history.
import { ask, send } from "./ask.js";
import { $, make, model, put, words } from "./words.js";

let current = null; // what can be put right now: { segment, shown }
let meant = null; // what the dialog was opened for: something else may be shown by the time a choice is made
let past = null; // what was put right after that, until the next change: { segment, said, during }
let undone = null; // the segment whose correction the button beside it takes back
let since = null; // when what is shown now began

export function makeChoices() {
  $("choices").replaceChildren(...model.labels.map((label) => {
    const button = make("button", "", words(label));
    button.type = "button";
    button.addEventListener("click", () => correct(label));
    return button;
  }));
}

export function showCorrection(now) {
  since = now.since && Date.parse(now.since);
  $("correction").hidden = !now.correctable;
  $("correct").disabled = !now.segment;
  $("right").hidden = now.corrected !== null || now.nearest || now.state === "unsure";
  $("right").disabled = !now.segment;
  current = now.segment && { segment: now.segment, shown: now.shown };
  if (past && now.segment && now.segment !== past.during) past = null;
  put($("corrected"), now.corrected ? `You said: ${words(now.corrected)}` : past?.said ?? "");
  undone = now.corrected ? now.segment : past?.segment ?? null;
  $("undo").hidden = !undone;
}

/** Ask what a segment was; `what` says in words which is meant, and `done` is called with the answer. */
export function choose(segment, shown, what, done) {
  meant = { segment, shown, done };
  put($("choose-what"), what);
  put($("choose-problem"), "");
  $("choose").showModal();
}

function chooseNow() {
  if (!current) return;
  const at = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const { segment, shown } = current;
  choose(segment, shown, `This is about ${shown}, shown since ${at}, whatever is heard meanwhile.`, showPast);
}

async function confirmNow() {
  if (!current) return;
  try {
    await send("api/correction", "POST", { right: true, segment: current.segment });
  } catch (error) {
    put($("corrected"), error.message);
  }
}

async function correct(genre) {
  const { segment, shown, done } = meant;
  try {
    const answer = await (await send("api/correction", "POST", { genre, segment })).json();
    $("choose").close();
    done(answer.segment, shown);
  } catch (error) {
    put($("choose-problem"), error.message);
  }
}

function showPast({ id: segment, corrected }, shown) {
  if (segment === current?.segment) return; // what is shown says so by itself
  past = { segment, said: `You said of ${shown} before: ${words(corrected)}`, during: current?.segment };
  put($("corrected"), past.said);
  undone = past.segment;
  $("undo").hidden = false;
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

$("right").addEventListener("click", confirmNow);
$("correct").addEventListener("click", chooseNow);
$("choose-close").addEventListener("click", () => $("choose").close());
$("undo").addEventListener("click", undo);
