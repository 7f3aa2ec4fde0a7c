// Live: every conversation as it happens. The marked one is taken over with one key, at any moment.

import { part, send } from "/static/api.js";
import { paintForming } from "/static/forming.js";
import { keys } from "/static/keys.js";
import { announce, toast } from "/static/toast.js";

const box = document.querySelector("[data-live]");
let marked = null;
let served = null;

const rows = () => [...box.querySelectorAll("[data-row]")];
const current = () => rows().find((row) => row.dataset.row === marked) ?? rows()[0];

function mark(row) {
  marked = row?.dataset.row ?? null;
  for (const other of rows()) {
    if (other === row) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  }
}

async function refresh() {
  const html = await part("/parts/live");
  if (html === served) return;
  served = html;
  const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
  const known = new Set(rows().map((row) => row.dataset.row));
  box.innerHTML = html;
  paintForming();
  mark(current());
  if (focused) box.querySelector(`[data-row="${focused}"] button`)?.focus();
  if (rows().some((row) => !known.has(row.dataset.row))) announce("A new conversation.");
}

function move(by) {
  const all = rows();
  const row = all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + by))];
  if (!row) return;
  mark(row);
  row.scrollIntoView({ block: "nearest" });
  announce(row.querySelector("b").textContent);
}

async function take(row) {
  if (!row || row.dataset.busy) return;
  row.dataset.busy = "true";
  const takes = row.dataset.mine !== "true";
  try {
    await send("POST", `/api/v1/conversations/${row.dataset.row}/${takes ? "take-over" : "hand-back"}`, {});
    marked = row.dataset.row;
    toast(takes ? "The conversation is yours; the AI is silent until you hand it back. o opens it." : "The AI answers again.");
    await refresh();
  } catch (problem) {
    toast(problem.message, { bad: true });
  } finally {
    delete row.dataset.busy;
  }
}

keys({
  j: () => move(1),
  k: () => move(-1),
  t: () => take(current()),
  o: () => current() && location.assign(`/conversations/${current().dataset.row}`),
});
box.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row) return;
  mark(row);
  if (event.target.closest("[data-take]")) take(row);
});
document.body.addEventListener("holdpoint:conversations", () => refresh().catch((problem) => toast(problem.message, { bad: true })));
// A turn that ends and a deadline that passes are no events: the clock brings them.
setInterval(() => document.hidden || refresh().catch(() => {}), 5000);
mark(current());
