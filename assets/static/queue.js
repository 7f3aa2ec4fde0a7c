// The queue: one item in the centre, decided by one key, the next one painted at once.

import { ActionDesk, forgetAction } from "/static/action-desk.js";
import { part, send } from "/static/api.js";
import { showCount } from "/static/console.js";
import { Desk, forgetTexts } from "/static/desk.js";
import { keys } from "/static/keys.js";
import * as lease from "/static/lease.js";
import { newItems, tellOf } from "/static/notices.js";
import { lookAt, paintPresence } from "/static/presence.js";
import { announce, toast } from "/static/toast.js";
import { openViews, viewQuery } from "/static/views.js";

/** A decision key pressed this soon after something new appeared was meant for what stood there before. */
const LOOK_FIRST_MS = 300;
const LOOK_AGAIN_MS = 1500;
/** An approval that others have to join is offered to be taken back this long. */
const COUNTED_MS = 8000;
/** Whoever may change what the AI knows has this long to go on from an edit. */
const GO_ON_MS = 12_000;
/** How soon the server is asked again whether a decision whose time to undo is over has become final. */
const ASK_AGAIN_MS = 2000;

const queue = document.querySelector("[data-queue]");
const centre = document.querySelector("[data-queue-item]");
const listBox = document.querySelector("[data-queue-list]");

/** Items fetched beforehand, by id: `{html, asOf}`, the promise of a part and how many changes had been heard of when it was asked for. */
const fetched = new Map();
let changes = 0;
/** What was decided here, by id: the number of the first list that knows of it. Earlier ones were asked for before the server had answered. */
const decided = new Map();
let lists = 0;
const undoable = [];
let desk = null;
let served = new Map();
let seenRevision = 0;
let settleUntil = 0;
let latest = Promise.resolve();
/** What is on its way to the centre, `{id}`, or null. */
let coming = null;

const article = () => centre.querySelector("[data-item]");
const currentId = () => article()?.dataset.item ?? "";
const rows = () => Array.from(listBox.querySelectorAll("[data-row]"));
const ids = () => rows().map((row) => row.dataset.row);
/** What was decided is about an action, which has no row any more: by id. */
const actions = new Set();
const isAction = (id) => actions.has(id) || rows().some((row) => row.dataset.row === id && "rowAction" in row.dataset) || (currentId() === id && article().dataset.kind === "action");
const partPath = (id, seen) => (isAction(id) ? `/parts/queue/actions/${id}` : `/parts/queue/${id}${seen ? `?seen=${seen}` : ""}`);
/** Where a decision about it goes. */
const api = (id) => (isAction(id) ? `/api/v1/approvals/${id}` : `/api/v1/queue/${id}`);

/** Fetches an item beforehand, or again if something has changed since. What was fetched before stands in until the newer one is there. */
function prefetch(id) {
  const known = fetched.get(id);
  if (!id || known?.asOf === changes) return;
  const entry = { html: part(partPath(id)), asOf: changes };
  if (!known) fetched.set(id, entry);
  entry.html.then(
    () => known && fetched.get(id) === known && fetched.set(id, entry),
    () => [known, entry].includes(fetched.get(id)) && fetched.delete(id),
  );
}

function neighbour(step) {
  const all = ids();
  const at = all.indexOf(currentId());
  return at < 0 ? all[0] : all[at + step];
}

/** Where an item is found, in the part of the queue that is listed. */
const address = (path) => (viewQuery() ? `${path}?${viewQuery()}` : path);

function showCounts() {
  const count = Math.max(rows().length, Number(listBox.querySelector("[data-rows]")?.dataset.total ?? 0));
  queue.querySelector("[data-queue-count]").textContent = count === 1 ? "1 waits" : `${count} wait`;
  showCount(count);
}

