// The team's settings: filled from the API and saved through it. What is sent is checked by the server, and its messages stand at the
// fields. Nothing is decided here.

import { send } from "/static/api.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { toast } from "/static/toast.js";

const SETTINGS = "/api/v1/team/settings";
const MINUTE_MS = 60_000;
const page = document.querySelector("[data-team]");
const form = page.querySelector("[data-form]");
const steps = form.querySelector("[data-steps]");
const general = Object.fromEntries(["assign", "most_each", "waiting_per_address"].map((name) => [name, form.querySelector(`[data-path="${name}"]`)]));

let saving = false;

const rows = () => [...steps.children];
const field = (row, name) => row.querySelector(`[data-field="${name}"]`);
const clone = (name) => document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
/** The number in a field; NaN where there is none. */
const numberIn = (input) => Number(input.value.trim().replace(",", ".") || NaN);
const minutesOf = (row) => numberIn(field(row, "after_ms"));

/** Numbers the steps, for people and for the server's messages. */
function number() {
  rows().forEach((row, at) => {
    row.querySelector("[data-title]").textContent = `Step ${at + 1}`;
    row.querySelector("[data-title-of-button]").textContent = ` step ${at + 1}`;
    row.firstElementChild.dataset.path = `escalation[${at}]`;
    for (const input of row.querySelectorAll("[data-field]")) input.dataset.path = `escalation[${at}].${input.dataset.field}`;
  });
  form.querySelector("[data-no-steps]").hidden = steps.children.length > 0;
}

/** Chooses somebody; who is neither a member nor a skill of somebody's (any more) is shown all the same. */
function choose(to, name) {
  const known = [...to.querySelectorAll("input")].find((input) => input.value === name);
  if (known) {
    known.checked = true;
    return;
  }
  const chip = clone("name");
  chip.querySelector("input").value = name;
  chip.querySelector("span").textContent = name.includes("@") ? `${name} (no member)` : `whoever knows about ${name} (nobody)`;
  to.append(chip);
}

function addStep({ after_ms: afterMs, to = [], mail = false, webhook = "" } = {}) {
  const row = clone("step");
  field(row, "after_ms").value = afterMs === undefined ? "" : afterMs / MINUTE_MS;
  for (const name of to) choose(field(row, "to"), name.trim().toLowerCase());
  field(row, "mail").checked = mail;
  field(row, "webhook").value = webhook ?? "";
  steps.append(row);
  number();
  return row;
}

function readStep(row) {
  const webhook = field(row, "webhook").value.trim();
  return {
    after_ms: Math.round(minutesOf(row) * MINUTE_MS),
    to: [...field(row, "to").querySelectorAll("input:checked")].map((input) => input.value),
    mail: field(row, "mail").checked,
    ...(webhook && { webhook }),
  };
}

/** Fields in which there should be a number and is none: nothing can be sent for them. */
function noNumbers() {
  const wanted = [
    [general.most_each, Number.isInteger],
    [general.waiting_per_address, (value) => Number.isInteger(value) && value >= 0],
    ...rows().map((row) => [field(row, "after_ms"), Number.isFinite]),
  ];
  return wanted
    .filter(([input, fits]) => !fits(numberIn(input)))
    .map(([input]) => ({ path: input.dataset.path, says: `${input.closest("label").querySelector("span").textContent}: write a number.` }));
}

async function save() {
  const problems = noNumbers();
  if (problems.length) {
    showProblems(page, form, problems);
    return;
  }
  // A chain goes on in time, in whatever order it was written down.
  steps.append(...rows().sort((one, other) => minutesOf(one) - minutesOf(other)));
  number();
  const settings = {
    assign: general.assign.checked,
    most_each: numberIn(general.most_each),
    waiting_per_address: numberIn(general.waiting_per_address),
    escalation: rows().map(readStep),
  };
  try {
    await send("PUT", SETTINGS, settings);
    clearProblems(page);
    toast("Saved.");
  } catch (problem) {
    if (problem.fields?.problems) showProblems(page, form, problem.fields.problems);
    else toast(problem.message, { bad: true, lastsMs: 0 });
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (saving) return;
  saving = true;
  await save();
  saving = false;
});

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("add" in button.dataset) field(addStep(), "after_ms").focus();
  if ("remove" in button.dataset) {
    button.closest("li").remove();
    number();
    form.querySelector("[data-add]").focus();
  }
});

try {
  const settings = await send("GET", SETTINGS);
  general.assign.checked = settings.assign;
  general.most_each.value = settings.most_each;
  general.waiting_per_address.value = settings.waiting_per_address;
  settings.escalation.forEach(addStep);
  number();
  form.hidden = false;
} catch (problem) {
  toast(problem.message, { bad: true, lastsMs: 0 });
}
