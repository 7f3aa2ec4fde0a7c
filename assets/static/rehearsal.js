// A rehearsal: one answer at a time, judged by one key, while others are still being drafted. What is judged next, the API decides.

import { paintSources, paintThread } from "/static/answer.js";
import { send } from "/static/api.js";
import { oneAtATime } from "/static/forms.js";
import { keys } from "/static/keys.js";
import { announce, ask, toast } from "/static/toast.js";

/** A verdict pressed this soon after another answer appeared was meant for what stood there before. */
const LOOK_FIRST_MS = 300;
/** How often drafts under way are looked at. */
const LOOK_AGAIN_MS = 2_000;

const box = document.querySelector("[data-rehearsal]");
const path = `/api/v1/rehearsals/${box.dataset.rehearsal}`;
const article = box.querySelector("[data-case]");
const none = box.querySelector("[data-none]");
const note = article.querySelector("[data-note]");

let held = "";
let state = "drafting";
let judged = 0;
let settled = 0;
const { alone, isBusy } = oneAtATime();

function bar(name, value, most) {
  const progress = box.querySelector(`[data-progress="${name}"]`);
  progress.max = Math.max(most, 1);
  progress.value = value;
  progress.textContent = `${value} of ${most}`;
}

function paintProgress(progress) {
  judged = progress.right + progress.wrong + progress.leave;
  const answered = judged + progress.not_judged;
  bar("drafted", answered + progress.silent, progress.total);
  bar("judged", judged, answered);
  box.querySelector("[data-progress-words]").textContent = progress.in_words;
  state = progress.state;
}

function paintNone() {
  held = "";
  article.hidden = true;
  const words = {
    drafting: ["The answers are being drafted", "The next one appears here by itself."],
    judging: ["All answers are judged", "The result sheet says what came of it."],
    ended: ["This rehearsal has ended", "The result sheet says what came of it."],
  }[state];
  const title = none.querySelector("h2");
  const isNew = none.hidden || title.textContent !== words[0];
  title.textContent = words[0];
  none.querySelector("[data-none-words]").textContent = words[1];
  none.querySelector("[data-undo]").hidden = state === "ended" || judged === 0;
  none.hidden = false;
  if (!isNew) return;
  none.focus({ preventScroll: true });
  announce(`${words[0]}.`);
}

function paintCase(next) {
  held = next.id;
  none.hidden = true;
  article.hidden = false;
  note.value = "";
  article.querySelector("[data-question]").textContent = next.question;
  article.querySelector("[data-text]").textContent = next.text;
  article.querySelector("[data-then]").hidden = !next.answer;
  article.querySelector("[data-answer]").textContent = next.answer ?? "";
  paintThread(article, next.conversation);
  paintSources(article, next.sources);
  settled = performance.now() + LOOK_FIRST_MS;
  scrollTo({ top: 0 });
  article.focus({ preventScroll: true });
}

function paint(next) {
  paintProgress(next.progress);
  if (next.case) paintCase(next.case);
  else paintNone();
}

const look = async () => paint(await send("GET", `${path}/next`));

async function judge(verdict) {
  if (!held || performance.now() < settled) return;
  await alone(async () => {
    const seen = held;
    try {
      await send("POST", `/api/v1/rehearsal-cases/${seen}/verdict`, { verdict, note: note.value });
      toast("Kept.", { action: { label: "Undo", run: undo } });
    } finally {
      // Somebody else may have judged it: the next one is due all the same.
      await look();
    }
  });
}

const undo = () => alone(async () => {
  paint(await send("POST", `${path}/undo`, {}));
  toast("Taken back.");
});

async function end() {
  if (!(await ask("End this rehearsal? Nothing more is drafted or judged; the result sheet stays.", "End it"))) return;
  await alone(async () => {
    await send("POST", `${path}/end`, {});
    box.querySelector("[data-end]").hidden = true;
    await look();
  });
}

for (const button of article.querySelectorAll("[data-verdict]")) {
  button.addEventListener("click", () => judge(button.dataset.verdict));
}
box.querySelector("[data-undo]").addEventListener("click", undo);
box.querySelector("[data-end]")?.addEventListener("click", end);
note.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  article.focus({ preventScroll: true });
});

keys({
  a: () => judge("right"),
  b: () => judge("wrong"),
  c: () => judge("leave"),
  u: undo,
  n: () => held && note.focus(),
  h: () => article.querySelector("[data-history] summary").click(),
  s: () => location.assign(`/rehearsal/${box.dataset.rehearsal}/sheet`),
});

/** Looks at drafts under way. It keeps nobody from judging, and whoever reads an answer is not given another one. */
async function lookAgain() {
  if (document.visibilityState !== "visible" || state !== "drafting" || isBusy()) return;
  const before = held;
  try {
    const next = await send("GET", `${path}/next`);
    if (isBusy() || held !== before) return;
    if (held) paintProgress(next.progress);
    else paint(next);
  } catch (problem) {
    toast(problem.message, { bad: true });
  }
}

setInterval(lookAgain, LOOK_AGAIN_MS);
alone(look);
