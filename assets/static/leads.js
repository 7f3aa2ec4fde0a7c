// People to be called back: how far it is, and who looks after them. A choice is kept as soon as it is made.

import { send } from "/static/api.js";
import { announce, toast } from "/static/toast.js";

const page = document.querySelector("[data-leads]");

page.addEventListener("change", async (event) => {
  const choice = event.target.closest("[data-stage], [data-owner]");
  const lead = choice?.closest("[data-lead]")?.dataset.lead;
  if (!lead) return;
  const isStage = "stage" in choice.dataset;
  const wish = isStage ? { stage: choice.value } : { owner_id: choice.value || null };
  choice.disabled = true;
  try {
    await send("PATCH", `/api/v1/leads/${lead}`, wish);
    for (const option of choice.options) option.defaultSelected = option.selected;
    announce(isStage ? `Now: ${choice.selectedOptions[0].text}.` : `Looked after by: ${choice.selectedOptions[0].text}.`);
  } catch (problem) {
    for (const option of choice.options) option.selected = option.defaultSelected;
    toast(problem.message, { bad: true });
  } finally {
    choice.disabled = false;
    choice.focus();
  }
});
