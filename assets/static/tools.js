// Tools: sets and removes secrets. A secret goes in and is never shown again.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";
import { ask, reloadSaying, sayWhatWasLeft } from "/static/toast.js";

const form = document.querySelector("[data-secret]");
const [name, value] = ["name", "value"].map((field) => form.querySelector(`[data-${field}]`));

sayWhatWasLeft();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(form.querySelector("[type=submit]"), async () => {
    const named = filled(name, "Give the secret a name first, like shop_key.");
    if (!named) return;
    if (!filled(value, "Write the secret itself.")) return;
    await send("PUT", `/api/v1/secrets/${encodeURIComponent(named)}`, { value: value.value });
    value.value = "";
    reloadSaying(`The secret ${named} is set.`);
  });
});

for (const button of document.querySelectorAll("[data-remove-secret]")) {
  button.addEventListener("click", () => alone(button, async () => {
    const named = button.dataset.removeSecret;
    if (!(await ask(`Tools that name ${named} fail from now on, until it is set again.`, "Remove it"))) return;
    await send("DELETE", `/api/v1/secrets/${encodeURIComponent(named)}`);
    reloadSaying(`The secret ${named} is removed.`);
  }));
}
