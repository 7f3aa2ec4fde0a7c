// Policy: the form and the text are two views of one document; what is sent is checked by the server, and its messages stand at
// the fields. Nothing is decided here.

import { send } from "/static/api.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const page = document.querySelector("[data-policy]");
const api = `/api/v1/agents/${page.dataset.agent}/policy`;
const base = Number(page.dataset.version);
const form = page.querySelector("[data-form]");
const toml = page.querySelector("[data-toml]");
const hasHours = form.querySelector("[data-has-hours]");
const hours = form.querySelector("[data-hours]");
let shown = "text";

const lines = (text, by) => text.split(by).map((line) => line.trim()).filter(Boolean);
const fieldsOf = (box) => [...box.querySelectorAll("[data-field]")];

/** What a field says, or undefined where it says nothing. */
function valueOf(field) {
  if (field.dataset.kind === "chips") {
    const chosen = [...field.querySelectorAll("input:checked")].map((input) => input.value);
    return chosen.length ? chosen : undefined;
  }
  if (field.type === "checkbox") return field.checked || undefined;
  const text = field.value.trim();
  if (!text) return undefined;
  if (field.dataset.kind === "lines") return lines(text, "\n");
  if (field.dataset.kind === "number") return Number.isFinite(Number(text.replace(",", "."))) ? Number(text.replace(",", ".")) : text;
  return text;
}

function fill(field, value) {
  if (field.dataset.kind === "chips") {
    for (const input of field.querySelectorAll("input")) input.checked = (value ?? []).includes(input.value);
  } else if (field.type === "checkbox") field.checked = Boolean(value);
  else if (field.dataset.kind === "lines") field.value = (value ?? []).join("\n");
  else if (field.closest("[data-hours]")) field.value = (value ?? []).join(", ");
  else field.value = value ?? (field.dataset.field === "then" ? "hold" : "");
}

const isCondition = (field) => Boolean(field.closest("[data-when]"));

/** Numbers the rows, so that the server's messages find their fields. */
function number() {
  for (const kind of ["topic", "rule"]) {
    [...form.querySelectorAll(`[data-${kind}s] > li`)].forEach((row, at) => {
      row.dataset.path = `${kind}[${at}]`;
      for (const field of fieldsOf(row)) field.dataset.path = `${kind}[${at}].${isCondition(field) ? "when." : ""}${field.dataset.field}`;
      const when = row.querySelector("[data-when]");
      if (when) when.dataset.path = `${kind}[${at}].when`;
    });
  }
}

function addRow(kind, from = {}) {
  const row = document.querySelector(`template[data-template="${kind}"]`).content.cloneNode(true).firstElementChild;
  for (const field of fieldsOf(row)) fill(field, (isCondition(field) ? from.when : from)?.[field.dataset.field]);
  // What is set must not hide.
  for (const details of row.querySelectorAll("details")) details.open = fieldsOf(details).some((field) => valueOf(field) !== undefined);
  form.querySelector(`[data-${kind}s]`).append(row);
  number();
  return row;
}

function showDocument(document) {
  for (const kind of ["topic", "rule"]) {
    form.querySelector(`[data-${kind}s]`).replaceChildren();
    for (const row of document[kind] ?? []) addRow(kind, row);
  }
  hasHours.checked = Boolean(document.hours);
  hours.hidden = !hasHours.checked;
  for (const field of fieldsOf(hours)) fill(field, document.hours?.[field.dataset.field]);
}

function tableOf(fields) {
  const table = {};
  for (const field of fields) {
    const value = valueOf(field);
    if (value !== undefined) table[field.dataset.field] = value;
  }
  return table;
}

function readForm() {
  const rows = (kind) => [...form.querySelectorAll(`[data-${kind}s] > li`)];
  const document = {
    topic: rows("topic").map((row) => ({ name: "", ...tableOf(fieldsOf(row)) })),
    rule: rows("rule").map((row) => {
      const fields = fieldsOf(row);
      return { name: "", ...tableOf(fields.filter((field) => !isCondition(field))), when: tableOf(fields.filter(isCondition)) };
    }),
  };
  if (hasHours.checked) {
    document.hours = {};
    for (const field of fieldsOf(hours)) {
      const spans = lines(field.value, ",");
      if (spans.length) document.hours[field.dataset.field] = spans;
    }
  }
  return document;
}

const written = () => (shown === "form" ? { document: readForm() } : { toml: toml.value });

// ---- messages

const clear = () => clearProblems(page);

function refuse(problems) {
  const inText = shown === "text";
  const inWords = (problem) => (inText && problem.line ? `Line ${problem.line}: ${problem.says}` : problem.says);
  showProblems(page, inText ? null : form, problems, inWords);
  if (!inText) return;
  toml.setAttribute("aria-invalid", "true");
  toml.focus();
}

/** Does what the server is asked for; its messages about the policy go to their fields. */
async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    if (problem.fields?.problems) refuse(problem.fields.problems);
    else toast(problem.message, { bad: true, lastsMs: 0 });
    return null;
  }
}

/** The document in both forms, or null with the messages shown. */
async function checked() {
  const answer = await attempt(() => send("POST", `${api}/check`, written()));
  if (!answer) return null;
  if (!answer.ok) { refuse(answer.problems); return null; }
  clear();
  return answer;
}

// ---- what one can do

