// Asking the device, with the token where it wants one. No other machine is asked for anything.
import { $, put } from "./words.js";

const TOKEN = "livegenre-token";

let waiting = null; // what is waited for while the page has no token that is right: { given, give }

/** Ask the device; where it wants a token, wait for the person to give one, and ask again. */
export async function ask(path, options = {}) {
  for (;;) {
    const token = localStorage.getItem(TOKEN);
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options, headers });
    if (answer.ok) return answer;
    if (answer.status !== 401) throw Object.assign(new Error(await problem(answer)), { status: answer.status });
    await tokenGiven(token, await problem(answer));
  }
}

/** Send a JSON object. */
export function send(path, method, value) {
  return ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
}

/** Read server-sent events until they end (fetch, not EventSource: that cannot send the token); `takes` has what to do by kind. */
export async function readEvents(answer, takes) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
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

async function problem(answer) {
  try {
    return (await answer.json()).error ?? `error ${answer.status}`;
  } catch {
    return `error ${answer.status}`;
  }
}

/** Wait until there is another token than `refused`; what was being chosen is chosen still. */
async function tokenGiven(refused, why) {
  if (localStorage.getItem(TOKEN) !== refused) return; // meanwhile
  const place = /needs the token in (.+): Authorization/.exec(why)?.[1] ?? "the file that its configuration names";
  const wrong = refused === null ? "" : "The token in this browser is not the device's. ";
  put($("token-why"), `${wrong}The device keeps it in ${place}. It stays in this browser.`);
  const dialog = document.querySelector("dialog[open]");
  dialog?.close();
  if (!waiting) {
    waiting = {};
    waiting.given = new Promise((done) => { waiting.give = done; });
  }
  $("token-wanted").hidden = false;
  $("token").focus();
  await waiting.given;
  dialog?.showModal();
}

function takeToken(text) {
  localStorage.setItem(TOKEN, text);
  $("token-wanted").hidden = true;
  $("token").value = "";
  waiting?.give();
  waiting = null;
}

function takeTokenFromLink() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  takeToken(found[1]);
}

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  takeToken($("token").value.trim());
});
addEventListener("hashchange", takeTokenFromLink);
takeTokenFromLink();
