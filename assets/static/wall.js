// Live's wall: figures and what happened, moving without a reload. Only what differs is touched, so that nothing is read out twice and no focus is lost.

import { part } from "/static/api.js";

const box = document.querySelector("[data-wall]");
/** Several changes at once are one look. */
const GATHER_MS = 400;
let gathering = null;
let looking = false;
let again = false;

const figures = (root) => new Map(Array.from(root.querySelectorAll("[data-figure]"), (figure) => [figure.dataset.figure, figure]));

function takeOver(fresh) {
  const now = figures(fresh);
  for (const [name, figure] of figures(box)) {
    const news = now.get(name);
    if (!news) continue;
    if (figure.textContent !== news.textContent) figure.textContent = news.textContent;
    if (figure.parentElement.className !== news.parentElement.className) figure.parentElement.className = news.parentElement.className;
  }
  const [paths, newPaths] = [box, fresh].map((root) => root.querySelector("[data-paths]"));
  if (paths.innerHTML !== newPaths.innerHTML) paths.replaceChildren(...newPaths.childNodes);

  const feed = box.querySelector("[data-feed]");
  const known = new Set(Array.from(feed.children, (line) => line.dataset.seq));
  const lines = Array.from(fresh.querySelector("[data-feed]").children);
  const there = new Set(lines.map((line) => line.dataset.seq));
  for (const line of lines.filter((one) => !known.has(one.dataset.seq)).reverse()) {
    line.classList.add("is-new");
    feed.prepend(line);
  }
  // Whoever stands on a line keeps it until they go on.
  for (const line of Array.from(feed.children)) if (!there.has(line.dataset.seq) && !line.contains(document.activeElement)) line.remove();
}

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const fresh = document.createElement("div");
    fresh.innerHTML = await part("/parts/live/wall");
    takeOver(fresh);
  } catch {
    // The next change looks again; that the connection is lost stands elsewhere.
  } finally {
    looking = false;
  }
  if (again) {
    again = false;
    soon();
  }
}

function soon() {
  gathering ??= setTimeout(() => {
    gathering = null;
    look();
  }, GATHER_MS);
}

for (const name of ["holdpoint:wall", "holdpoint:conversations"]) document.body.addEventListener(name, soon);
