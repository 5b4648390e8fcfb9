// The words beside the pointer, or beside what has the focus, for what is drawn rather than written.
import { $, put } from "./words.js";

const AWAY = 12; // pixels from the pointer

function show(text, x, y) {
  const tip = $("tip");
  tip.hidden = !text;
  if (!text) return;
  put(tip, text);
  const { offsetWidth: width, offsetHeight: height } = tip;
  tip.style.left = `${Math.max(4, Math.min(innerWidth - width - 4, x + AWAY))}px`;
  tip.style.top = `${y + AWAY + height > innerHeight ? y - AWAY - height : y + AWAY}px`;
}

export const hideTip = () => show("", 0, 0);

/** Tell of `element` what `told` returns for where the pointer is on it: x and y from 0 to 1, and what is under it. */
export function tell(element, told) {
  const follow = (event) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    show(told((event.clientX - left) / width, (event.clientY - top) / height, event.target), event.clientX, event.clientY);
  };
  element.addEventListener("pointermove", follow);
  element.addEventListener("pointerdown", follow);
  element.addEventListener("pointerleave", hideTip);
}

addEventListener("scroll", hideTip, { passive: true });
