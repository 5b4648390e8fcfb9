// The rooms of this device, where there are several: links to their pages, and what is shown in each.
import { ask } from "./ask.js";
import { $, make, model, put, safe } from "./words.js";

const EVERY_MS = 5_000;
const ROOT = location.pathname.replace(/\/rooms\/[^/]+\/$/, "/"); // a proxy may serve the pages below a path of its own
let timer = 0;
let paths = "";

function linkTo({ name, path }, isHere) {
  const item = make("li", "");
  const link = make("a", "");
  link.href = ROOT + path.slice(1);
  if (isHere) link.setAttribute("aria-current", "page");
  link.append(make("span", "name", safe(name)), " ", make("span", "shown"));
  item.append(link);
  return item;
}

/** Show the rooms, and go on doing so while there are several and somebody looks. */
export async function showRooms() {
  clearTimeout(timer);
  const rooms = await (await ask("api/rooms")).json();
  const own = rooms.findIndex(({ path }) => path !== "/" && location.pathname.endsWith(path));
  const here = Math.max(0, own);
  $("rooms").hidden = rooms.length < 2;
  model.room = rooms.length < 2 ? "" : safe(rooms[here].name);
  if (rooms.map(({ path }) => path).join() !== paths) {
    paths = rooms.map(({ path }) => path).join();
    $("rooms").firstElementChild.replaceChildren(...rooms.map((room, place) => linkTo(room, place === here)));
  }
  rooms.forEach(({ listening, shown }, place) => {
    put($("rooms").firstElementChild.children[place].querySelector(".shown"), listening ? shown : "stopped");
  });
  clearTimeout(timer);
  if (rooms.length > 1 && !document.hidden) timer = setTimeout(() => showRooms().catch(() => {}), EVERY_MS);
}
