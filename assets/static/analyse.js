// The page Analyse: a change that a person has seen is shown no more.

import { send } from "/static/api.js";
import { alone } from "/static/forms.js";
import { announce, focusTitle } from "/static/toast.js";

for (const button of document.querySelectorAll("[data-seen]")) {
  button.addEventListener("click", () =>
    alone(button, async () => {
      await send("POST", `/api/v1/patterns/${button.dataset.seen}/dismiss`, {});
      const card = button.closest("[data-pattern]");
      const next = card.nextElementSibling ?? card.previousElementSibling;
      const list = card.parentElement;
      card.remove();
      announce("Noted.");
      if (next) next.querySelector("a").focus();
      else {
        list.closest("section").remove();
        focusTitle();
      }
    }),
  );
}