function markCurrent() {
  const id = currentId();
  for (const row of rows()) {
    const link = row.querySelector("a");
    if (row.dataset.row === id) {
      link.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

/** Makes the article in the centre work. */
function adopt() {
  const item = article();
  served = serverParts(item);
  seenRevision = Number(item.dataset.revision);
  if (item.dataset.kind === "action") actions.add(item.dataset.item);
  desk = item.dataset.kind === "action" ? new ActionDesk(item, decideAction) : new Desk(item, decide);
  desk.restore();
  takeLease(item);
  lookAt(item.dataset.conversation || null);
  prefetch(neighbour(1));
}

/** The server knows of a decision: a list that is asked for from now on tells whether it still counts. */
const isKnown = (id) => decided.set(id, lists + 1);

/** An item leaves the list before the server has said so. */
function dropRow(id) {
  const row = rows().find((row) => row.dataset.row === id);
  const list = listBox.querySelector("[data-rows]");
  if (!row) return;
  row.remove();
  list.dataset.total = Math.max(0, Number(list.dataset.total) - 1);
}

/** Somebody else has what was written about, or has decided it: nothing is lost, and there is a choice. */
function keepText(words, { item: id, conversation } = article().dataset, text = desk.text.value) {
  if (isAction(id)) return toast(`${words} What you typed is kept here.`, { bad: true, lastsMs: 0 });
  toast(`${words} Your text is kept.`, {
    bad: true,
    lastsMs: 0,
    action: {
      label: "Take over with my text",
      run: async () => {
        try {
          await send("POST", `/api/v1/conversations/${conversation}/take-over`, {});
          sessionStorage.setItem(`holdpoint.text.conversation.${conversation}`, text);
          forgetTexts(id);
          location.assign(`/conversations/${conversation}`);
        } catch (problem) {
          toast(problem.message, { bad: true, lastsMs: 9000 });
        }
      },
    },
  });
}

function takeLease(item) {
  lease.take(api(item.dataset.item), (problem) => {
    if (currentId() !== item.dataset.item) return;
    item.dataset.heldBy = problem.fields.leased_by ?? problem.fields.by ?? "Somebody else";
    if (desk.hasTyped) keepText(`${item.dataset.heldBy} has this open now.`);
    if (!item.querySelector("[data-lease-notice]")) item.querySelector('[data-part="notices"]').append(notice(problem.message));
  });
}

function notice(words) {
  const line = document.createElement("p");
  line.className = "notice notice-info";
  line.dataset.leaseNotice = "";
  line.textContent = words;
  return line;
}

function serverParts(item) {
  return new Map(Array.from(item.querySelectorAll("[data-part]"), (element) => [element.dataset.part, element.outerHTML]));
}

function paint(html) {
  centre.innerHTML = html;
  const item = article();
  if (!item) return showEmpty();
  delete queue.dataset.empty;
  item.classList.add("item-enter");
  adopt();
  settleUntil = Date.now() + LOOK_FIRST_MS;
  history.replaceState(null, "", address(`${item.dataset.kind === "action" ? "/actions" : "/queue"}/${item.dataset.item}`));
  markCurrent();
  scrollTo({ top: 0 });
  item.focus({ preventScroll: true });
}

async function show(id) {
  if (!id) return showEmpty();
  if (!fetched.has(id)) prefetch(id);
  const { html, asOf } = fetched.get(id);
  fetched.delete(id);
  const mine = (coming = { id });
  try {
    const painted = await html;
    // Whoever has asked for another one meanwhile keeps that one.
    if (coming !== mine) return;
    paint(painted);
    // Painted at once, and brought up to date if something has changed since it was fetched.
    if (asOf !== changes && currentId() === id) refreshItem();
  } catch (problem) {
    if (coming !== mine) return;
    coming = null;
    if (problem.status !== 404) return toast(problem.message, { bad: true });
    dropRow(id);
    show(ids()[0]);
  } finally {
    if (coming === mine) coming = null;
  }
}

function showEmpty() {
  coming = null;
  lease.release();
  desk = null;
  centre.replaceChildren();
  queue.dataset.empty = "";
  history.replaceState(null, "", address("/queue"));
  lookAt(null);
  showCounts();
  document.querySelector("[data-queue-empty]").focus({ preventScroll: true });
  announce("Nothing is waiting.");
}

/** Whether a decision may be taken now; says why not. */
function ready() {
  const item = article();
  if (!item || Date.now() < settleUntil) return false;
  if (item.dataset.heldBy) {
    toast(`${item.dataset.heldBy} is looking at this. Press j for the next one.`);
    return false;
  }
  return true;
}

const DONE = { approve: "Approved", edit: "Edited answer on its way", reject: "Rejected", respond: "Your answer is on its way", take_over: "Taken over" };

function decide(kind, decision) {
  if (!ready()) return;
  const item = article();
  if (decision.text === "") return toast("Write the answer first.");
  if (kind === "edit" && !desk.hasTyped) return toast("Nothing is changed: close the editor with Esc and approve with a.");
  const id = item.dataset.item;
  const following = neighbour(1) ?? neighbour(-1);
  decided.set(id, Infinity);
  dropRow(id);
  showCounts();
  lease.forget();
  const answer = send("POST", `/api/v1/queue/${id}/outcome`, { kind, revision: Number(item.dataset.revision), wording: Number(item.dataset.wording), ...decision });
  const painted = kind === "take_over" ? null : show(following);
  latest = answer.then(
    (outcome) => settled(id, kind, item.dataset.conversation, outcome),
    async (problem) => {
      await painted;
      refused(id, problem, { item: id, conversation: item.dataset.conversation }, decision.text);
    },
  );
}

const DONE_ACTION = { approve: "Approved", edit: "Approved with other arguments", reject: "Rejected", respond: "Answered" };

/** An action: an approval goes at once, like a draft's; what was typed stays until the server has accepted it. */
async function decideAction(kind, more = {}) {
  if (!ready()) return;
  const item = article();
  const mine = desk;
  const id = item.dataset.item;
  const following = neighbour(1) ?? neighbour(-1);
  if (mine.busy) return;
  const answer = send("POST", `${api(id)}/decision`, { type: kind, args_hash: item.dataset.hash, ...more });
  if (kind === "approve") {
    leave(id);
    const painted = show(following);
    latest = answer.then((view) => settledAction(view, kind), async (problem) => {
      await painted;
      refused(id, problem, item.dataset);
    });
    return;
  }
  mine.busy = true;
  // Its own news must not be taken for somebody else's.
  decided.set(id, Infinity);
  latest = answer.then((view) => {
    leave(id);
    settledAction(view, kind);
    if (currentId() === id) show(following);
  }, (problem) => {
    decided.delete(id);
    mine.refused(problem.message);
    if (problem.fields.decision) item.dataset.told = "decided";
    changed().catch(() => {});
  }).finally(() => { mine.busy = false; });
}

/** What was decided leaves the list. */
function leave(id) {
  decided.set(id, Infinity);
  dropRow(id);
  showCounts();
  lease.forget();
}

function settledAction(view, kind) {
  const { id } = view;
  if (view.status === "waiting") return counted(id, view.quorum - view.approved_by.length);
  isKnown(id);
  const undoMs = view.undo_ms;
  const entry = { id, finalAt: Date.now() + undoMs };
  entry.close = toast(DONE_ACTION[kind], { link: { label: "See it", href: `/actions/${id}` }, lastsMs: Math.max(undoMs, 4000), actionMs: undoMs || 4000, countdown: undoMs > 0, action: undoMs > 0 ? { label: "Undo  u", run: () => undo(entry) } : undefined });
  undoable.push(entry);
  setTimeout(() => decided.has(id) && forgetAction(id), undoMs);
}

function settled(id, kind, conversation, outcome) {
  if (kind === "take_over") return location.assign(`/conversations/${conversation}`);
  if (outcome.missing > 0) return counted(id, outcome.missing);
  const undoMs = outcome.undo_ms ?? 0;
  const entry = { id, finalAt: Date.now() + undoMs };
  const others = outcome.with ?? [];
  for (const one of [id, ...others]) isKnown(one);
  for (const other of others) { dropRow(other); fetched.delete(other); }
  if (others.includes(currentId())) show(ids()[0]);
  if (outcome.left_out) toast(`Left out: ${outcome.left_out.map((one) => one.why).join("; ")}`, { lastsMs: 9000 });
  const more = others.length ? `, and ${others.length} more like it` : "";
  const done = `${DONE[kind]}${more}${outcome.waits_for_second ? ". As a verified answer it waits for a second person, on the page Improve" : ""}`;
  entry.others = others;
  const corrects = "mayCorrect" in queue.dataset && (kind === "edit" || kind === "respond") && outcome.outcome_id;
  const link = corrects ? { label: "What else follows from this?", href: `/improve/corrections/${outcome.outcome_id}` } : undefined;
  const actionMs = undoMs || 4000;
  const lastsMs = link ? Math.max(actionMs, GO_ON_MS) : actionMs;
  entry.close = toast(done, { link, lastsMs, actionMs, countdown: undoMs > 0, action: undoMs > 0 ? { label: "Undo  u", run: () => undo(entry) } : undefined });
  undoable.push(entry);
  setTimeout(() => forgetOnceFinal(id), undoMs);
}

/** What was typed for an item is kept until nothing can bring it back: a visitor who writes before a decision is final does. */
async function forgetOnceFinal(id) {
  if (!decided.has(id)) return;
  try {
    const { state } = await send("GET", `/api/v1/queue/${id}`);
    if (state === "closed") forgetTexts(id);
    if (state === "pending") setTimeout(() => forgetOnceFinal(id), ASK_AGAIN_MS);
  } catch { /* Kept: it does no harm. */ }
}

/** What was decided here waits again, under the same id. */
function isBack(id) {
  decided.delete(id);
  fetched.delete(id);
  const entry = undoable.find((entry) => entry.id === id);
  if (entry && !entry.others?.length) {
    undoable.splice(undoable.indexOf(entry), 1);
    entry.close();
  }
  toast("An item is back in the queue: the visitor wrote again before your decision was final.", { lastsMs: 9000 });
}

/** Others have to approve as well: it goes on waiting, for them. Taken back as long as it does. */
function counted(id, missing) {
  decided.delete(id);
  fetched.delete(id);
  forgetTexts(id);
  forgetAction(id);
  const entry = { id, finalAt: Date.now() + COUNTED_MS };
  const others = missing === 1 ? "one more person has" : `${missing} more people have`;
  entry.close = toast(`Approved: ${others} to as well.`, { lastsMs: COUNTED_MS, action: { label: "Undo  u", run: () => undo(entry) } });
  undoable.push(entry);
  refreshList().catch(() => {});
}

/** The conversation is spam; a click takes that back. */
async function markSpam() {
  if (!ready()) return;
  const item = article();
  const id = item.dataset.item;
  const path = `/api/v1/conversations/${item.dataset.conversation}/spam`;
  const following = neighbour(1) ?? neighbour(-1);
  decided.set(id, Infinity);
  dropRow(id);
  showCounts();
  lease.forget();
  const answer = send("POST", path, {});
  await show(following);
  try {
    await answer;
    isKnown(id);
    forgetTexts(id);
    toast("Marked as spam.", { lastsMs: 8000, action: { label: "No spam", run: () => send("DELETE", path).then(() => toast("Taken back; the AI drafts an answer."), (problem) => toast(problem.message, { bad: true })) } });
  } catch (problem) {
    refused(id, problem);
  }
}

function refused(id, problem, about, text) {
  decided.delete(id);
  fetched.delete(id);
  const by = problem.fields.decided_by ?? (problem.fields.decision && problem.fields.by);
  if (by) {
    if (currentId() === id) article().dataset.told = "decided";
    refreshList();
    return text ? keepText(problem.message, about, text) : toast(problem.message, { bad: true, lastsMs: 9000 });
  }
  // Somebody who has begun the next item is not torn away from it.
  if (desk?.hasTyped) {
    toast(problem.message, { bad: true, lastsMs: 0, action: { label: "Go back to it", run: () => show(id) } });
  } else {
    toast(problem.message, { bad: true, lastsMs: 9000 });
    refreshList().then(() => show(id));
  }
}

async function undo(entry) {
  if (!entry) {
    // What is meant is the last decision, even if the server has not answered yet.
    await latest;
    entry = undoable.at(-1);
  }
  // Others still have to approve what stands here: one's own approval is taken back.
  if ((!entry || Date.now() > entry.finalAt) && article()?.dataset.voted === "true") entry = { id: currentId(), finalAt: Infinity, close() {} };
  if (!entry || Date.now() > entry.finalAt) return toast("There is nothing left to undo.");
  if (undoable.includes(entry)) undoable.splice(undoable.indexOf(entry), 1);
  entry.close();
  try {
    await send("POST", `${api(entry.id)}/undo`, {});
    for (const id of [entry.id, ...(entry.others ?? [])]) { decided.delete(id); fetched.delete(id); }
    await refreshList();
    await show(entry.id);
    announce("Undone.");
  } catch (problem) {
    toast(problem.message, { bad: true });
  }
}

/** Fetches the list again, without what was just decided here and stands in it only because it was asked for too early. */
async function refreshList() {
  const nth = (lists += 1);
  const before = new Set(ids());
  const opened = newItems();
  const box = document.createElement("div");
  box.innerHTML = await part(`/parts/queue?current=${currentId()}&${viewQuery()}`);
  const list = box.querySelector("[data-rows]");
  for (const row of box.querySelectorAll("[data-row]")) {
    const { row: id } = row.dataset;
    if (!decided.has(id)) continue;
    if (nth >= decided.get(id)) {
      isBack(id);
      continue;
    }
    row.remove();
    list.dataset.total = Math.max(0, Number(list.dataset.total) - 1);
  }
  const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
  listBox.replaceChildren(...box.childNodes);
  const arrived = rows().filter((row) => !before.has(row.dataset.row));
  for (const row of arrived) row.classList.add("row-new");
  if (focused) rows().find((row) => row.dataset.row === focused)?.querySelector("a").focus();
  tellOf(opened, listBox).catch(() => {});
  if (arrived.length && before.size) announce(arrived.length === 1 ? "A new item waits." : `${arrived.length} new items wait.`);
  markCurrent();
  showCounts();
}

/** Replaces what changed of the item in the centre, never what the person types. */
async function refreshItem() {
  const item = article();
  const id = item.dataset.item;
  const box = document.createElement("div");
  try {
    box.innerHTML = await part(partPath(id, seenRevision));
  } catch (problem) {
    if (problem.status === 404 && !decided.has(id)) leftTheQueue();
    return;
  }
  const newer = box.querySelector("[data-item]");
  if (article() !== item || !newer) return;
  const newParts = serverParts(newer);
  for (const [name, html] of newParts) {
    if (served.get(name) !== html) item.querySelector(`[data-part="${name}"]`)?.replaceWith(newer.querySelector(`[data-part="${name}"]`));
  }
  served = newParts;
  if (item.dataset.kind === "action") {
    desk.follow(newer);
    for (const name of ["hash", "voted"]) item.dataset[name] = newer.dataset[name];
  }
  paintPresence();
  if (newer.dataset.hasDraft !== item.dataset.hasDraft) item.querySelector("[data-actions]").replaceWith(newer.querySelector("[data-actions]"));
  if (newer.dataset.wording !== item.dataset.wording) {
    settleUntil = Date.now() + LOOK_AGAIN_MS;
    announce(item.dataset.kind === "action" ? "A colleague changed the arguments." : "A colleague changed the text.");
  }
  if (newer.dataset.revision !== item.dataset.revision) {
    settleUntil = Date.now() + LOOK_AGAIN_MS;
    announce("The visitor wrote again.");
  }
  const wasHeld = item.dataset.heldBy;
  for (const name of ["revision", "wording", "hasDraft", "kind", "heldBy"]) item.dataset[name] = newer.dataset[name] ?? "";
  if (wasHeld && !item.dataset.heldBy) takeLease(item);
  if (!wasHeld && item.dataset.heldBy && desk?.hasTyped) keepText(`${item.dataset.heldBy} has this open now.`);
  if (desk?.kind === "edit") desk.paintDiff();
}

/** Somebody else decided what stands in the centre: say so, and stay when a text was begun. */
function leftTheQueue() {
  // The next one is on its way already, or it was said: the list is fetched anew after every change.
  if (coming || article().dataset.told) return;
  article().dataset.told = "decided";
  if (desk?.hasTyped) {
    article().dataset.heldBy = "Somebody else";
    keepText("This item has been decided by somebody else.");
  } else {
    toast("That has just been decided by somebody else, or does not wait any more.");
    show(ids().find((id) => id !== currentId()));
  }
}

async function changed() {
  changes += 1;
  await refreshList();
  const next = neighbour(1);
  for (const id of fetched.keys()) if (id !== next) fetched.delete(id);
  prefetch(next);
  const here = currentId();
  if (!here) return rows().length ? show(ids()[0]) : undefined;
  if (ids().includes(here)) return refreshItem();
  if (!decided.has(here)) leftTheQueue();
}

function approve(more = {}) {
  if (desk?.hasTyped) return toast("You have changed the text: Ctrl Enter sends it, Esc closes it.");
  if (article()?.dataset.kind === "action") return allowed("approve") && decideAction("approve");
  if (article()?.dataset.hasDraft === "true") decide("approve", { verdict: "acceptable", ...more });
}

/** Whether whoever asked can deal with this decision. */
function allowed(kind) {
  return article().dataset.allowed.split(" ").includes(kind);
}

function open(kind) {
  if (article()?.dataset.kind === "action" && !allowed(kind)) return toast("Whoever asked cannot deal with that decision.");
  if (!article() || (kind !== "respond" && article().dataset.hasDraft !== "true")) return;
  if (desk.kind === kind) desk.close();
  else desk.open(kind);
}

function move(step) {
  const id = neighbour(step);
  if (id) show(id);
  else if (article()) toast(step > 0 ? "This is the last one." : "This is the first one.", { lastsMs: 2000 });
}

function unfold(name) {
  const details = article()?.querySelector(`[data-part="${name}"] details`);
  if (details) details.open = !details.open;
}

/** For what visitors asked; an action has no such thing. */
const forItem = (run) => () => article()?.dataset.kind !== "action" && run();

const shortcuts = {
  a: () => approve(),
  A: () => article()?.querySelector('[data-key="A"]') && approve({ alike: true }),
  e: () => open("edit"),
  r: () => open("reject"),
  s: () => open("respond"),
  t: forItem(() => decide("take_over", {})),
  x: forItem(() => markSpam().catch((problem) => toast(problem.message, { bad: true }))),
  j: () => move(1),
  k: () => move(-1),
  u: () => undo(),
  v: openViews,
  h: () => unfold("history"),
  w: () => unfold("why"),
  Escape: () => desk?.kind && desk.close(),
};
for (const key of ["1", "2", "3", "4", "5", "6", "7", "y", "n", "m"]) shortcuts[key] = () => desk?.key(key);
keys(shortcuts);

queue.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-key]");
  if (button) return shortcuts[button.dataset.key]();
  const link = event.target.closest("[data-row] a");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(link.closest("[data-row]").dataset.row);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !desk?.kind || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (!event.repeat) desk.send();
});
document.body.addEventListener("holdpoint:queue", () => changed().catch((problem) => toast(problem.message, { bad: true })));

if (article()) {
  adopt();
  markCurrent();
}
showCounts();
