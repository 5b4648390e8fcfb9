// The page's beginning: stays connected to the device, and hands on what it says.
import { ask } from "./ask.js";
import { segmentCorrected } from "./list.js";
import { askForModel, showLevel, showNoConnection, showNow } from "./now.js";
import { askForHistory, isShown } from "./past.js";
import { Pictures } from "./pictures.js";
import "./settings.js";
import { $ } from "./words.js";

let stream = null;
let turn = 0; // of staying connected: only the newest goes on
const pictures = new Pictures($("spectrogram"), $("chromagram"));

const takes = {
  now: showNow,
  level: showLevel,
  correction: (said) => {
    if (isShown()) askForHistory(0);
    segmentCorrected(said);
  },
  sound: (sound) => {
    $("heard").hidden = false;
    pictures.take(sound);
  },
};

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
    showNoConnection();
    wait = Date.now() - began > 10_000 ? 500 : Math.min(2 * wait, 8_000);
    await new Promise((done) => setTimeout(done, wait));
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream?.abort(); // a page that nobody sees costs the device nothing
  else stayConnected();
});
stayConnected();