function show(view) {
  shown = view;
  form.hidden = view !== "form";
  page.querySelector("[data-text]").hidden = view !== "text";
  for (const button of page.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === view));
}

async function switchTo(view) {
  if (view === shown) return;
  const answer = await checked();
  if (!answer) return;
  if (view === "form") showDocument(answer.document);
  else toml.value = answer.toml;
  show(view);
}

const element = (parent, name, words = "", className = "") => {
  const made = parent.appendChild(document.createElement(name));
  made.textContent = words;
  if (className) made.className = className;
  return made;
};

function showWhatIf(result) {
  const section = page.querySelector("[data-what-if]");
  const body = section.querySelector("[data-what-if-body]");
  body.replaceChildren();
  const summary = result.drafts === 0
    ? "Nothing was drafted in this time, so there is nothing to compare."
    : `Of ${result.drafts} drafts in ${result.days_considered} days, ${result.changed} would go another way. Nothing was changed yet.`;
  element(body, "p", summary);
  if (result.matched_by_words.length) element(body, "p", `New or changed topics were looked for by their words only: ${result.matched_by_words.join(", ")}.`, "hint");
  if (result.left_out) element(body, "p", `${result.left_out} older drafts were left out: what decided about them was not recorded then.`, "hint");
  if (result.drafts) {
    const scroll = element(body, "div", "", "policy-scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Figures by day");
    const table = element(scroll, "table", "", "fitness policy-days");
    const head = element(element(table, "thead"), "tr");
    for (const name of ["Day", "Held", "Handed off", "Refused", "Sent"]) element(head, "th", name).scope = "col";
    const rows = element(table, "tbody");
    for (const [name, day] of [...Object.entries(result.days), ["All", result.total]]) {
      const row = element(rows, "tr");
      element(row, "th", name).scope = "row";
      for (const [kind, label] of [["held", "Held"], ["handed_off", "Handed off"], ["refused", "Refused"], ["sent", "Sent"]]) {
        const [now, then] = [day.now[kind], day.then[kind]];
        const cell = element(row, "td", now === then ? String(now) : `${now} → ${then}`, now === then ? "" : "policy-moved");
        cell.dataset.label = label;
      }
    }
  }
  if (result.examples.length) {
    element(body, "h3", result.changed > result.examples.length ? `The latest ${result.examples.length} that would change` : "What would change");
    const list = element(body, "ul", "", "stack");
    const words = { send: "sent", hold: "held", hand_off: "handed off", refuse: "refused" };
    for (const changed of result.examples.toReversed()) {
      const line = element(list, "li");
      const link = element(line, "a", changed.question);
      link.href = `/conversations/${changed.conversation_id}`;
      const rules = changed.rules.length ? ` (${changed.rules.join(", ")})` : "";
      element(line, "span", ` ${words[changed.now]} → ${words[changed.then]}${rules}`, "hint");
    }
  }
  section.hidden = false;
  section.focus();
}

async function busy(button, work) {
  button.disabled = true;
  try { await work(); } finally { button.disabled = false; }
}

page.querySelector("[data-try]").addEventListener("click", (event) => busy(event.currentTarget, async () => {
  const result = await attempt(() => send("POST", `${api}/what-if`, { ...written(), days: 30 }));
  if (result) { clear(); showWhatIf(result); }
}));

page.querySelector("[data-apply]").addEventListener("click", (event) => busy(event.currentTarget, async () => {
  const answer = await checked();
  if (!answer) return;
  const question = "This loosens a rule or a topic. It ends your certificate: every answer waits for a person until the next test, after 300 verdicts or when the month ends.";
  if (answer.ends_certificate && !(await ask(question, "Apply it", "Not yet"))) return;
  const result = await attempt(() => send("PUT", api, { ...written(), base }));
  if (!result) return;
  reloadSaying(`Version ${result.version} is in force.`);
}));

page.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.show) await switchTo(button.dataset.show);
  else if (button.dataset.add) addRow(button.dataset.add).querySelector("input").focus();
  else if ("removeRow" in button.dataset) {
    const list = button.closest("ol");
    button.closest("li").remove();
    number();
    list.parentElement.querySelector("[data-add]").focus();
  } else if (button.dataset.gate) await changeGate(button);
});

async function changeGate(button) {
  const { gate, topic } = button.dataset;
  const question = `Answers about “${topic}” will go out without anybody checking them, on your own responsibility and without a certificate.`;
  if (gate === "release" && !(await ask(question, "Release it"))) return;
  if (await attempt(() => send("POST", "/api/v1/gate", { [gate]: [topic] }))) location.reload();
}

hasHours.addEventListener("change", () => (hours.hidden = !hasHours.checked));
form.addEventListener("submit", (event) => event.preventDefault());

for (const details of page.querySelectorAll("[data-diff]")) {
  details.addEventListener("toggle", async () => {
    if (!details.open || details.dataset.loaded) return;
    const to = Number(details.dataset.diff);
    const answer = await attempt(() => send("GET", `${api}/diff?from=${to - 1}&to=${to}`));
    if (!answer) return;
    details.dataset.loaded = "yes";
    const box = details.querySelector("pre");
    box.replaceChildren();
    for (const line of (answer.text || "Nothing.").split("\n")) {
      const name = line.startsWith("+") ? "ins" : line.startsWith("-") ? "del" : "span";
      element(box, name, line);
      box.append("\n");
    }
  });
}

sayWhatWasLeft();
switchTo("form");
