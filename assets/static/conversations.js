// The list of conversations, kept up to date without losing the older ones a person has asked for.

import { part } from "/static/api.js";
import { toast } from "/static/toast.js";

const box = document.querySelector("[data-conversations]");

async function refresh() {
  const newest = document.createElement("div");
  newest.innerHTML = await part("/parts/conversations");
  const list = box.querySelector("ol");
  const fresh = Array.from(newest.querySelectorAll("[data-row]"));
  if (!list || !fresh.length) return box.replaceChildren(...newest.childNodes);
  const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
  const ids = new Set(fresh.map((row) => row.dataset.row));
  for (const row of list.querySelectorAll("[data-row]")) if (ids.has(row.dataset.row)) row.remove();
  // What is below the newest page stays as it is, the button for more included.
  list.prepend(...fresh);
  if (focused) list.querySelector(`[data-row="${focused}"] a`)?.focus();
}

document.body.addEventListener("holdpoint:conversations", () => refresh().catch((problem) => toast(problem.message, { bad: true })));
