// Canned replies: added, changed and removed through the API; the page shows them anew afterwards.

import { send } from "/static/api.js";
import { ask, toast } from "/static/toast.js";

const REPLIES = "/api/v1/canned-replies";
const form = document.querySelector("[data-reply-form]");
const list = document.querySelector("[data-replies]");
const problem = form.querySelector("[data-reply-problem]");
const title = form.querySelector("[data-reply-title]");
const leave = form.querySelector("[data-reply-leave]");
const { shortcut, text } = form.elements;
/** The id of the one that is being changed; none while one is added. */
let changing = null;

function begin(row) {
  changing = row?.dataset.reply ?? null;
  shortcut.value = row ? row.querySelector("[data-shortcut]").textContent.slice(1) : "";
  text.value = row ? row.querySelector("[data-text]").textContent : "";
  title.textContent = row ? `Change /${shortcut.value}` : "Add one";
  leave.hidden = !row;
  problem.textContent = "";
}

async function save() {
  problem.textContent = "";
  const written = { shortcut: shortcut.value, text: text.value };
  try {
    await (changing ? send("PUT", `${REPLIES}/${changing}`, written) : send("POST", REPLIES, written));
    location.reload();
  } catch (refused) {
    problem.textContent = refused.message;
    shortcut.focus();
  }
}

async function remove(row) {
  const name = row.querySelector("[data-shortcut]").textContent;
  if (!(await ask(`Remove ${name}? What was sent stays as it is.`, "Remove"))) return;
  try {
    await send("DELETE", `${REPLIES}/${row.dataset.reply}`);
    if (changing === row.dataset.reply) begin(null);
    row.remove();
    toast("Removed.");
  } catch (refused) {
    toast(refused.message, { bad: true });
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  if (event.key === "Escape" && changing) begin(null);
});
leave.addEventListener("click", () => begin(null));
list.addEventListener("click", (event) => {
  const row = event.target.closest("[data-reply]");
  if (event.target.closest("[data-remove]")) remove(row);
  if (event.target.closest("[data-edit]")) {
    begin(row);
    text.focus();
  }
});
