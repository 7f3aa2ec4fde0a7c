// Knowledge: imports a file or a pasted text, removes documents, retires verified answers.

import { part, send } from "/static/api.js";
import { ask, focusTitle, toast } from "/static/toast.js";

const FORMATS = {
  json: "faq-json", jsonl: "faq-json", ndjson: "faq-json", csv: "faq-csv", tsv: "faq-csv",
  html: "html", htm: "html", xhtml: "html", txt: "text", text: "text", pdf: "pdf",
};
const form = document.querySelector("[data-import]");
const field = (name) => form.querySelector(`[data-${name}]`);

const extension = (name) => name.split(".").pop().toLowerCase();

function chooseFile() {
  const file = field("file").files[0];
  if (!file) return;
  field("file-name").textContent = file.name;
  if (!field("name").value) field("name").value = file.name.replace(/\.[^.]+$/, "");
  field("paste").value = "";
}

function line(parent, name, words) {
  const element = parent.appendChild(document.createElement(name));
  element.textContent = words;
  return element;
}

function showResult(result) {
  const box = document.querySelector("[data-import-result]");
  const skipped = result.skipped ?? [];
  box.className = skipped.length ? "notice notice-hold" : "notice notice-good";
  box.replaceChildren();
  const words = box.appendChild(document.createElement("div"));
  line(words, "b", `${result.added} added, ${result.changed} changed, ${result.unchanged} as before.`);
  for (const remark of result.remarks ?? []) line(words, "p", `Note: ${remark}.`);
  for (const { question, rows } of (result.contradictions ?? []).slice(0, 20)) line(words, "p", `“${question}” has several answers: rows ${rows.join(", ")}`);
  if (!skipped.length) return;
  line(words, "p", skipped.length === 1 ? "1 row was skipped:" : `${skipped.length} rows were skipped:`);
  const list = words.appendChild(document.createElement("ul"));
  list.className = "skipped";
  for (const { row, why } of skipped.slice(0, 20)) line(list, "li", `Row ${row}: ${why}`);
  if (skipped.length > 20) line(list, "li", `and ${skipped.length - 20} more`);
}

async function runImport() {
  const file = field("file").files[0];
  const pasted = field("paste").value;
  if (!file && !pasted.trim()) return toast("Choose a file or paste a text first.");
  const format = field("format").value || (file && FORMATS[extension(file.name)]) || "markdown";
  const query = new URLSearchParams({ name: field("name").value.trim(), collection: field("collection").value.trim(), format });
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  button.textContent = "Importing…";
  try {
    showResult(await send("POST", `/api/v1/knowledge/import?${query}`, file ?? pasted, { type: "application/octet-stream" }));
    form.reset();
    field("file-name").textContent = ".csv, .json, .md, .html, .txt, .pdf";
    document.querySelector("#found").innerHTML = await part("/parts/knowledge");
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 0 });
  } finally {
    button.disabled = false;
    button.textContent = "Import";
  }
}

if (form) {
  const drop = form.querySelector(".drop");
  field("file").addEventListener("change", chooseFile);
  form.addEventListener("submit", (event) => { event.preventDefault(); runImport(); });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("drop-over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("drop-over"));
}

document.querySelector("main").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button || !(await ask(button.dataset.question, button.textContent.trim()))) return;
  try {
    await send("DELETE", button.dataset.remove);
    if (button.dataset.then) return location.assign(button.dataset.then);
    const list = button.closest("ol");
    button.closest("li").remove();
    if (!list.children.length) return location.reload();
    focusTitle();
    toast("Done.");
  } catch (problem) {
    toast(problem.message, { bad: true });
  }
});
