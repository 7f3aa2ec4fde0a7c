// What the queue lists, and how a member is told of something new. Kept with the member, so that it is the same everywhere.

import { send } from "/static/api.js";
import { beep } from "/static/notices.js";
import { toast } from "/static/toast.js";

const DESK = "/api/v1/team/desk";
const FIELDS = ["kind", "reason", "topic", "agent"];
const FLAGS = ["mine", "overdue", "actions"];

const box = document.querySelector("[data-view-box]");
const form = box.querySelector("[data-view-form]");
const choice = form.querySelector("[data-view]");
let desk = { views: [], notify: false, sound: false };

/** The query of what is listed, without `?`. */
export const viewQuery = () => location.search.slice(1);

function keep() {
  send("PUT", DESK, desk).catch((problem) => toast(problem.message, { bad: true }));
}

function showName() {
  const query = viewQuery();
  // One's own name for it comes before ours.
  const known = Array.from(choice.options).findLast((option) => option.value === query);
  box.querySelector("[data-view-name]").textContent = known ? known.textContent.toLowerCase() : "a part of it";
  (known ?? choice.options[0]).selected = true;
  form.querySelector("[data-view-forget]").hidden = !desk.views.some((view) => view.query === query);
  const params = new URLSearchParams(query);
  for (const name of FIELDS) if (form.elements[name]) form.elements[name].value = params.get(name) ?? "";
  for (const name of FLAGS) form.elements[name].checked = params.get(name) === "true";
}

function listViews() {
  choice.querySelectorAll("[data-own]").forEach((option) => option.remove());
  for (const view of desk.views) {
    const option = new Option(view.name, view.query);
    option.dataset.own = "";
    choice.add(option);
  }
  for (const tick of form.querySelectorAll("[data-tell]")) tick.checked = Boolean(desk[tick.dataset.tell]);
  showName();
}

function composed() {
  const params = new URLSearchParams();
  for (const name of FIELDS) if (form.elements[name]?.value) params.set(name, form.elements[name].value);
  for (const name of FLAGS) if (form.elements[name].checked) params.set(name, "true");
  return params.toString();
}

const go = (query) => location.assign(query ? `/queue?${query}` : "/queue");

/** Opens what there is to choose, with the keyboard in it. */
export function openViews() {
  box.open = !box.open;
  if (box.open) choice.focus();
}

async function tick(event) {
  const name = event.target.dataset.tell;
  if (!name) return;
  if (name === "notify" && event.target.checked && (await Notification.requestPermission()) !== "granted") {
    event.target.checked = false;
    toast("The browser does not allow notices from this page; allow them in its settings.", { bad: true });
  }
  desk[name] = event.target.checked;
  keep();
  if (name === "sound" && desk.sound) beep();
}

choice.addEventListener("change", () => go(choice.value));
form.addEventListener("change", tick);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const query = composed();
  const name = form.querySelector("[data-view-save]").value.trim();
  if (!name || !query) return go(query);
  desk.views = [...desk.views.filter((view) => view.name !== name), { name, query }];
  send("PUT", DESK, desk).then(() => go(query), (problem) => toast(problem.message, { bad: true }));
});
form.querySelector("[data-view-forget]").addEventListener("click", () => {
  desk.views = desk.views.filter((view) => view.query !== viewQuery());
  keep();
  listViews();
});
form.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  box.open = false;
  box.querySelector("summary").focus();
});
showName();
send("GET", DESK).then((kept) => { desk = { ...desk, ...kept }; listViews(); }, () => {});
