// The menu of workspaces: opened by mouse, by its summary, or by g w; the arrows walk through it and Escape closes it.

const menu = document.querySelector("[data-places]");
const summary = menu?.querySelector("summary");
const choices = () => [...menu.querySelectorAll("button")];

function close() {
  menu.open = false;
  summary.focus();
}

/** Opens the menu and marks where the person is. */
export function openPlaces() {
  menu.open = true;
  (menu.querySelector('button[aria-current="true"]') ?? choices()[0]).focus();
}

/** Whether there is another workspace to go to. */
export const hasPlaces = Boolean(menu);

menu?.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu.open) {
    event.preventDefault();
    return close();
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !menu.open) return;
  event.preventDefault();
  const all = choices();
  const at = all.indexOf(document.activeElement);
  all[(at + by + all.length) % all.length].focus();
});
document.addEventListener("click", (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});
