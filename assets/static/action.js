// What became of an action: follows it live, takes a decision back within its time, and says what a person has found out.

import { part, send } from "/static/api.js";
import { oneAtATime } from "/static/forms.js";
import { keys } from "/static/keys.js";
import { announce, toast } from "/static/toast.js";

const box = document.querySelector("[data-action-part]");
const { alone, isBusy } = oneAtATime();
let served = null;

const state = () => box.querySelector("[data-action]");
const id = state().dataset.action;

async function refresh() {
  if (isBusy()) return;
  const html = await part(`/parts/actions/${id}`);
  if (html === served) return;
  served = html;
  const before = state().dataset.state;
  const open = box.querySelector("details").open;
  const focused = document.activeElement?.dataset;
  const again = focused?.found ? `[data-found="${focused.found}"]` : "undo" in (focused ?? {}) ? "[data-undo]" : null;
  box.innerHTML = html;
  box.querySelector("details").open = open;
  if (again) box.querySelector(again)?.focus();
  // It waits again: that is decided in the queue.
  if (state().dataset.state === "waiting") return location.assign(`/actions/${id}`);
  if (state().dataset.state !== before) announce(box.querySelector(".tag").textContent);
}

const undo = () => alone(async () => {
  const button = box.querySelector("[data-undo]");
  if (!button) return toast("There is nothing left to undo.");
  await send("POST", `/api/v1/approvals/${id}/undo`, {});
  location.assign(`/actions/${id}`);
});

async function foundOut(wasDone) {
  await alone(async () => {
    await send("POST", `/api/v1/actions/${id}/found-out`, { was_done: wasDone });
    toast(wasDone ? "Noted: it was done." : "Noted: it was not done. Propose it again if it has to be.");
  });
  await refresh();
  state().querySelector("h1").tabIndex = -1;
  state().querySelector("h1").focus();
}

box.addEventListener("click", (event) => {
  if (event.target.closest("[data-undo]")) undo();
  const found = event.target.closest("[data-found]");
  if (found) foundOut(found.dataset.found === "true").catch((problem) => toast(problem.message, { bad: true }));
});
keys({ u: undo, w: () => { const details = box.querySelector("details"); details.open = !details.open; } });
document.body.addEventListener("holdpoint:queue", () => refresh().catch((problem) => toast(problem.message, { bad: true })));
