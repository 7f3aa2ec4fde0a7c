// The exclusive hold on the item or action in the centre: taken when it is shown, renewed while somebody is at it, given back when left.

import { send } from "/static/api.js";
import { idleMs } from "/static/presence.js";

/** A page that nobody has touched for so long keeps nobody away any more. */
const LEFT_ALONE_MS = 5 * 60_000;

let held = null;
let timer = null;
let ends = 0;
let refusedTo = () => {};

const path = (item) => `${item}/lease`;

/** Takes the lease of `item`, named by its address in the API; `onRefused(problem)` is called when somebody else has it. */
export async function take(item, onRefused) {
  if (held !== item) {
    release();
    ends = 0;
  }
  held = item;
  refusedTo = onRefused;
  // What comes up by itself before nobody is left to whoever is there; who comes back asks again.
  if (idleMs() >= LEFT_ALONE_MS) return;
  try {
    const taken = await send("POST", path(item), {});
    const until = taken.lease_until ?? taken.leased_until;
    if (held !== item) return;
    clearTimeout(timer);
    ends = until;
    timer = setTimeout(() => held === item && take(item, onRefused), Math.max(5000, (until - Date.now()) / 2));
  } catch (problem) {
    if (held !== item) return;
    held = null;
    if (problem.status === 409) onRefused(problem);
  }
}

/** Forgets the lease without a word: the item was decided, which ends it. */
export function forget() {
  clearTimeout(timer);
  held = null;
}

/** Gives the lease back. */
export function release() {
  const item = held;
  forget();
  if (item) send("DELETE", path(item), undefined, { keepalive: true }).catch(() => {});
}

// Whoever comes back, or opens a machine that slept, finds a hold that may be over: asked for again at once, so that they know.
function back() {
  if (document.visibilityState === "visible" && held && Date.now() > ends) take(held, refusedTo);
}
document.addEventListener("visibilitychange", back);
document.addEventListener("holdpoint:back", back);
addEventListener("pagehide", release);
