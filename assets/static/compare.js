// Two answers read blind: what could not have gone out is marked, one key keeps it. Which answer is which, nothing here knows.

import { paintThread } from "/static/answer.js";
import { send } from "/static/api.js";
import { oneAtATime } from "/static/forms.js";
import { keys } from "/static/keys.js";
import { announce, toast } from "/static/toast.js";

/** A verdict pressed this soon after another pair appeared was meant for what stood there before. */
const LOOK_FIRST_MS = 300;

const box = document.querySelector("[data-compare]");
const path = `/api/v1/improve/candidates/${box.dataset.compare}/comparison`;
const article = box.querySelector("[data-pair]");
const none = box.querySelector("[data-none]");
const sides = { first: article.querySelector('[data-bad="first"]'), second: article.querySelector('[data-bad="second"]') };

let held = "";
let settled = 0;
const { alone, isBusy } = oneAtATime();

const isBad = (side) => sides[side].getAttribute("aria-pressed") === "true";

/** What is marked, as it is sent. */
function verdict() {
  if (isBad("first")) return isBad("second") ? "both_bad" : "first_bad";
  return isBad("second") ? "second_bad" : "both_good";
}

const KEEPS = {
  both_good: "Keep: both could have gone out",
  first_bad: "Keep: 1 could not, 2 could",
  second_bad: "Keep: 1 could, 2 could not",
  both_bad: "Keep: neither could have gone out",
};

function mark(side, bad) {
  sides[side].setAttribute("aria-pressed", String(bad));
  article.querySelector("[data-keep-words]").textContent = KEEPS[verdict()];
}

function paintNone(next) {
  held = "";
  article.hidden = true;
  const words = next.is_decided
    ? ["Enough is known", "The evidence speaks for one of the two; the rest need not be read."]
    : next.pairs > 0
      ? ["Nothing is left to compare", "All pairs are judged, or the change is over."]
      : ["Nothing to compare yet", "Begin on the page of the change."];
  [none.querySelector("h2").textContent, none.querySelector("[data-none-words]").textContent] = words;
  none.hidden = false;
  none.focus({ preventScroll: true });
  announce(`${words[0]}.`);
}

function paintPair(pair) {
  none.hidden = true;
  article.hidden = false;
  // Whoever looks again at the same pair keeps what they have marked.
  if (pair.id === held) return;
  held = pair.id;
  mark("first", false);
  mark("second", false);
  article.querySelector("[data-question]").textContent = pair.question;
  article.querySelector("[data-first]").textContent = pair.first;
  article.querySelector("[data-second]").textContent = pair.second;
  paintThread(article, pair.conversation);
  settled = performance.now() + LOOK_FIRST_MS;
  scrollTo({ top: 0 });
  article.focus({ preventScroll: true });
}

function paint(next) {
  const bar = box.querySelector("[data-progress]");
  bar.max = Math.max(next.pairs, 1);
  bar.value = next.judged;
  box.querySelector("[data-progress-words]").textContent = bar.textContent = `${next.judged} of ${next.pairs}`;
  if (next.pair) paintPair(next.pair);
  else paintNone(next);
}

const look = async () => paint(await send("GET", `${path}/next`));

async function judge(said) {
  if (!held || performance.now() < settled) return;
  await alone(async () => {
    try {
      await send("POST", `/api/v1/improve/comparison-pairs/${held}/verdict`, { verdict: said });
      toast("Kept.");
    } finally {
      // Somebody else may have judged it: the next one is due all the same.
      await look();
    }
  });
}

const toggle = (side) => () => held && !isBusy() && mark(side, !isBad(side));
const keep = () => judge(verdict());
const cannot = () => judge("cannot_judge");

sides.first.addEventListener("click", toggle("first"));
sides.second.addEventListener("click", toggle("second"));
article.querySelector("[data-keep]").addEventListener("click", keep);
article.querySelector("[data-cannot]").addEventListener("click", cannot);

keys({
  1: toggle("first"),
  2: toggle("second"),
  k: keep,
  c: cannot,
  h: () => article.querySelector("[data-history] summary").click(),
});

alone(look);
