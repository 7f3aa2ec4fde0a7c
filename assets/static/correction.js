// What follows from an edit: sends what is ticked, writes to others who were told the same, and leads to what is tried.

import { send } from "/static/api.js";
import { alone } from "/static/forms.js";
import { reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

/** How often an edit that can still be undone is waited for. */
const PATIENCE = 3;
/** The server's clock and this one need not agree. */
const A_LITTLE_MS = 300;

sayWhatWasLeft();

const path = `/api/v1/improve/corrections/${document.querySelector("[data-correction]").dataset.correction}`;
const form = document.querySelector("[data-effects]");
const find = (name) => form.querySelector(`[${name}]`);
const isTicked = (name) => find(name)?.checked ?? false;

/** What belongs to a tick shows when it is set. */
function follow() {
  for (const tick of form.querySelectorAll("[data-shows]")) document.getElementById(tick.dataset.shows).hidden = !tick.checked;
  const question = find("data-question-field");
  if (question) question.hidden = !isTicked("data-answer") && !isTicked("data-stays");
  for (const one of form.querySelectorAll("[data-document]")) one.querySelector("[data-text]").disabled = one.querySelector("[data-outdated]").checked;
}

function patches() {
  const changed = Array.from(form.querySelectorAll("[data-document]")).filter((one) => one.querySelector("[data-change]").checked);
  return changed.map((one) => {
    const isOutdated = one.querySelector("[data-outdated]").checked;
    return { document_id: one.dataset.document, text: isOutdated ? null : one.querySelector("[data-text]").value };
  });
}

function wish() {
  const asked = !find("data-question-field").hidden;
  return {
    causes: Array.from(form.querySelectorAll("[data-cause]:checked"), (tick) => tick.dataset.cause),
    question: asked ? find("data-question").value : null,
    verified_answer: isTicked("data-answer"),
    patches: patches(),
    instructions: isTicked("data-tell") ? find("data-instructions").value : null,
    regression_question: isTicked("data-stays"),
    preference_pair: find("data-pair")?.checked ?? true,
  };
}

/** Sends it; waits for an edit that can still be undone. */
async function patiently(what, patience = PATIENCE) {
  try {
    return await what();
  } catch (problem) {
    const wait = problem.fields?.retry_in_ms;
    if (wait === undefined || patience === 0) throw problem;
    await new Promise((resolve) => setTimeout(resolve, wait + A_LITTLE_MS));
    return patiently(what, patience - 1);
  }
}

const visitors = (number) => (number === 1 ? "1 visitor is" : `${number} visitors are`);

async function writeToThem() {
  const sent = await patiently(() => send("POST", `${path}/follow-up`, { text: find("data-letter").value }));
  return sent.written ? `${visitors(sent.written)} written to.` : "They have been written to before.";
}

async function apply() {
  const isSaid = "said" in form.dataset;
  const writes = isTicked("data-follow-up");
  if (isSaid && !writes) return toast("Tick that they are to be written to.");
  const done = isSaid ? null : await patiently(() => send("POST", path, wish()));
  let said = "Kept.";
  try {
    if (writes) said = await writeToThem();
  } catch (problem) {
    // The rest is done: the page says so when it is loaded again, and offers this once more.
    said = `Nobody was written to: ${problem.message}`;
  }
  if (!done?.candidate_id) return reloadSaying(said);
  if (writes) sessionStorage.setItem("holdpoint.said", said);
  location.assign(`/improve/${done.candidate_id}`);
}

form?.addEventListener("change", follow);
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(form.querySelector("[type=submit]"), apply);
});
if (form) follow();
