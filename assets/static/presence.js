// Who is there: every page of the console says every 20 seconds that it is open, what it shows, and how long nobody has touched
// keyboard or pointer; and paints who else looks at that.
//
// Nothing is said when the page is left: whoever goes from one page to the next has not gone home. A place for it is any element with `data-looking="CONVERSATION"`.

import { freshId, send } from "/static/api.js";

const BEAT_MS = 20_000;
/** Whoever touches something after so long says so at once: they may have counted as gone. */
const RESTED_MS = 60_000;
const PAGE = "holdpoint.page";

const page = sessionStorage.getItem(PAGE) ?? freshId();
sessionStorage.setItem(PAGE, page);
let shows = null;
let there = [];
let timer = null;
let touched = Date.now();

function sentence(names) {
  if (names.length === 1) return `${names[0]} is looking at this.`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are looking at this.`;
}

/** Writes who looks at what is on the page. */
export function paintPresence() {
  for (const place of document.querySelectorAll("[data-looking]")) {
    const names = there.filter((one) => !one.yours && one.conversation_id === place.dataset.looking).map((one) => one.name);
    const words = names.length ? sentence(names) : "";
    if (place.textContent !== words) place.textContent = words;
    place.hidden = !words;
  }
}

function beat() {
  clearTimeout(timer);
  // A page in the background is slowed down to once a minute; the server waits longer than that.
  timer = setTimeout(beat, BEAT_MS);
  const said = { page, idle_ms: idleMs() };
  if (shows && document.visibilityState === "visible") said.conversation_id = shows;
  send("POST", "/api/v1/presence", said, { keepalive: true }).then((answer) => {
    there = answer.items;
    paintPresence();
  }, () => {});
}

function touch() {
  const rested = idleMs();
  touched = Date.now();
  if (rested <= RESTED_MS) return;
  document.dispatchEvent(new Event("holdpoint:back"));
  beat();
}

/** How long nobody has touched keyboard or pointer, in milliseconds. */
export const idleMs = () => Math.max(0, Date.now() - touched);

/** The page shows this conversation now, or none. */
export function lookAt(conversation) {
  if (shows === conversation) return paintPresence();
  shows = conversation;
  clearTimeout(timer);
  timer = setTimeout(beat, 200);
  paintPresence();
}

document.body.addEventListener("holdpoint:presence", (event) => {
  there = event.detail;
  paintPresence();
});
for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, touch, { capture: true, passive: true });
document.addEventListener("visibilitychange", beat);
beat();
