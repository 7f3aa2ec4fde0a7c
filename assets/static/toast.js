// Short notices at the foot of the page, and sentences for a screen reader.

const box = () => document.querySelector("[data-toasts]");

/** Says a sentence to a screen reader without showing it. */
export function announce(words) {
  const line = document.querySelector("[data-announce]");
  line.textContent = "";
  requestAnimationFrame(() => (line.textContent = words));
}

/**
 * Shows a notice for `lastsMs`; with `action` ({label, run}) it has a button, with `countdown` a bar that runs out; both go after `actionMs`.
 * With `link` ({label, href}) it leads somewhere.
 * A notice that asks for something (`lastsMs: 0`) stays until it is used or closed. Returns a function that closes it.
 */
export function toast(words, { action, link, lastsMs = 5000, actionMs = lastsMs, countdown = false, bad = false } = {}) {
  const notice = document.createElement("div");
  notice.className = bad ? "toast toast-bad" : "toast";
  const text = notice.appendChild(document.createElement("span"));
  text.className = "toast-words";
  text.textContent = words;
  const close = () => notice.remove();
  const whileOffered = [];
  if (action) whileOffered.push(button(notice, action.label, () => { close(); action.run(); }));
  if (link) {
    const anchor = notice.appendChild(document.createElement("a"));
    anchor.href = link.href;
    anchor.textContent = link.label;
  }
  if (!lastsMs) button(notice, "Close", close);
  if (countdown) {
    const bar = notice.appendChild(document.createElement("span"));
    bar.className = "toast-bar";
    bar.style.setProperty("--undo-time", `${actionMs}ms`);
    whileOffered.push(bar);
  }
  while (box().children.length > 2) box().firstElementChild.remove();
  box().append(notice);
  announce(words);
  if (lastsMs) setTimeout(close, lastsMs);
  if (actionMs < lastsMs) setTimeout(() => whileOffered.forEach((element) => element.remove()), actionMs);
  return close;
}

function button(notice, label, run) {
  const button = notice.appendChild(document.createElement("button"));
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", run);
  return button;
}

const LEFT_TO_SAY = "holdpoint.said";

/** Loads the page anew, and says it there. */
export function reloadSaying(words) {
  sessionStorage.setItem(LEFT_TO_SAY, words);
  location.reload();
}

/** Says what was left to say when the page was loaded anew; returns whether there was anything. */
export function sayWhatWasLeft() {
  const words = sessionStorage.getItem(LEFT_TO_SAY);
  if (!words) return false;
  sessionStorage.removeItem(LEFT_TO_SAY);
  toast(words);
  return true;
}

/** What was pressed is gone: the page's title gets the focus. */
export function focusTitle() {
  const title = document.querySelector("h1");
  title.tabIndex = -1;
  title.focus();
}

/** Asks before something that cannot be undone; resolves to whether the person agreed. `otherwise` is what the other button says. */
export function ask(question, label, otherwise = "Keep it") {
  const dialog = document.createElement("dialog");
  dialog.className = "help ask";
  dialog.setAttribute("aria-label", question);
  const form = dialog.appendChild(document.createElement("form"));
  form.method = "dialog";
  form.className = "stack";
  form.appendChild(document.createElement("p")).textContent = question;
  const foot = form.appendChild(document.createElement("p"));
  foot.className = "panel-foot";
  for (const [text, value, look] of [[label, "yes", "button button-danger"], [otherwise, "no", "button"]]) {
    const choice = foot.appendChild(document.createElement("button"));
    choice.className = look;
    choice.value = value;
    choice.textContent = text;
    if (value === "no") choice.autofocus = true;
  }
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
  });
}
