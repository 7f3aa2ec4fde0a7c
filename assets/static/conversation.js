// One conversation: follows it live, takes it over, hands it back, writes into it.

import { freshId, part, send } from "/static/api.js";
import { keys } from "/static/keys.js";
import { lookAt, paintPresence } from "/static/presence.js";
import { announce, toast } from "/static/toast.js";

const page = document.querySelector("main [data-conversation]");
const id = page.dataset.conversation;
const box = page.querySelector("[data-conversation-part]");
const reply = page.querySelector("[data-reply]");
const text = reply.querySelector("[data-text]");
const kept = `holdpoint.text.conversation.${id}`;
let served = null;
let pending = null;

async function refresh() {
  const html = await part(`/parts/conversations/${id}`);
  if (html === served) return;
  served = html;
  const open = Array.from(box.querySelectorAll("details"), (details) => details.open);
  const before = box.querySelectorAll("[data-thread] > li").length;
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
  box.innerHTML = html;
  paintPresence();
  // A thread only grows, so what was unfolded is found again by its place.
  box.querySelectorAll("details").forEach((details, at) => (details.open = open[at] ?? false));
  reply.hidden = box.querySelector("[data-mine]").dataset.mine !== "true";
  if (box.querySelectorAll("[data-thread] > li").length > before) {
    announce("Something new in this conversation.");
    if (atEnd) scrollTo({ top: document.documentElement.scrollHeight });
  }
}

async function changeOwner() {
  const button = box.querySelector("[data-ownership]");
  if (button.disabled) return;
  button.disabled = true;
  const takes = button.dataset.ownership === "take-over";
  try {
    await send("POST", `/api/v1/conversations/${id}/${button.dataset.ownership}`, {});
    await refresh();
    toast(takes ? "The conversation is yours; the AI is silent until you hand it back." : "The AI answers again.");
    if (takes) text.focus();
  } catch (problem) {
    toast(problem.message, { bad: true });
  } finally {
    button.disabled = false;
  }
}

async function write() {
  const words = text.value.trim();
  if (!words) return;
  // The same text sent again after a failure carries the same id, so that it arrives once.
  if (pending?.words !== words) pending = { words, client_id: freshId() };
  try {
    await send("POST", `/api/v1/conversations/${id}/messages`, { client_id: pending.client_id, text: words });
    pending = null;
    text.value = "";
    sessionStorage.removeItem(kept);
    await refresh();
    scrollTo({ top: document.documentElement.scrollHeight });
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 9000 });
  }
}

lookAt(id);
keys({ t: changeOwner, e: () => reply.hidden || text.focus() });
page.addEventListener("click", (event) => event.target.closest("[data-ownership]") && changeOwner());
reply.addEventListener("submit", (event) => { event.preventDefault(); write(); });
text.value = sessionStorage.getItem(kept) ?? "";
text.addEventListener("input", () => sessionStorage.setItem(kept, text.value));
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!event.repeat) write();
  } else if (event.key === "Escape") {
    text.blur();
  }
});
document.body.addEventListener("holdpoint:conversations", () => refresh().catch((problem) => toast(problem.message, { bad: true })));
