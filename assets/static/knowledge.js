// Knowledge: removes documents, files and verified answers.

import { send } from "/static/api.js";
import { ask, focusTitle, toast } from "/static/toast.js";

document.querySelector("main").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button || !(await ask(button.dataset.question, button.textContent.trim()))) return;
  try {
    const report = await send("DELETE", button.dataset.remove);
    if (report?.candidate) return toast(`${report.remarks.join(" ")}.`, { bad: true, lastsMs: 0 });
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
