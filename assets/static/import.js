// Imports files, a pasted text, or the pages of a site: one after the other, so that everybody sees how far it is and can stop it.

import { freshId, part, send } from "/static/api.js";
import { toast } from "/static/toast.js";

const NAMED = 20;
const HINT = ".csv, .json, .md, .html, .txt, .pdf";
const COUNTS = ["added", "changed", "unchanged", "removed", "kept"];
const LISTS = ["skipped", "changes", "corrections", "contradictions", "remarks"];
const SIGNS = { added: "+", removed: "−", changed: "~" };

const form = document.querySelector("[data-import]");
const field = (name) => form.querySelector(`[data-${name}]`);
const value = (name) => field(name).value.trim();
const progress = document.querySelector("[data-progress]");
let isStopped = false;

function add(parent, name, words) {
  const element = parent.appendChild(document.createElement(name));
  if (words !== undefined) element.textContent = words;
  return element;
}

/** What every file or page is imported with. */
function settings(dryRun) {
  // One run is one thing to take back.
  const chosen = { collection: value("collection"), overwrite_corrections: field("overwrite").checked, dry_run: dryRun, run: freshId() };
  if (value("owner")) chosen.owner = value("owner");
  if (field("never").checked) chosen.expires = "never";
  else if (field("expires").value) chosen.expires = field("expires").value;
  return chosen;
}

/** Each with its name and how it is sent; what is left out is told in `sum`. */
async function pieces(chosen, sum) {
  const upload = (name, format, body) => {
    const query = new URLSearchParams({ name, ...(format && { format }), ...chosen });
    return { name, send: () => send("POST", `/api/v1/knowledge/import?${query}`, body, { type: "application/octet-stream" }) };
  };
  const files = [...field("file").files];
  if (files.length) return files.map((file) => upload(file.name, value("format"), file));
  if (value("paste")) {
    if (!value("name")) {
      field("name").focus();
      throw new Error("Give the text a name: importing the same name again updates it.");
    }
    return [upload(value("name"), value("format") || "markdown", field("paste").value)];
  }
  const url = value("site");
  if (!url) throw new Error("Choose a file, paste a text, or name a page first.");
  show(0, 1, "Reading the site…");
  const site = await send("POST", "/api/v1/knowledge/sitemap", { url });
  for (const { address, why } of site.left_out) sum.left_out.push(`${address}: ${why}`);
  if (!site.pages.length) throw new Error("The sitemap names no page of this site.");
  return site.pages.map((page) => ({ name: page, send: () => send("POST", "/api/v1/knowledge/page", { url: page, ...chosen }) }));
}

function show(done, all, words) {
  progress.hidden = false;
  progress.querySelector("[data-progress-text]").textContent = words;
  const bar = progress.querySelector("progress");
  bar.max = all;
  bar.value = done;
}

function take(sum, report, name, isOne) {
  // What waits is not live yet.
  if (!report.candidate) for (const count of COUNTS) sum[count] += report[count];
  for (const list of LISTS) sum[list].push(...(report[list] ?? []).map((it) => ({ it, name: isOne ? "" : `${name}: ` })));
  sum.waits ||= Boolean(report.candidate);
}

async function run(dryRun) {
  const sum = { added: 0, changed: 0, unchanged: 0, removed: 0, kept: 0, skipped: [], changes: [], corrections: [], contradictions: [], remarks: [], failed: [], left_out: [], waits: false, done: 0, dryRun };
  const buttons = form.querySelectorAll("[type=submit]");
  for (const button of buttons) button.disabled = true;
  isStopped = false;
  try {
    const all = await pieces(settings(dryRun), sum);
    sum.of = all.length;
    for (const [index, piece] of all.entries()) {
      if (isStopped) break;
      show(index, all.length, all.length === 1 ? piece.name : `${index + 1} of ${all.length}: ${piece.name}`);
      try {
        take(sum, await piece.send(), piece.name, all.length === 1);
        sum.done += 1;
      } catch (problem) {
        // One that cannot be read does not keep the others out.
        if (all.length === 1 || problem.status !== 422) throw problem;
        sum.failed.push(`${piece.name}: ${problem.message}`);
      }
    }
    tell(sum);
    if (!dryRun && !isStopped && !sum.failed.length) {
      form.reset();
      field("file-name").textContent = HINT;
    }
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 0 });
    if (sum.done) tell(sum);
  } finally {
    progress.hidden = true;
    for (const button of buttons) button.disabled = false;
  }
  if (!dryRun && sum.done) document.querySelector("#found").innerHTML = await part("/parts/knowledge");
}

