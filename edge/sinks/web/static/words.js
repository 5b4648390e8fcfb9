// Names, durations and colours as the page shows them, and the few elements that it makes. Nothing is put in as HTML.
export const $ = (id) => document.getElementById(id);

/** What the device says of its model: labels in its order; by genre its colours, by state its words, colours and height; the bands of the spectrogram; and the room's name where there are several. */
export const model = { room: "", labels: [], colours: new Map(), states: new Map(), bandsHz: [] };

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu; // controls, marks that turn the writing direction and the like
const JOINERS = "\u200c\u200d"; // which Persian, Indic languages and emoji need
const escaped = (letter) => (JOINERS.includes(letter) ? letter : `\\u${letter.codePointAt(0).toString(16).padStart(4, "0")}`);
export const safe = (text) => text.replace(HIDDEN, escaped);
export const words = (label) => model.states.get(label)?.words ?? safe(label).replaceAll("_", " ");
export const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)} %`);

export const isLight = matchMedia("(prefers-color-scheme: light)");

/** Return what a genre or a state is drawn with here and now; null where the page's quiet colour is. */
export function paint(label) {
  const found = model.colours.get(label) ?? model.states.get(label);
  return found?.[isLight.matches ? "on_light" : "on_dark"] ?? null;
}

export function colour(element, label) {
  const found = model.colours.get(label) ?? model.states.get(label);
  element.classList.toggle("no-genre", !model.colours.has(label));
  element.style.setProperty("--on-dark", found?.on_dark ?? "");
  element.style.setProperty("--on-light", found?.on_light ?? "");
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

export function lasting(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
