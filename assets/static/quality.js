// The owner's limit: what is typed is sent to the API, which decides; its words stand above the form. Nothing is decided here.

import { send } from "/static/api.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { toast } from "/static/toast.js";

const box = document.querySelector("[data-autonomy]");
const form = box.querySelector("[data-form]");
const field = (name) => form.querySelector(`[data-field="${name}"]`);
/** The number in a field; NaN where there is none. */
const numberIn = (name) => Number(field(name).value.trim().replace(",", ".") || NaN);

let saving = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (saving) return;
  saving = true;
  const wish = {
    opens: field("opens").checked,
    limit_permille: Math.round(numberIn("limit") * 10),
    confidence_percent: numberIn("confidence"),
    reviews_a_day: numberIn("reviews"),
    together: field("together").checked,
    exact: field("exact").checked,
  };
  const wrong = Object.values(wish).some((value) => typeof value === "number" && !(Number.isInteger(value) && value >= 0));
  try {
    if (wrong) {
      showProblems(box, null, [{ path: "", says: "Write a number in every field: the limit with at most one decimal, the others whole." }]);
    } else {
      await send("PUT", "/api/v1/autonomy", wish);
      clearProblems(box);
      toast("Saved.");
    }
  } catch (problem) {
    showProblems(box, null, [{ path: "", says: problem.message }]);
  }
  saving = false;
});
