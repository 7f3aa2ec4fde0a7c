// All rehearsals: begins one from a file, removes one.

import { send } from "/static/api.js";
import { ask, toast } from "/static/toast.js";

const form = document.querySelector("[data-begin]");

async function begin(file) {
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const query = new URLSearchParams({ name: file.name, agent: form.querySelector("[data-agent]").value });
    const limit = form.querySelector("[data-limit]").value.trim();
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
  const input = form.querySelector("[data-file]");
  const drop = form.querySelector(".drop");
  input.addEventListener("change", () => {
    form.querySelector("[data-file-name]").textContent = input.files[0]?.name ?? ".csv, .jsonl";
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("drop-over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("drop-over"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    if (file) begin(file);
    else toast("Choose a file first.");
  });
}

for (const button of document.querySelectorAll("[data-remove]")) {
  button.addEventListener("click", async () => {
    if (!(await ask("Remove this rehearsal with its questions, drafts and verdicts?", "Remove"))) return;
    try {
      await send("DELETE", `/api/v1/rehearsals/${button.dataset.remove}`);
      button.closest("li").remove();
      toast("Removed.");
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  });
}
