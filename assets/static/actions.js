// The list of actions: follows what happens to them. Older pages stay as they were fetched.

import { part } from "/static/api.js";
import { toast } from "/static/toast.js";

const box = document.querySelector("[data-actions-part]");
let served = null;

async function refresh() {
  // Whoever has unfolded older ones keeps them.
  if ("continued" in box.dataset || box.querySelectorAll("[data-action-row]").length > 100) return;
  const html = await part(`/parts/actions${box.dataset.actionsPart}`);
  if (html === served) return;
  served = html;
  const focused = document.activeElement?.closest?.("[data-action-row]")?.dataset.actionRow;
  box.innerHTML = html;
  globalThis.htmx?.process(box);
  if (focused) box.querySelector(`[data-action-row="${focused}"] a`)?.focus();
}

document.body.addEventListener("holdpoint:queue", () => refresh().catch((problem) => toast(problem.message, { bad: true })));
