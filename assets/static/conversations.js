// The list of conversations, kept up to date without losing the older ones a person has asked for.

import { part, send } from "/static/api.js";
import { toast } from "/static/toast.js";

const box = document.querySelector("[data-conversations]");
/** Which conversations are listed: nothing for all of them. */
const filter = box.dataset.conversations;

async function refresh() {
  const newest = document.createElement("div");
  newest.innerHTML = await part("/parts/conversations" + filter);
  const list = box.querySelector("ol");
  const fresh = Array.from(newest.querySelectorAll("[data-row]"));
  // What is no spam any more has to go from the list of spam.
  if (filter || !list || !fresh.length) return box.replaceChildren(...newest.childNodes);
  const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
  const ids = new Set(fresh.map((row) => row.dataset.row));
  for (const row of list.querySelectorAll("[data-row]")) if (ids.has(row.dataset.row)) row.remove();
  // What is below the newest page stays as it is, the button for more included.
  list.prepend(...fresh);
  if (focused) list.querySelector(`[data-row="${focused}"] a`)?.focus();
}

document.body.addEventListener("holdpoint:conversations", () => refresh().catch((problem) => toast(problem.message, { bad: true })));

box.addEventListener("click", (event) => {
  const button = event.target.closest("[data-no-spam]");
  if (!button) return;
  button.disabled = true;
  send("DELETE", `/api/v1/conversations/${button.dataset.noSpam}/spam`)
    .then(() => toast("Taken back; the AI drafts an answer."))
    .then(refresh)
    .catch((problem) => {
      button.disabled = false;
      toast(problem.message, { bad: true });
    });
});
