// Models: starts a measurement; what it finds comes with the page's own refresh.

import { send } from "/static/api.js";
import { toast } from "/static/toast.js";

const words = document.querySelector("[data-check-words]");

async function measure(button) {
  button.disabled = true;
  try {
    const only = button.dataset.check === "embedder";
    await send("POST", "/api/v1/admin/models/checks", { embedder_only: only });
    words.textContent = "Measuring has begun; the figures appear below.";
    toast("Measuring has begun.");
  } catch (problem) {
    toast(problem.message, { bad: true, lastsMs: 0 });
  } finally {
    button.disabled = false;
    document.body.dispatchEvent(new CustomEvent("holdpoint:models"));
  }
}

for (const button of document.querySelectorAll("[data-check]")) button.addEventListener("click", () => measure(button));
