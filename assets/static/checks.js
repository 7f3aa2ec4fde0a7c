// Quality checks: one at a time, judged by one key; the next one is painted when the verdict is kept.

import { paintSources, paintThread } from "/static/answer.js";
import { send } from "/static/api.js";
import { keys } from "/static/keys.js";
import { announce, toast } from "/static/toast.js";

/** A verdict pressed this soon after another check appeared was meant for what stood there before. */
const LOOK_FIRST_MS = 300;
/** Half of what a check is held for without a word, and how often an empty page asks. */
const RENEW_MS = 60_000;

const article = document.querySelector("[data-check]");
const none = document.querySelector("[data-none]");
const why = article.querySelector("[data-why]");
const verdicts = article.querySelector("[data-verdicts]");
const badButton = verdicts.querySelector('[data-verdict="bad"]');
const note = article.querySelector("[data-note]");
const said = document.querySelector("[data-said]");

let held = "";
let busy = false;
let settled = 0;

function closeWhy() {
  why.hidden = true;
  verdicts.hidden = false;
}

function openWhy() {
  why.hidden = false;
  verdicts.hidden = true;
  why.querySelector("input").focus();
}

function paint(next) {
  const { check, waiting } = next;
  document.querySelector("[data-check-count]").textContent = waiting === 1 ? "1 to check" : waiting ? `${waiting} to check` : "";
  const id = check?.id ?? "";
  const isNew = id !== held || (!id && none.hidden);
  held = id;
  article.hidden = !check;
  none.hidden = Boolean(check);
  if (!isNew) return;
  if (!check) {
    none.focus({ preventScroll: true });
    announce("Nothing to check.");
    return;
  }
  closeWhy();
  why.reset();
  note.value = "";
  article.querySelector("[data-question]").textContent = check.question;
  article.querySelector("[data-text]").textContent = check.text;
  paintThread(article, check.conversation);
  paintSources(article, check.sources);
  settled = performance.now() + LOOK_FIRST_MS;
  scrollTo({ top: 0 });
  article.focus({ preventScroll: true });
}

/** Asks for the next check, or for some more time with this one. */
async function ask() {
  if (busy) return;
  busy = true;
  try {
    paint(await send("POST", "/api/v1/checks/next", {}));
  } catch (problem) {
    toast(problem.message, { bad: true });
  } finally {
    busy = false;
  }
}

const VERDICTS = { acceptable: "It could have gone out", bad: "Bad", cannot_judge: "I cannot judge" };

/** What colleagues wrote who judged the last one before: told after one's own verdict only. */
function paintSaid(notes) {
  said.hidden = notes.length === 0;
  const words = notes.map((one) => `A colleague had judged it: ${VERDICTS[one.label]}. “${one.note}”`).join(" ");
  said.querySelector("[data-said-words]").textContent = words;
  if (words) announce(words);
}

async function judge(verdict) {
  if (busy || !held || performance.now() < settled) return;
  busy = true;
  try {
    const words = note.value.trim();
    const { hasty, notes } = await send("POST", `/api/v1/checks/${held}/verdict`, words ? { ...verdict, note: words } : verdict);
    paintSaid(notes);
    toast(hasty ? "That was faster than the answer can be read, so it does not count; take your time." : "Kept.", { bad: hasty });
    held = "";
  } catch (problem) {
    toast(problem.message, { bad: true });
  } finally {
    busy = false;
  }
  await ask();
}

const judgeBad = () => judge({ label: "bad", reasons: Array.from(why.querySelectorAll("input:checked"), (box) => box.value) });
const unlessWhy = (run) => () => why.hidden && run();
const tick = (number) => () => why.hidden || why.querySelectorAll("input")[number - 1]?.click();

const acceptable = unlessWhy(() => judge({ label: "acceptable" }));
const cannotJudge = unlessWhy(() => judge({ label: "cannot_judge" }));
const bad = unlessWhy(() => held && openWhy());

verdicts.querySelector('[data-verdict="acceptable"]').addEventListener("click", acceptable);
verdicts.querySelector('[data-verdict="cannot_judge"]').addEventListener("click", cannotJudge);
badButton.addEventListener("click", bad);

function back() {
  closeWhy();
  badButton.focus();
}

why.addEventListener("submit", (event) => { event.preventDefault(); judgeBad(); });
why.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  back();
});
why.querySelector("[data-back]").addEventListener("click", back);

note.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  article.focus({ preventScroll: true });
});

keys({
  n: () => held && note.focus(),
  a: acceptable,
  b: bad,
  c: cannotJudge,
  h: () => article.querySelector("[data-history] summary").click(),
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((number) => [String(number), tick(number)])),
});

addEventListener("pagehide", () => held && send("DELETE", `/api/v1/checks/${held}/lease`, undefined, { keepalive: true }).catch(() => {}));
setInterval(() => document.visibilityState === "visible" && ask(), RENEW_MS);
ask();
