// An answer of the AI's as it is judged: what was said before, and what it rests on. Texts become text nodes.

const AUTHORS = { visitor: "Visitor", ai: "AI", person: "Colleague", system: "Holdpoint" };

/** A new element at the end of another one. */
export function child(parent, tag, look, words) {
  const element = parent.appendChild(document.createElement(tag));
  if (look) element.className = look;
  if (words !== undefined) element.textContent = words;
  return element;
}

/** Fills `[data-history]` of an article with what was said before the question. */
export function paintThread(article, lines) {
  const box = article.querySelector("[data-history]");
  const thread = article.querySelector("[data-thread]");
  box.hidden = lines.length === 0;
  box.open = false;
  article.querySelector("[data-history-words]").textContent = lines.length === 1 ? "1 message before this" : `${lines.length} messages before this`;
  thread.replaceChildren();
  for (const line of lines) {
    const message = child(thread, "li", `message message-${line.author}`);
    child(child(message, "p", "message-head"), "b", "", AUTHORS[line.author] ?? "");
    child(message, "p", "message-text", line.text).dir = "auto";
  }
}

/** A passage with the parts that are quoted marked. Ranges count characters, not the halves of pairs. */
function passage(parent, source) {
  const characters = Array.from(source.text);
  const box = child(parent, "p", "source-text");
  box.dir = "auto";
  let at = 0;
  for (const [from, to] of source.quoted) {
    if (from < at) continue;
    box.append(characters.slice(at, from).join(""));
    child(box, "mark", "", characters.slice(from, to).join(""));
    at = to;
  }
  box.append(characters.slice(at).join(""));
}

/** Fills `[data-sources]` of an article. */
export function paintSources(article, sources) {
  const box = article.querySelector("[data-sources]");
  box.replaceChildren();
  if (sources.length === 0) return;
  child(box, "h3", "", "Sources");
  const list = child(box, "ol");
  for (const source of sources) {
    const item = child(list, "li", "source");
    child(item, "p", "source-head", source.title);
    passage(item, source);
  }
}
