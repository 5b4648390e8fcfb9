// The page's beginning: stays connected to the device, and hands on what it says.
import { ask, readEvents } from "./ask.js";
import { segmentCorrected } from "./list.js";
import { askForModel, showLevel, showNoConnection, showNow } from "./now.js";
import { askForHistory, isShown } from "./past.js";
import { Pictures } from "./pictures.js";
import { showRooms } from "./rooms.js";
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

async function read(signal) {
  const answer = await ask("api/events", { signal });
  showRooms().catch(() => {});
  askForModel().catch(() => {}).finally(() => askForHistory(0));
  await readEvents(answer, takes);
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
