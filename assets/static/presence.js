// Who is there: this page says every 20 seconds that it is open and what it shows, and paints who else looks at that.
//
// Nothing is said when the page is left: whoever goes from one page to the next has not gone home. A place for it is any element with `data-looking="CONVERSATION"`.

import { send } from "/static/api.js";

const BEAT_MS = 20_000;

let shows = null;
let there = [];
let timer = null;

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
  // Whoever has the page in the background is still at work, unless the machine sleeps: then nothing is sent.
  timer = setTimeout(beat, BEAT_MS);
  send("POST", "/api/v1/presence", shows ? { conversation_id: shows } : {}).then((answer) => {
    there = answer.items;
    paintPresence();
  }, () => {});
}

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
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
beat();
