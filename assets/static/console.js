// What every page has: times, the live link, who is there, the number that waits, notices, navigation keys, help, theme.

import { page, part } from "/static/api.js";
import { keys, shortcutsOn } from "/static/keys.js";
import { goLive } from "/static/live.js";
import { newItems, tellOf } from "/static/notices.js";
import { hasPlaces, openPlaces } from "/static/places.js";
import "/static/presence.js";
import { keepTimes } from "/static/time.js";
import { toast } from "/static/toast.js";

const help = document.querySelector("[data-help]");

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("holdpoint.theme", root.dataset.theme);
}

function search() {
  document.querySelector('[data-focus-key="/"]')?.focus();
}

const go = (path) => () => location.assign(path);
keys({
  "?": () => help.showModal(),
  "g q": go("/queue"),
  "g v": go("/live"),
  "g c": go("/conversations"),
  "g a": go("/actions"),
  "g k": go("/knowledge"),
  "g n": go("/analyse"),
  "g i": go("/improve"),
  "g y": go("/quality"),
  "g l": go("/log"),
  ...(document.querySelector('.nav a[href="/settings"]') && { "g s": go("/settings") }),
  ...(document.querySelector('.nav a[href="/agency"]') && { "g e": go("/agency") }),
  ...(hasPlaces && { "g w": openPlaces }),
  "/": search,
});

// Whoever went to another workspace in another tab must not act there through this page.
document.body.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["Holdpoint-Page"] = page;
});
let told = false;
document.addEventListener("holdpoint:moved", (event) => {
  if (told) return;
  told = true;
  toast(event.detail, { bad: true, lastsMs: 0, actionMs: 0, action: { label: "Reload", run: () => location.reload() } });
});

document.querySelector('[data-command="theme"]').addEventListener("click", switchTheme);
document.querySelector('button[data-command="help"]').addEventListener("click", () => help.showModal());
help.addEventListener("click", (event) => event.target === help && help.close());

const toggle = document.querySelector('input[data-command="shortcuts"]');
toggle.checked = shortcutsOn();
toggle.addEventListener("change", () => localStorage.setItem("holdpoint.shortcuts", toggle.checked ? "on" : "off"));

const badge = document.querySelector('[data-count="queue"]');
const title = document.title;

/** Shows how many items wait, in the navigation and in the title; the queue page counts for itself. */
export function showCount(count) {
  badge.hidden = count === 0;
  badge.querySelector(".count-number").textContent = count;
  document.title = count ? `(${count}) ${title}` : title;
}

if (document.body.dataset.section !== "queue") {
  document.body.addEventListener("holdpoint:queue", async () => {
    const opened = newItems();
    const list = new DOMParser().parseFromString(await part("/parts/queue"), "text/html");
    showCount(Number(list.querySelector("[data-rows]").dataset.total));
    await tellOf(opened, list);
  });
}

showCount(Number(badge.querySelector(".count-number").textContent));
keepTimes();
goLive();
