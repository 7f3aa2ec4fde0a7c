// One tool: its definition as JSON, checked by the server when it is saved.

import { send } from "/static/api.js";
import { alone as withButton } from "/static/forms.js";
import { clearProblems, showProblems } from "/static/problems.js";
import { ask, reloadSaying, sayWhatWasLeft } from "/static/toast.js";

const page = document.querySelector("[data-tool]");
const form = page.querySelector("[data-form]");
const text = form.querySelector("[data-definition]");
const save = form.querySelector("[data-save]");
const remove = form.querySelector("[data-remove]");
const LEFT = "holdpoint.said";

sayWhatWasLeft();

function refused(problem) {
  showProblems(page, null, [{ path: "", says: problem.message }]);
  text.setAttribute("aria-invalid", "true");
  page.querySelector("[data-problems]").scrollIntoView({ block: "center" });
}

const alone = (button, work) => withButton(button, () => { clearProblems(page); return work(); }, refused);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(save, async () => {
    let definition = null;
    try {
      definition = JSON.parse(text.value);
    } catch (error) {
      throw new Error(`This is not JSON: ${error.message}.`);
    }
    const name = definition?.name;
    if (typeof name !== "string" || !name) throw new Error("The definition needs a “name”, like refund_order.");
    if (page.dataset.tool && name !== page.dataset.tool) throw new Error(`A tool keeps its name. Put “${page.dataset.tool}” back, or begin a new tool.`);
    if (!page.dataset.tool) {
      const { items } = await send("GET", "/api/v1/tools");
      if (items.some((known) => known.tool.name === name)) throw new Error(`There is a tool “${name}” already; change it on its own page, or choose another name.`);
    }
    const saved = await send("PUT", `/api/v1/tools/${encodeURIComponent(name)}`, definition);
    if (page.dataset.tool) return reloadSaying(`Version ${saved.version} is in force.`);
    sessionStorage.setItem(LEFT, "The tool is there. Colleagues can propose it in a conversation.");
    location.assign(`/settings/tools/${encodeURIComponent(name)}`);
  });
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
  event.preventDefault();
  form.requestSubmit();
});

remove?.addEventListener("click", () => alone(remove, async () => {
  if (!(await ask("Nothing more is proposed with it. What waits may still be decided.", "Remove the tool"))) return;
  await send("DELETE", `/api/v1/tools/${encodeURIComponent(page.dataset.tool)}`);
  location.assign("/settings/tools");
}));
