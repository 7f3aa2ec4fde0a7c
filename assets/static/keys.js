// Single-key shortcuts. They rest while a person types, while a dialog is open and when they were switched off.

const shortcuts = new Map();
let prefix = "";
let prefixTimer = null;

/** Whether keys go into a text now. */
export function typing(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=file])"));
}

export const shortcutsOn = () => localStorage.getItem("holdpoint.shortcuts") !== "off";

/** Registers keys: `{ a: approve, "g q": goToQueue }`. A key that is held down acts once. */
export function keys(map) {
  for (const [key, run] of Object.entries(map)) shortcuts.set(key, run);
}

function forget() {
  prefix = "";
  clearTimeout(prefixTimer);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || !shortcutsOn()) return forget();
  const whole = prefix ? `${prefix} ${event.key}` : event.key;
  forget();
  const run = shortcuts.get(whole);
  if (run) {
    event.preventDefault();
    if (!event.repeat) run(event);
  } else if (!event.repeat && [...shortcuts.keys()].some((key) => key.startsWith(`${event.key} `))) {
    prefix = event.key;
    prefixTimer = setTimeout(forget, 1200);
  }
});
