// One conversation: follows it live, takes it over, hands it back with a note, writes into it, ends it.

import { freshId, part, send } from "/static/api.js";
import { cannedReplies } from "/static/canned.js";
import "/static/forming.js";
import { keys } from "/static/keys.js";
import { lookAt, paintPresence } from "/static/presence.js";
import { announce, toast } from "/static/toast.js";

const page = document.querySelector("main [data-conversation]");
const id = page.dataset.conversation;
const box = page.querySelector("[data-conversation-part]");
const reply = page.querySelector("[data-reply]");
const text = reply.querySelector("[data-text]");
const kept = `holdpoint.text.conversation.${id}`;
const handBackNote = reply.querySelector("[data-hand-back-note]");
const suggestion = reply.querySelector("[data-suggestion]");
const whisper = page.querySelector("[data-whisper]");
const noteText = whisper.querySelector("[data-note-text]");
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
  const mine = box.querySelector("[data-mine]").dataset.mine === "true";
  if (!mine && !reply.hidden && text.value.trim()) {
    toast("This conversation is no longer yours: others were called, or a colleague took over. Your text is kept; t takes the conversation over again.", { bad: true, lastsMs: 0 });
  }
  reply.hidden = !mine;
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
    await send("POST", `/api/v1/conversations/${id}/${button.dataset.ownership}`, takes ? {} : { note: handBackNote.value.trim() });
    handBackNote.value = "";
    suggestion.hidden = true;
    // Whoever hands back knows that it is no longer theirs.
    if (!takes) reply.hidden = true;
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
    // What was typed meanwhile stays.
    if (text.value.trim() === words) {
      text.value = "";
      sessionStorage.removeItem(kept);
    }
    await refresh();
    scrollTo({ top: document.documentElement.scrollHeight });
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 9000 });
  }
}

lookAt(id);
/** What the AI would answer. It stands beside the text and goes nowhere by itself. */
async function suggest() {
  if (reply.hidden) return;
  const button = reply.querySelector("[data-suggest]");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const { text: words, sources, unsupported } = await send("POST", `/api/v1/conversations/${id}/copilot`, {});
    const doubts = unsupported.length ? `; check ${unsupported.map((part) => `“${part}”`).join(", ")}: no source says that` : "";
    suggestion.hidden = false;
    suggestion.querySelector("[data-suggestion-text]").textContent = words || "Nothing in your knowledge answers this.";
    suggestion.querySelector("[data-suggestion-from]").textContent = words && sources.length ? `from ${sources[0]}${doubts}` : "";
    suggestion.querySelector("[data-insert]").hidden = !words;
    announce(words ? "The AI suggests an answer." : "The AI has no suggestion.");
  } catch (problem) {
    toast(problem.message, { bad: true });
  } finally {
    button.disabled = false;
  }
}

function insert() {
  const button = suggestion.querySelector("[data-insert]");
  if (reply.hidden || suggestion.hidden || button.hidden) return;
  const words = suggestion.querySelector("[data-suggestion-text]").textContent;
  text.value = text.value.trim() ? `${text.value.trimEnd()}\n${words}` : words;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  suggestion.hidden = true;
  text.focus();
}

async function addNote() {
  const words = noteText.value.trim();
  if (!words) return;
  try {
    await send("POST", `/api/v1/conversations/${id}/notes`, { text: words });
    if (noteText.value.trim() === words) noteText.value = "";
    await refresh();
    toast("Noted for colleagues; the visitor does not see it.");
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 9000 });
  }
}

async function end() {
  const button = box.querySelector("[data-end]");
  if (!button || button.disabled) return;
  button.disabled = true;
  try {
    await send("POST", `/api/v1/conversations/${id}/close`, {});
    await refresh();
    toast("The conversation is over. The visitor is asked how it was.");
  } catch (problem) {
    toast(problem.message, { bad: true });
    button.disabled = false;
  }
}

const focusIn = (field) => reply.hidden || field.focus();
keys({ t: changeOwner, e: () => focusIn(text), h: () => focusIn(handBackNote), n: () => noteText.focus(), c: suggest, i: insert, x: end });
page.addEventListener("click", (event) => event.target.closest("[data-end]") && end());
reply.querySelector("[data-suggest]").addEventListener("click", suggest);
suggestion.querySelector("[data-insert]").addEventListener("click", insert);
suggestion.querySelector("[data-discard]").addEventListener("click", () => { suggestion.hidden = true; text.focus(); });
whisper.addEventListener("submit", (event) => { event.preventDefault(); addNote(); });
cannedReplies(text, reply.querySelector("[data-canned]"));
for (const field of [handBackNote, noteText]) {
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.blur();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    event.preventDefault();
    if (field === noteText) addNote();
    else changeOwner();
  });
}
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
