// Settings for who has the token: what is changed is written into the device's configuration, and nothing else.
import { ask, readEvents, send } from "./ask.js";
import { showLevel } from "./now.js";
import { $, make, put, safe } from "./words.js";

const THRESHOLDS = {
  silence_dbfs: "Silence below (dBFS)",
  silence_hysteresis_db: "Silence ends above that by (dB)",
  silence_after_s: "Silence after (s)",
  smoothing_s: "Smoothing (s)",
  unsure_below: "\u201cNot sure\u201d below (0 to 1)",
  lead: "New genre as likely (times)",
  at_once_s: "Enough in the first (s)",
  settled_after_s: "A record is settled after (s)",
  lead_for_s: "Then a new genre must lead for (s)",
};
const MQTT = ["enabled", "name", "host", "port", "username", "tls"];
let held = null; // the values that the device has
let microphones = [];
let trial = null; // of a microphone, under way

const field = (table, key) => $(`set-${table}-${key}`);

function makeThresholds() {
  $("set-decision").replaceChildren(...Object.entries(THRESHOLDS).map(([key, text]) => {
    const label = make("label", "", text);
    const input = make("input", "");
    Object.assign(input, { id: `set-decision-${key}`, type: "number", step: "any", required: true });
    label.append(input);
    return label;
  }));
}

function show(settings) {
  held = settings;
  for (const key of Object.keys(THRESHOLDS)) field("decision", key).value = settings.decision[key];
  for (const key of MQTT) {
    const input = field("mqtt", key);
    if (input.type === "checkbox") input.checked = settings.mqtt[key];
    else input.value = settings.mqtt[key];
  }
  field("mqtt", "password").value = "";
  field("mqtt", "password").placeholder = settings.mqtt.has_password ? "as it is" : "none";
  put($("settings-file"), `Kept in ${safe(settings.file)}, where all other settings are.`);
  showMicrophones();
  $("settings-form").hidden = false;
}

function showMicrophones() {
  const now = held.source.uri;
  const choices = new Map([["mic", "the default microphone"], ...microphones.map(({ id, name, is_default: first }) => [`mic:${id}`, first ? `${name} (default)` : name])]);
  if (now === null) choices.set("", held.source.several ? "several sources, set in the file" : "another source, set in the file");
  else if (!choices.has(now)) choices.set(now, safe(now.slice(4)));
  $("set-source-uri").replaceChildren(...[...choices].map(([value, text]) => {
    const option = make("option", "", text);
    option.value = value;
    return option;
  }));
  $("set-source-uri").value = now ?? "";
}

/** The settings that differ from those that the device has, by table. */
function changes() {
  const asked = { source: {}, decision: {}, mqtt: {} };
  const uri = $("set-source-uri").value;
  if (uri && uri !== held.source.uri) asked.source.uri = uri;
  for (const key of Object.keys(THRESHOLDS)) {
    const value = field("decision", key).valueAsNumber;
    if (value !== held.decision[key]) asked.decision[key] = value;
  }
  for (const key of MQTT) {
    const input = field("mqtt", key);
    const value = input.type === "checkbox" ? input.checked : input.type === "number" ? input.valueAsNumber : input.value;
    if (value !== held.mqtt[key]) asked.mqtt[key] = value;
  }
  const password = field("mqtt", "password").value;
  if (password) asked.mqtt.password = password;
  return Object.fromEntries(Object.entries(asked).filter(([, values]) => Object.keys(values).length));
}

async function open() {
  try {
    show(await (await ask("api/settings")).json());
    await lookForMicrophones();
  } catch (error) {
    put($("settings-status"), error.message);
  }
}

async function lookForMicrophones() {
  microphones = await (await ask("api/microphones")).json();
  showMicrophones();
}

/** Show the level of the microphone that is chosen, until another is, or it is saved. */
async function tryMicrophone() {
  trial?.abort();
  const uri = $("set-source-uri").value;
  $("try-level").hidden = !uri || uri === held.source.uri;
  put($("try-problem"), "");
  if ($("try-level").hidden) return;
  const mine = (trial = new AbortController());
  showLevel({ level_dbfs: undefined }, ".other");
  try {
    await readEvents(await ask(`api/microphone?id=${encodeURIComponent(uri.slice(4))}`, { signal: mine.signal }), {
      level: (told) => showLevel(told, ".other"),
      problem: ({ error }) => put($("try-problem"), error),
    });
  } catch (error) {
    if (!mine.signal.aborted) put($("try-problem"), error.message);
  }
}

async function save(event) {
  event.preventDefault();
  trial?.abort();
  $("try-level").hidden = true;
  put($("settings-problem"), "");
  put($("settings-status"), "");
  const asked = changes();
  if (Object.keys(asked).length === 0) {
    put($("settings-status"), "Nothing was changed.");
    return;
  }
  try {
    show(await (await send("api/settings", "PATCH", asked)).json());
    put($("settings-status"), "Saved. The device listens with it from now on.");
  } catch (error) {
    put($("settings-problem"), error.message);
  }
}

async function tryBroker() {
  put($("broker-status"), "trying …");
  try {
    const { reached } = await (await send("api/broker", "POST", changes().mqtt ?? {})).json();
    put($("broker-status"), `${reached} lets this device in.`);
  } catch (error) {
    put($("broker-status"), error.message);
  }
}

makeThresholds();
$("settings").querySelector("details").addEventListener("toggle", ({ target }) => { if (target.open && !held) open(); });
$("settings-form").addEventListener("submit", save);
$("look-again").addEventListener("click", () => lookForMicrophones().catch((error) => put($("settings-problem"), error.message)));
$("set-source-uri").addEventListener("change", tryMicrophone);
$("try-broker").addEventListener("click", tryBroker);
