// Tells a person of what is new, on whichever page they are: by a sound and a notice of the browser, as they chose on the Queue page. Of several open
// pages one tells.

import { send } from "/static/api.js";
import { toast } from "/static/toast.js";

/** What was told of last in this browser; how much of that is remembered. */
const TOLD = "holdpoint.told";
const REMEMBERED = 40;
/** A page that is further from the matter lets the others go first by this much. */
const AFTER_YOU_MS = 300;

const me = document.querySelector('meta[name="member"]')?.content;
const opened = new Set();
const shown = new Map();

export function beep() {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.setValueAtTime(0.08, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.4);
  tone.frequency.value = 660;
  tone.connect(volume).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(context.currentTime + 0.4);
}

const inFront = () => document.visibilityState === "visible";

/** Those that no page, and none of those that come before this one, has told of; from now on they count as told. */
async function untold(keys, pagesBefore = inFront() ? 0 : 1) {
  if (pagesBefore) await new Promise((resolve) => setTimeout(resolve, pagesBefore * AFTER_YOU_MS));
  const told = (localStorage.getItem(TOLD) ?? "").split(" ");
  const fresh = keys.filter((key) => !told.includes(key));
  if (fresh.length) localStorage.setItem(TOLD, [...told, ...fresh].slice(-REMEMBERED).join(" "));
  return fresh;
}

async function tell(title, body, tag) {
  const wish = await send("GET", "/api/v1/team/desk");
  if (wish.sound) beep();
  if (wish.notify && !inFront() && globalThis.Notification?.permission === "granted") {
    const notice = new Notification(title, { body, tag });
    notice.onclick = () => { window.focus(); notice.close(); };
  }
}

/** The items that began to wait since they were last told of. Asked for before the list is, so that the list is not older. */
export const newItems = () => [...opened];

/** Tells of those of `items` that still wait: they stand in `list`, or beyond its end. */
export async function tellOf(items, list) {
  for (const id of items) opened.delete(id);
  const rows = new Map(Array.from(list.querySelectorAll("[data-row]"), (row) => [row.dataset.row, row]));
  const goesOn = Number(list.querySelector("[data-rows]")?.dataset.total ?? 0) > rows.size;
  const fresh = await untold(items.filter((id) => rows.has(id) || goesOn));
  if (!fresh.length) return;
  const question = rows.get(fresh[0])?.querySelector(".row-question").textContent ?? "";
  await tell(fresh.length === 1 ? "A new item waits" : `${fresh.length} new items wait`, question, "holdpoint-queue");
}

/** The visitor of a conversation that this person took over wrote. Whoever has it before them sees that. */
async function wroteToMe({ refs, content }) {
  const id = refs.conversation;
  const looking = inFront() && document.querySelector("main > [data-conversation]")?.dataset.conversation === id;
  const fresh = await untold([refs.message], looking ? 0 : inFront() ? 1 : 2);
  if (looking || !fresh.length) return;
  const words = content?.text ?? "";
  shown.get(id)?.();
  shown.set(id, toast(`The visitor you talk to wrote: ${words.length > 80 ? `${words.slice(0, 80)}…` : words}`, {
    lastsMs: 0,
    action: { label: "Open", run: () => location.assign(`/conversations/${id}`) },
  }));
  await tell("The visitor you talk to wrote again", words, `holdpoint-${id}`);
}

/** The gate closed by itself: from now on every answer waits for a person. */
async function gateClosed(entry) {
  const fresh = await untold([`gate-${entry.seq}`]);
  if (!fresh.length) return;
  const words = "The gate closed by itself: every answer waits for a person again.";
  toast(words, { lastsMs: 0, bad: true, action: { label: "Why", run: () => location.assign("/quality") } });
  await tell("The gate closed by itself", words, "holdpoint-gate");
}

document.body.addEventListener("holdpoint:entry", ({ detail: entry }) => {
  const { refs } = entry;
  if (refs.opened_item) opened.add(refs.opened_item);
  if (entry.kind === "action.proposed" && refs.action) opened.add(refs.action);
  if (entry.kind === "gate.closed" && entry.content?.because) gateClosed(entry).catch(() => {});
  if (me && refs.owner === me && refs.message && entry.actor.startsWith("visitor:")) wroteToMe(entry).catch(() => {});
});