/** A list of at most `NAMED` lines under a heading, if there are any. */
function named(parent, heading, lines) {
  if (!lines.length) return;
  add(parent, "p", heading);
  const list = add(parent, "ul");
  list.className = "skipped";
  for (const line of lines.slice(0, NAMED)) {
    const item = add(list, "li", line.words ?? line);
    if (line.diff) {
      const diff = add(item, "div", line.diff);
      diff.dataset.diff = "";
    }
  }
  if (lines.length > NAMED) add(list, "li", `and ${lines.length - NAMED} more`);
}

/** What becomes of something that was corrected here. */
function corrected(it, dryRun) {
  const was = `${it.removed ? "taken out" : "corrected"} on ${new Date(it.at).toLocaleDateString()}`;
  if (it.kept) return `${was}; the file still has the old text, so it stays as it is. Tick “Replace what was corrected here” to have the file's.`;
  return `${was}; what the file says now ${dryRun ? "would take" : "took"} its place.`;
}

function tell(sum) {
  const box = document.querySelector("[data-import-result]");
  const isClean = !sum.skipped.length && !sum.failed.length && !sum.waits && sum.done === sum.of;
  box.className = isClean ? "notice notice-good" : "notice notice-hold";
  box.replaceChildren();
  const words = add(box, "div");
  const removed = sum.removed ? `, ${sum.removed} removed` : "";
  const kept = sum.kept ? `, ${sum.kept} kept as corrected here` : "";
  const would = sum.dryRun ? "It would be: " : "";
  add(words, "b", `${would}${sum.added} added, ${sum.changed} changed, ${sum.unchanged} as before${removed}${kept}.`);
  if (isStopped) add(words, "p", `Stopped after ${sum.done} of ${sum.of}. Import it again to go on; what is there already stays.`);
  if (sum.waits) {
    const line = add(words, "p");
    const link = add(line, "a", "Look at it on the page Improve");
    link.href = "/improve";
  }
  for (const { it, name } of sum.remarks) add(words, "p", `Note: ${name}${it}.`);
  named(words, "Not imported:", sum.failed);
  named(words, "Corrected here since the last import:", sum.corrections.map(({ it, name }) => ({ words: `${name}${it.title}: ${corrected(it, sum.dryRun)}`, diff: it.diff })));
  named(words, "Answered in several ways:", sum.contradictions.map(({ it, name }) => `${name}“${it.question}”, rows ${it.rows.join(", ")}`));
  named(words, sum.skipped.length === 1 ? "1 row was skipped:" : `${sum.skipped.length} rows were skipped:`, sum.skipped.map(({ it, name }) => `${name}Row ${it.row}: ${it.why}`));
  named(words, "Left out:", sum.left_out);
  if (sum.dryRun) named(words, "What would change:", sum.changes.map(({ it, name }) => ({ words: `${SIGNS[it.kind]} ${name}${it.title}`, diff: it.diff })));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(event.submitter?.matches("[data-try]") ?? false);
});
field("file").addEventListener("change", () => {
  const files = [...field("file").files];
  field("file-name").textContent = files.length > 3 ? `${files.length} files` : files.map((file) => file.name).join(", ") || HINT;
});
progress.querySelector("[data-stop]").addEventListener("click", () => { isStopped = true; });
const drop = form.querySelector(".drop");
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("drop-over"));
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("drop-over"));
