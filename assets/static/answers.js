// Verified answers: writes one down, changes one, says that one is still right, retires one, sets the rules.

import { send } from "/static/api.js";
import { alone as withButton, filled } from "/static/forms.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const ANSWERS = "/api/v1/verified-answers";

sayWhatWasLeft();

/** Says what was refused, and leads to what waits instead. */
function refused(problem) {
  const candidate = problem.fields?.candidate;
  toast(problem.message, { bad: true, lastsMs: 0, link: candidate && { label: "Look at it", href: `/improve/${candidate}` } });
}
const alone = (button, work) => withButton(button, work, refused);

/** What a form says; none, and the person is brought there, where question or answer is missing. */
function told(form) {
  const field = (name) => form.elements[name];
  if (!filled(field("question"), "Write the question first.") || !filled(field("answer"), "Write the answer first.")) return null;
  return {
    question: field("question").value,
    answer: field("answer").value,
    variants: field("variants").value.split("\n").map((line) => line.trim()).filter(Boolean),
    language: field("language").value.trim() || null,
    owner: field("owner").value.trim(),
    expires: field("expires").value || "never",
  };
}

/** Where a written answer is looked at: its page, or the change that waits for a second person. */
function follow({ id, candidate_id: candidate }) {
  location.assign(candidate ? `/improve/${candidate}` : `/knowledge/answers/${id}`);
}

const writing = document.querySelector("[data-write]");
writing?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(writing.querySelector("[type=submit]"), async () => {
    const answer = told(writing);
    if (answer) follow(await send("POST", ANSWERS, answer));
  });
});

const page = document.querySelector("[data-answer-page]");
const path = page && `${ANSWERS}/${page.dataset.answerPage}`;
const changing = document.querySelector("[data-change]");
changing?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(changing.querySelector("[type=submit]"), async () => {
    const answer = told(changing);
    if (!answer) return;
    const written = await send("PUT", path, answer);
    if (!written.candidate_id && written.id === page.dataset.answerPage) return reloadSaying("Noted.");
    follow(written);
  });
});

document.querySelector("[data-change-it]")?.addEventListener("click", () => changing.elements.answer.focus());

const right = document.querySelector("[data-right]");
right?.addEventListener("click", () => alone(right, async () => {
  const conflicts = Array.from(document.querySelectorAll("[data-conflict]"), (one) => one.dataset.conflict);
  await send("POST", `${path}/still-right`, { conflicts });
  reloadSaying("Noted: it is still right.");
}));

const rules = document.querySelector("[data-rules]");
rules?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(rules.querySelector("[type=submit]"), async () => {
    const { second_person: second, hold_conflicts: hold } = rules.elements;
    await send("PUT", `${ANSWERS}/rules`, { second_person: second.checked, hold_conflicts: hold.checked });
    reloadSaying("The rules are saved.");
  });
});

document.querySelector("main").addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  alone(button, async () => {
    if (!(await ask(button.dataset.question, button.textContent.trim()))) return;
    await send("DELETE", button.dataset.remove);
    if (button.dataset.then) return location.assign(button.dataset.then);
    reloadSaying("Done.");
  });
});
