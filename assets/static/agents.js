// Agents: makes a new one, and goes to it.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";

const form = document.querySelector("[data-new]");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(form.querySelector("[type=submit]"), async () => {
    const [name, business] = ["name", "business"].map((field) => form.querySelector(`[data-field="${field}"]`));
    const named = filled(name, "Give it a name first.");
    if (!named) return;
    const agent = await send("POST", "/api/v1/agents", { name: named, business: business.value.trim() });
    location.assign(`/agents/${agent.id}`);
  });
});
