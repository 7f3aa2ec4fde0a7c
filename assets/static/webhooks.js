// Webhooks: who is told what happens. A secret is shown once, when it is made.

import { send } from "/static/api.js";
import { alone, filled } from "/static/forms.js";
import { announce, ask, reloadSaying, sayWhatWasLeft, toast } from "/static/toast.js";

const PATH = "/api/v1/webhooks/subscriptions";
const page = document.querySelector("[data-webhooks]");
const own = page.dataset.subscription && `${PATH}/${page.dataset.subscription}`;
const find = (what) => page.querySelector(`[data-${what}]`);

sayWhatWasLeft();

/** What is ticked; nothing stands for everything. */
function types(form) {
  if (form.querySelector("[data-all]").checked) return [];
  return Array.from(form.querySelectorAll("[data-some] input:checked"), (box) => box.value);
}

/** What is ticked, unless nothing is, which would be everything. */
function chosen(form) {
  const wanted = types(form);
  if (wanted.length || form.querySelector("[data-all]").checked) return wanted;
  toast("Tick at least one type of event, or everything.");
  form.querySelector("[data-some] input").focus();
  return null;
}

for (const box of page.querySelectorAll("[data-all]")) {
  box.addEventListener("change", () => {
    box.closest("[data-types]").querySelector("[data-some]").hidden = box.checked;
  });
}

function showSecret(secret, href) {
  const shown = find("secret");
  find("secret-text").textContent = secret;
  if (href) find("go").href = href;
  shown.hidden = false;
  shown.focus();
  announce("The secret is shown on this page, this once.");
}

find("copy")?.addEventListener("click", async () => {
  const text = find("secret-text");
  try {
    await navigator.clipboard.writeText(text.textContent);
    toast("Copied.");
  } catch {
    getSelection().selectAllChildren(text);
    toast("It is selected; copy it with the keyboard.");
  }
});

find("new")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  alone(form.querySelector("[type=submit]"), async () => {
    const url = filled(find("url"), "Name the address first, like https://hooks.example/holdpoint.");
    if (!url) return;
    const wanted = chosen(form);
    if (!wanted) return;
    const made = await send("POST", PATH, { url, note: find("note").value, types: wanted });
    form.hidden = true;
    showSecret(made.secret, `/settings/webhooks/${made.id}`);
  });
});

find("change")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  alone(form.querySelector("[type=submit]"), async () => {
    const wanted = chosen(form);
    if (!wanted) return;
    const wish = { note: find("note").value, types: wanted };
    const url = find("url").value.trim();
    if (url) wish.url = url;
    await send("PATCH", own, wish);
    reloadSaying("Saved.");
  });
});

const pause = find("pause");
pause?.addEventListener("click", () => alone(pause, async () => {
  const paused = pause.dataset.pause === "true";
  if (paused && !(await ask("What happens while it is paused is not sent by itself later.", "Pause it"))) return;
  await send("PATCH", own, { paused });
  reloadSaying(paused ? "It is paused." : "It is told again what happens.");
}));

const test = find("test");
test?.addEventListener("click", () => alone(test, async () => {
  await send("POST", `${own}/test`, {});
  reloadSaying("A test is on its way. Load the page again to see how it went.");
}));

const renew = find("renew");
renew?.addEventListener("click", () => alone(renew, async () => {
  if (!(await ask("A new secret signs from now on; for a day the old one does as well.", "Make a new one"))) return;
  showSecret((await send("POST", `${own}/secret`, {})).secret);
}));

const remove = find("remove");
remove?.addEventListener("click", () => alone(remove, async () => {
  if (!(await ask("It is told nothing more, and what waits for it is not sent.", "Remove it"))) return;
  await send("DELETE", own);
  location.assign("/settings/webhooks");
}));

find("replay")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  alone(form.querySelector("[type=submit]"), async () => {
    const since = Date.now() - Number(find("since").value);
    if (!(await ask("Everything of its types since then is sent again, under the same ids.", "Send it"))) return;
    const { queued, more_since: more } = await send("POST", `${own}/replay`, { since });
    reloadSaying(`${queued} ${queued === 1 ? "webhook is" : "webhooks are"} queued.${more ? " There is more: send again once these are through." : ""}`);
  });
});

for (const button of page.querySelectorAll("[data-again]")) {
  button.addEventListener("click", () => alone(button, async () => {
    await send("POST", `/api/v1/webhooks/deliveries/${button.dataset.again}/retry`, {});
    reloadSaying("It is on its way again.");
  }));
}
