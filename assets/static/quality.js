// The owner's limit: what is typed is sent to the API, which decides; its words stand above the form. Nothing is decided here.

import { send } from "/static/api.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const RESPONSIBILITY = "Let answers within a certificate reach your customers without anybody having read them? Up to your limit some will be wrong, and you answer for them.";

const box = document.querySelector("[data-autonomy]");
const form = box?.querySelector("[data-form]");
const field = (name) => form.querySelector(`[data-field="${name}"]`);
/** The number in a field; NaN where there is none. */
const numberIn = (name) => Number(field(name).value.trim().replace(",", ".") || NaN);

/** Tenths of a percent; NaN where there are more decimals than one: they are not rounded to something that nobody typed. */
function permille() {
  const tenths = numberIn("limit") * 10;
  return Math.abs(tenths - Math.round(tenths)) < 1e-6 ? Math.round(tenths) : NaN;
}

const isCount = (number) => Number.isInteger(number) && number >= 0;

function problemsOf(wish) {
  const problems = [];
  if (!isCount(wish.limit_permille)) problems.push({ path: "limit", says: "Bad answers at most: write a number like 4 or 4.5." });
  if (!isCount(wish.confidence_percent)) problems.push({ path: "confidence", says: "How sure: write a whole number from 80 to 99." });
  if (!isCount(wish.reviews_a_day)) problems.push({ path: "reviews", says: "Answers a day: write a whole number." });
  return problems;
}

/** Whether answers may begin to go out, where that is what is wished. */
async function isMeant(opens) {
  if (!opens.checked || opens.defaultChecked) return true;
  if (await ask(RESPONSIBILITY, "Let certificates open the gate", "Not yet")) return true;
  opens.checked = false;
  return false;
}

async function save() {
  const wish = {
    opens: field("opens").checked,
    limit_permille: permille(),
    confidence_percent: numberIn("confidence"),
    reviews_a_day: numberIn("reviews"),
    together: field("together").checked,
    exact: field("exact").checked,
  };
  const problems = problemsOf(wish);
  if (problems.length) return showProblems(box, form, problems);
  if (!(await isMeant(field("opens")))) return;
  try {
    await send("PUT", "/api/v1/autonomy", wish);
  } catch (problem) {
    return showProblems(box, null, [{ path: "", says: problem.message }]);
  }
  // What the page says of the gate is no longer true.
  reloadSaying("Saved.");
}

if (form) {
  let saving = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    saving = true;
    clearProblems(box);
    await save();
    saving = false;
  });
  for (const refused of form.querySelectorAll("[data-refused]")) {
    refused.addEventListener("click", (event) => {
      event.preventDefault();
      toast(refused.dataset.refused);
    });
  }
  if (sayWhatWasLeft()) form.querySelector("[type=submit]").focus();
}

// A planner that was refused comes back with the field that is wrong: its problem is read there. Not before the browser has gone to the address's
// fragment, which takes the focus.
addEventListener("load", () => document.querySelector("#planner [aria-invalid]")?.focus());
