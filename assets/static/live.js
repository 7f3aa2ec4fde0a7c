// The live link: one stream of log entries for the page. An entry only says *that* something changed; pages fetch
// what they show, so a lost or doubled event can never show something wrong.
//
// On `document.body`: `holdpoint:entry` for each entry (detail = the entry), and at most every 120 ms
// `holdpoint:queue` and `holdpoint:conversations` when something they show may have changed. `holdpoint:forming` for each change of a text that the AI
// is writing (detail = `{conversation_id, text}`, without a text when it is over; null when the link is lost, and with it all of them).

import { page } from "/static/api.js";

const RETRY_MS = 4000;
const GATHER_MS = 120;

let after = Number(document.querySelector('meta[name="after-seq"]')?.content ?? 0);
let gathering = null;

function state(name, words) {
  const line = document.querySelector("[data-link-state]");
  if (!line || line.dataset.linkState === name) return;
  line.dataset.linkState = name;
  line.querySelector("[data-link-words]").textContent = words;
}

function changed() {
  gathering ??= setTimeout(() => {
    gathering = null;
    document.body.dispatchEvent(new CustomEvent("holdpoint:queue"));
    document.body.dispatchEvent(new CustomEvent("holdpoint:conversations"));
  }, GATHER_MS);
}

const forming = (detail) => document.body.dispatchEvent(new CustomEvent("holdpoint:forming", { detail }));

function connect() {
  const wall = document.body.dataset.section === "live";
  const stream = new EventSource(`/api/v1/events?after=${after}&drafting=true&page=${page}${wall ? "&wall=true" : ""}`);
  let wasLost = false;
  stream.addEventListener("open", () => {
    state("live", "Live");
    if (wasLost) changed();
  });
  stream.addEventListener("message", (event) => {
    after = Number(event.lastEventId) || after;
    let entry = null;
    try { entry = JSON.parse(event.data); } catch { return; }
    document.body.dispatchEvent(new CustomEvent("holdpoint:entry", { detail: entry }));
    changed();
  });
  stream.addEventListener("presence", (event) => {
    try { document.body.dispatchEvent(new CustomEvent("holdpoint:presence", { detail: JSON.parse(event.data) })); } catch { /* a newer server's */ }
  });
  stream.addEventListener("wall", () => document.body.dispatchEvent(new CustomEvent("holdpoint:wall")));
  // The AI began or ended drafting: nothing was committed by that, but what is shown changed.
  stream.addEventListener("drafting", changed);
  stream.addEventListener("forming", (event) => {
    try { forming(JSON.parse(event.data)); } catch { /* a newer server's */ }
  });
  stream.addEventListener("bye", () => stream.dispatchEvent(new Event("error")));
  stream.addEventListener("error", () => {
    wasLost = true;
    forming(null);
    state("lost", "Connection lost, trying again");
    // The browser gives up after a refusal; a server that restarts answers again soon.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => { connect(); changed(); }, RETRY_MS);
  });
}

/** Opens the stream; call once a page. */
export function goLive() {
  state("connecting", "Connecting");
  connect();
}
