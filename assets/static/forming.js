// What the AI is writing, as it forms. It is shown as text wherever a page has a place for it, `data-forming="CONVERSATION"`, and is gone as soon as
// the server says so or the link is lost. No live region: nobody wants to hear every word of it twice.

const texts = new Map();

/** Writes what is forming into its places; again whenever a page has painted new ones. */
export function paintForming() {
  for (const place of document.querySelectorAll("[data-forming]")) {
    const words = texts.get(place.dataset.forming) ?? "";
    const line = place.querySelector("[data-forming-text]");
    if (line.textContent !== words) line.textContent = words;
    place.hidden = !words;
  }
}

document.body.addEventListener("holdpoint:forming", ({ detail }) => {
  if (!detail) texts.clear();
  else if (detail.text) texts.set(detail.conversation_id, detail.text);
  else texts.delete(detail.conversation_id);
  paintForming();
});
