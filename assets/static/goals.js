// Goals: what visitors are to reach, and what that is worth.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const PATH = "/api/v1/goals";
const page = document.querySelector("[data-goals]");
const decimals = Number(page.dataset.decimals);

sayWhatWasLeft();

/** An amount as typed, in the smallest unit; null where it cannot be one. A comma is a point. */
function amount(text) {
  const [, whole, part = ""] = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || part.length > decimals) return null;
  return Number(whole) * 10 ** decimals + Number(part.padEnd(decimals, "0") || 0);
}

/** What a form says of a goal; null where something is missing, and the person is brought there. */
function wish(form) {
  const field = (name) => form.querySelector(`[data-field="${name}"]`);
  const name = filled(field("name"), "Name the goal first, like “Ordered”.");
  if (!name) return null;
  const said = { name, worth: field("worth").value };
  if (field("kind")) said.kind = field("kind").value;
  if (field("on") && said.kind !== "api") {
    said.on = filled(field("on"), "Say on which page, or with which event.");
    if (!said.on) return null;
  }
  if (said.worth !== "none") {
    const value = amount(field("value").value);
    if (value === null) {
      toast(decimals ? `Write the amount like 12.${"5".padEnd(decimals, "0")}.` : "Write the amount like 1200.");
      field("value").focus();
      return null;
    }
    said.value = value;
  }
  return said;
}

const fresh = page.querySelector("[data-new]");
const WORDS = { url: "Page; a * stands for anything", event: "The event’s name" };
const EXAMPLES = { url: "/thanks*", event: "purchase" };

function show() {
  const field = (name) => fresh.querySelector(`[data-field="${name}"]`);
  const kind = field("kind").value;
  fresh.querySelector("[data-on]").hidden = kind === "api";
  fresh.querySelector("[data-on-words]").textContent = WORDS[kind] ?? "";
  field("on").placeholder = EXAMPLES[kind] ?? "";
  const given = field("worth").querySelector('[value="given"]');
  given.disabled = kind === "url";
  if (given.disabled && given.selected) field("worth").value = "fixed";
  fresh.querySelector("[data-value]").hidden = field("worth").value === "none";
}
fresh.addEventListener("change", show);
show();

fresh.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(fresh.querySelector("[type=submit]"), async () => {
    const said = wish(fresh);
    if (!said) return;
    await send("POST", PATH, said);
    reloadSaying("It is counted from now on.");
  });
});

for (const form of page.querySelectorAll("[data-change]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    alone(form.querySelector("[type=submit]"), async () => {
      const said = wish(form);
      if (!said) return;
      await send("PATCH", `${PATH}/${form.closest("[data-goal]").dataset.goal}`, said);
      reloadSaying("Saved. What is counted already stays as it is.");
    });
  });
}

for (const button of page.querySelectorAll("[data-retire]")) {
  button.addEventListener("click", () => alone(button, async () => {
    const retired = button.dataset.retire === "true";
    if (retired && !(await ask("It is not counted any more; what was counted stays.", "Retire it"))) return;
    await send("PATCH", `${PATH}/${button.closest("[data-goal]").dataset.goal}`, { retired });
    reloadSaying(retired ? "It is retired." : "It is counted again.");
  }));
}

const currency = page.querySelector("[data-currency]");
currency.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(currency.querySelector("button"), async () => {
    await send("PUT", "/api/v1/currency", { currency: currency.querySelector("[data-code]").value });
    reloadSaying("Saved.");
  });
});
