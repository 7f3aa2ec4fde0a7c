// Agents: makes a new one, and goes to it.

import { send } from "/static/api.js";
import { toast } from "/static/toast.js";

const form = document.querySelector("[data-new]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  if (button.disabled) return;
  const [name, business] = ["name", "business"].map((field) => form.querySelector(`[data-field="${field}"]`));
  name.removeAttribute("aria-invalid");
  if (!name.value.trim()) {
    toast("Give it a name first.");
    name.setAttribute("aria-invalid", "true");
    name.focus();
    return;
  }
  button.disabled = true;
  try {
    const agent = await send("POST", "/api/v1/agents", { name: name.value.trim(), business: business.value.trim() });
    location.assign(`/agents/${agent.id}`);
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 0 });
  } finally {
    button.disabled = false;
  }
});
