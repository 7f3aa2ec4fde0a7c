// Reports: made, sent and set through the API.

import { send } from "/static/api.js";
import { toast } from "/static/toast.js";

const REPORTS = "/api/v1/reports";
const said = document.querySelector("[data-said]");
const report = document.querySelector("[data-report]")?.dataset.report;

async function tell(work) {
  try {
    said.textContent = await work();
  } catch (refused) {
    toast(refused.message, { bad: true });
  }
}

document.addEventListener("click", (event) => {
  const { make, test, link, send: hand } = event.target.closest("button")?.dataset ?? {};
  if (make) tell(async () => {
    const made = await send("POST", REPORTS, { kind: make });
    location.href = `/reports/${made.id}`;
    return "";
  });
  if (test) tell(async () => `On its way: ${(await send("POST", `${REPORTS}/test`, { kind: test })).subject}`);
  if (link !== undefined) tell(async () => `${(await send("POST", `${REPORTS}/${report}/links`, {})).url}`);
  if (hand !== undefined) tell(async () => {
    const { to, had_it: had } = await send("POST", `${REPORTS}/${report}/send`, {});
    return to.length ? `On its way to ${to.join(", ")}.` : `Everybody has it: ${had.join(", ")}`;
  });
});

const form = document.querySelector("[data-settings]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = form.querySelector("[data-problem]");
  problem.textContent = "";
  const wish = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") wish[field.name] = field.checked;
    else if (field.name === "recipients") wish.recipients = field.value.split(/\s+/).filter(Boolean);
    else if ("number" in field.dataset) wish[field.name] = Number(field.value);
    else wish[field.name] = field.value;
  }
  try {
    await send("PUT", `${REPORTS}/settings`, wish);
    toast("Saved.");
  } catch (refused) {
    problem.textContent = refused.message;
  }
});

document.querySelector("[data-logo]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = event.target.elements.file.files[0];
  if (!file) return;
  try {
    await send("PUT", `${REPORTS}/logo`, file, { type: file.type });
    toast("Saved.");
  } catch (refused) {
    toast(refused.message, { bad: true });
  }
});
