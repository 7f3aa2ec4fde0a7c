// A topic's page: people name it, make it a part of another one, or part them again.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";
import { ask, reloadSaying, sayWhatWasLeft } from "/static/toast.js";

const page = document.querySelector("[data-topic]");
const path = (id) => `/api/v1/topics/${id}`;

sayWhatWasLeft();

page.querySelector("[data-name]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(event.submitter, async () => {
    const name = filled(event.target.querySelector('[data-field="name"]'), "Write a name first, like “Delivery times”.");
    if (!name) return;
    await send("PATCH", path(page.dataset.topic), { name });
    reloadSaying("Renamed.");
  });
});

page.querySelector("[data-merge]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(event.submitter, async () => {
    const into = event.target.querySelector('[data-field="into"]');
    const other = into.selectedOptions[0].textContent;
    if (!(await ask(`Make these questions a part of “${other}”? You can part them again.`, "Merge"))) return;
    await send("PATCH", path(page.dataset.topic), { merged_into: into.value });
    location.assign(`/analyse/topics/${into.value}${location.search}`);
  });
});

for (const button of page.querySelectorAll("[data-unmerge]")) {
  button.addEventListener("click", () =>
    alone(button, async () => {
      await send("PATCH", path(button.dataset.unmerge), { merged_into: null });
      reloadSaying("They are parted; figures follow within moments.");
    }),
  );
}
