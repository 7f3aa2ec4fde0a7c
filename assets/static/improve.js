// Improve: approves what is proposed for a gap, publishes changes and takes them back, keeps the regression set.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";
import { ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

/** How often a change that is being tried is looked at. */
const LOOK_AGAIN_MS = 1_000;
/** So often at most: what nobody has asked about yet may never be compared. The LLM may write for half an hour. */
const MOST_LOOKS = 2_400;

sayWhatWasLeft();

async function approve(form) {
  const [question, answer] = [form.querySelector("[data-question]"), form.querySelector("[data-answer]")];
  const asked = filled(question, "Write the question first.");
  const said = asked && filled(answer, "Write the answer first.");
  if (!said) return;
  const wording = { question: asked, answer: said };
  let id = form.dataset.proposal;
  if (!id) {
    const gap = form.closest("[data-gap]").dataset.gap;
    id = (await send("POST", `/api/v1/improve/gaps/${gap}/proposals`, wording)).id;
    form.dataset.proposal = id;
  }
  const approved = await send("POST", `/api/v1/improve/proposals/${id}/approve`, wording);
  location.assign(`/improve/${approved.candidate_id}`);
}

for (const form of document.querySelectorAll("[data-proposal]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    alone(form.querySelector("[type=submit]"), () => approve(form));
  });
  const dismiss = form.querySelector("[data-dismiss]");
  dismiss.addEventListener("click", () => alone(dismiss, async () => {
    if (!(await ask("Take this off the list? It needs no answer then, and questions like it do not bring it back.", "Take it off"))) return;
    await send("POST", `/api/v1/improve/gaps/${form.closest("[data-gap]").dataset.gap}/dismiss`, { reason: "Not a gap." });
    reloadSaying("Taken off.");
  }));
}

for (const button of document.querySelectorAll("[data-take-out]")) {
  button.addEventListener("click", () => alone(button, async () => {
    await send("DELETE", `/api/v1/improve/questions/${button.dataset.takeOut}`);
    reloadSaying("Taken out.");
  }));
}

for (const button of document.querySelectorAll("[data-try-version]")) {
  button.addEventListener("click", () => alone(button, async () => {
    const { tryVersion: id, number } = button.dataset;
    const wish = { title: `Version ${number} of the learned ranking`, changes: [{ kind: "rank_with", id }] };
    location.assign(`/improve/${(await send("POST", "/api/v1/improve/candidates", wish)).id}`);
  }));
}

const adding = document.querySelector("[data-add-question]");
adding?.addEventListener("submit", (event) => {
  event.preventDefault();
  alone(adding.querySelector("[type=submit]"), async () => {
    const question = filled(adding.querySelector("[data-question]"), "Write the question first.");
    if (!question) return;
    await send("POST", "/api/v1/improve/questions", { question, answer: adding.querySelector("[data-answer]").value });
    reloadSaying("Added.");
  });
});

const candidate = document.querySelector("[data-candidate]");
const path = candidate && `/api/v1/improve/candidates/${candidate.dataset.candidate}`;
const SAID = { publish: "It is live.", "roll-back": "Taken back." };

const deciding = document.querySelector("[data-decide]");
deciding?.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter ?? deciding.querySelector("[type=submit]");
  alone(button, async () => {
    const field = deciding.querySelector("[data-reason]");
    const isNeeded = button.dataset.act === "publish" && field?.hasAttribute("data-needed");
    const reason = isNeeded ? filled(field, "Say why it is right all the same.") : field?.value.trim();
    if (isNeeded && !reason) return;
    const after = await send("POST", `${path}/${button.dataset.act}`, { reason: reason || null });
    reloadSaying(after?.candidate?.state === "publishing" ? "It is going live, a few changes at a time." : SAID[button.dataset.act]);
  });
});
const withdraw = deciding?.querySelector("[data-withdraw]");
withdraw?.addEventListener("click", () => alone(withdraw, async () => {
  if (!(await ask("Withdraw this change? It never goes live.", "Withdraw"))) return;
  await send("DELETE", path);
  reloadSaying("Withdrawn.");
}));

const begin = document.querySelector("[data-begin]");
begin?.addEventListener("click", () => alone(begin, async () => {
  await send("POST", `${path}/comparison`, {});
  location.assign(`/improve/${candidate.dataset.candidate}/compare`);
}));

/** A change that is being tried, or whose effect is being found out: the page follows by itself. */
async function lookAgain() {
  if (document.visibilityState !== "visible") return;
  try {
    const { candidate: now } = await send("GET", path);
    const bar = candidate.querySelector("[data-writing]");
    if (now.writing && !bar) return location.reload();
    if (now.writing) {
      bar.value = now.writing.written;
      bar.max = now.writing.all;
      candidate.querySelector("[data-writing-words]").textContent = bar.textContent = `${now.writing.written} of ${now.writing.all}`;
      candidate.querySelector("[data-says]").textContent = now.in_words;
      return;
    }
    const isDone = now.state !== "replaying" && now.state !== "publishing" && now.state !== "rolling_back" && now.found;
    if (isDone) location.reload();
  } catch {
    // The page stays as it is; the next look may find the server again.
  }
}

if (candidate && ["replaying", "publishing", "rolling_back", "unknown"].includes(candidate.dataset.state)) {
  let looks = 0;
  const timer = setInterval(() => {
    looks += 1;
    if (looks > MOST_LOOKS) clearInterval(timer);
    else lookAgain();
  }, LOOK_AGAIN_MS);
}
