// In a conversation: proposes that something be done for the visitor. It waits in the queue like everything else.

import { send } from "/static/api.js";
import { Fields } from "/static/fields.js";
import { alone } from "/static/forms.js";
import { keys } from "/static/keys.js";
import { toast } from "/static/toast.js";

const box = document.querySelector("[data-propose]");
const choice = box.querySelector("[data-tool]");
const conversation = document.querySelector("main [data-conversation]").dataset.conversation;
const forms = Array.from(box.querySelectorAll("[data-tool-form]"));

function choose() {
  for (const form of forms) form.hidden = form.dataset.toolForm !== choice.value;
}

function refused(form, words) {
  const line = form.querySelector("[data-refused]");
  line.textContent = words;
  line.hidden = !words;
  if (words) line.scrollIntoView({ block: "nearest" });
}

for (const form of forms) {
  const fields = new Fields(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refused(form, "");
    const args = fields.values();
    if (!args) return;
    alone(form.querySelector("[type=submit]"), async () => {
      const made = await send("POST", "/api/v1/actions", { tool: form.dataset.toolForm, args, conversation_id: conversation });
      fields.reset();
      box.open = false;
      box.querySelector("summary").focus();
      const words = made.status === "waiting" ? "It waits in the queue now." : "Its rules let it run without a person.";
      toast(words, { lastsMs: 12_000, link: { label: "See it", href: `/actions/${made.id}` } });
    }, (problem) => refused(form, problem.message));
  });
  form.addEventListener("input", () => refused(form, ""));
  form.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (sends) {
      event.preventDefault();
      if (!event.repeat) form.requestSubmit();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
    }
  });
}

box.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  box.open = false;
  box.querySelector("summary").focus();
});
choice.addEventListener("change", choose);
keys({
  p: () => {
    box.open = !box.open;
    if (box.open) choice.focus();
  },
});
choose();
