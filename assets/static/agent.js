// An agent's settings: shows what was changed before it is sent, sends it, and follows it to where it is tried. What is live at once and what is
// tried first is the server's decision; the page only says it beforehand.

import { send } from "/static/api.js";
import { paintDiff } from "/static/diff.js";
import { alone as withButton, filled } from "/static/forms.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const page = document.querySelector("[data-agent]");
const api = `/api/v1/agents/${page.dataset.agent}`;
const form = page.querySelector("[data-form]");
const preview = page.querySelector("[data-preview]");
const save = page.querySelector("[data-save]");
const undo = page.querySelector("[data-undo]");
const model = page.querySelector("[data-model]");
const adapter = page.querySelector("[data-adapter]");
const answering = new Set(page.dataset.answering.split(" "));
const triedOn = page.dataset.triedOn;

sayWhatWasLeft();

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const label = (field) => page.querySelector(`[data-label-of="${field}"]`).textContent;

function valueOf(field) {
  if (field.dataset.kind === "checks") return [...field.querySelectorAll("input:checked")].map((input) => input.value);
  if (field.dataset.kind === "lines") return lines(field.value);
  if (field.type === "checkbox") return field.checked;
  return field.value.trim();
}

/** What the form says, by the names of settings. */
function readForm() {
  const settings = Object.fromEntries([...form.querySelectorAll("[data-field]")].map((field) => [field.dataset.field, valueOf(field)]));
  const others = lines(form.querySelector("[data-other-models]").value);
  settings.chat_models = [model.value, ...others].filter(Boolean);
  settings.adapter = adapter.value || null;
  return settings;
}

const atFirst = readForm();

/** The fields that a person has changed. */
function changes() {
  const now = readForm();
  return Object.keys(now).filter((field) => JSON.stringify(now[field]) !== JSON.stringify(atFirst[field]));
}

/** An adapter fits the models that it was made for; which of them can be chosen follows from the model. */
function showFitting() {
  const chosen = model.selectedOptions[0];
  const isRemote = model.value.includes("@");
  for (const option of adapter.options) {
    const fits = !option.value || isRemote || option.dataset.fits.split(" ").includes(chosen.dataset.name);
    option.disabled = !fits;
  }
  const hint = page.querySelector("[data-adapter-hint]");
  const taken = adapter.selectedOptions[0];
  if (taken?.value && taken.disabled) hint.textContent = `The adapter ${taken.value} does not fit ${chosen.dataset.name || "this model"}; choose another one, or none.`;
  else if (adapter.options.length > 1) hint.textContent = isRemote ? "The other engine needs an adapter of this name." : "Adapters that were made for another model cannot be chosen.";
}

function showChanges() {
  showFitting();
  const changed = changes();
  const tried = changed.filter((field) => answering.has(field));
  const atOnce = changed.filter((field) => !answering.has(field));
  const names = (section, fields) => {
    section.hidden = fields.length === 0;
    section.querySelector("[data-names]").textContent = fields.map(label).join(", ");
  };
  names(preview.querySelector("[data-at-once]"), atOnce);
  names(preview.querySelector("[data-tried]"), tried);
  preview.querySelector("[data-tried-words]").textContent = triedOn ? `Can change answers, is tried on ${triedOn} first:` : "Can change answers, and is live as soon as you save:";
  const diff = preview.querySelector("[data-diff]");
  diff.hidden = !tried.includes("instructions");
  if (!diff.hidden) paintDiff(diff, atFirst.instructions, readForm().instructions);
  preview.hidden = changed.length === 0;
  undo.hidden = preview.hidden;
  const parts = [[atOnce, "live at once"], [tried, triedOn ? "tried first" : "live at once"]].filter(([fields]) => fields.length);
  page.querySelector("[data-foot-words]").textContent = parts.map(([fields, what]) => `${fields.map(label).join(", ")}: ${what}`).join(" · ");
  save.textContent = tried.length && triedOn ? (atOnce.length ? "Save, and try the rest" : "Try it") : "Save";
}

/** Puts what was changed over the newest version, so that what somebody else has published meanwhile stays. */
async function put(fields, query = "") {
  const { settings } = await send("GET", api);
  return send("PUT", `${api}${query}`, { ...settings, ...fields });
}

/** What became of it: a page of its own, or a sentence on this one. */
function follow({ version, candidate }) {
  if (candidate && candidate.state !== "published") location.assign(candidate.see);
  else reloadSaying(candidate ? candidate.in_words : `Version ${version} is in force.`);
}

/** What is refused stands at the top of the page until it is tried again. */
function alone(button, work) {
  return withButton(button, () => { clearProblems(page); return work(); }, (problem) => {
    showProblems(page, null, [{ path: "", says: problem.message }]);
    page.querySelector("[data-problems]").scrollIntoView({ block: "center" });
  });
}

const changedFields = () => {
  const now = readForm();
  return Object.fromEntries(changes().map((field) => [field, now[field]]));
};

form.addEventListener("input", showChanges);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(save, async () => {
    if (!changes().length) {
      toast("Nothing is changed.");
      return;
    }
    follow(await put(changedFields()));
  });
});

undo.addEventListener("click", () => {
  form.reset();
  clearProblems(page);
  showChanges();
  save.focus();
});

const now = page.querySelector("[data-now]");
now?.addEventListener("click", () => alone(now, async () => {
  const reason = filled(page.querySelector("[data-reason]"), "Say why it cannot wait.");
  if (!reason) return;
  follow(await put(changedFields(), `?publish=now&reason=${encodeURIComponent(reason)}`));
}));

for (const button of page.querySelectorAll("[data-return]")) {
  button.addEventListener("click", () => alone(button, async () => {
    const number = Number(button.dataset.return);
    const found = await send("GET", `${api}/versions?limit=1&after=${number + 1}`);
    const then = found.items[0].settings;
    if (changes().length && !(await ask("What you changed on this page and did not save is lost.", "Go back all the same"))) return;
    follow(await put(Object.fromEntries([...answering].map((field) => [field, then[field]]))));
  }));
}

page.querySelector("[data-copy]").addEventListener("click", async () => {
  const tag = page.querySelector("[data-tag]");
  try {
    await navigator.clipboard.writeText(tag.textContent);
    toast("Copied.");
  } catch {
    // Without a secure connection browsers copy only what is selected.
    getSelection().selectAllChildren(tag);
    toast("It is selected; copy it with the keyboard.");
  }
});

showChanges();
