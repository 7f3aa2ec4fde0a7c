// Keeps times relative and deadlines counting. The server writes full times, so nothing is lost without this.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function ago(ms) {
  if (ms < MINUTE) return "just now";
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < 24 * HOUR) return `${Math.floor(ms / HOUR)} h ago`;
  return null;
}

function left(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min left`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function refresh() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ms]")) {
    if (time.closest("[data-countdown]")) continue;
    time.dataset.full ??= time.textContent;
    write(time, ago(now - Number(time.dataset.ms)) ?? time.dataset.full);
  }
  for (const deadline of document.querySelectorAll("[data-countdown]")) {
    const rest = Number(deadline.dataset.countdown) - now;
    deadline.dataset.urgency = rest <= 0 ? "over" : rest < 2 * MINUTE ? "soon" : "calm";
    write(deadline, rest <= 0 ? "deadline passed" : left(rest));
  }
}

/** Starts it for the whole page, and for whatever is put into it later. */
export function keepTimes() {
  refresh();
  setInterval(refresh, 1000);
  new MutationObserver(refresh).observe(document.body, { childList: true, subtree: true });
}
