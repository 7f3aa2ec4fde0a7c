// All rehearsals: begins one from a file, removes one.

import { send } from "/static/api.js";
import { ask, focusTitle, toast } from "/static/toast.js";

const form = document.querySelector("[data-begin]");

const field = (name) => form.querySelector(`[data-${name}]`);

/** Says what a field wants, and brings the person there. */
function wants(input, words) {
  toast(words);
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

async function begin(file, limit) {
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const query = new URLSearchParams({ name: file.name, agent: field("agent").value });
    if (limit) query.set("limit", limit);
    const begun = await send("POST", `/api/v1/rehearsals?${query}`, file, { type: "application/octet-stream" });
    location.assign(`/rehearsal/${begun.id}`);
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 0 });
  } finally {
    button.disabled = false;
  }
}

if (form) {
  const [input, limit] = [field("file"), field("limit")];
  const most = Number(limit.dataset.most);
  const drop = form.querySelector(".drop");
  input.addEventListener("change", () => {
    field("file-name").textContent = input.files[0]?.name ?? ".csv, .jsonl";
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("drop-over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("drop-over"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    const wished = limit.value.trim();
    for (const wrong of [input, limit]) wrong.removeAttribute("aria-invalid");
    if (!file) wants(input, "Choose a file first.");
    else if (wished && !(/^\d+$/.test(wished) && wished >= 1 && wished <= most)) wants(limit, `Questions at most: write a whole number from 1 to ${most}.`);
    else begin(file, wished);
  });
}

/** Takes a rehearsal off the page. */
function takeOff(row) {
  const list = row.closest("ol");
  row.remove();
  if (!list.children.length) {
    if (location.search || document.querySelector(".more")) return location.assign("/rehearsal");
    list.outerHTML = '<p class="card">There is no rehearsal yet.</p>';
  }
  focusTitle();
}

for (const button of document.querySelectorAll("[data-remove]")) {
  button.addEventListener("click", async () => {
    if (!(await ask("Remove this rehearsal with its questions, drafts and verdicts?", "Remove"))) return;
    try {
      await send("DELETE", `/api/v1/rehearsals/${button.dataset.remove}`);
      takeOff(button.closest("li"));
      toast("Removed.");
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  });
}
