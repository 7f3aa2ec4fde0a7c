// Canned replies: `/` in an empty text lists them, typing narrows the list, Enter takes one.

let known = null;

async function all() {
  known ??= fetch("/api/v1/canned-replies", { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : { items: [] }))
    .then(({ items }) => items);
  try {
    return await known;
  } catch {
    known = null;
    return [];
  }
}

/** Watches a text for `/…`; `list` is the listbox that shows what fits. */
export function cannedReplies(text, list) {
  let shown = [];
  let at = 0;

  function close() {
    list.hidden = true;
    shown = [];
    text.removeAttribute("aria-activedescendant");
  }

  function take(reply) {
    close();
    text.value = reply.text;
    text.setSelectionRange(text.value.length, text.value.length);
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }

  function mark() {
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const option = list.children[at];
    if (!option) return;
    text.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  async function look() {
    const wanted = /^\/([\p{L}\p{N}-]*)$/u.exec(text.value)?.[1]?.toLowerCase();
    if (wanted === undefined) return close();
    const replies = await all();
    shown = replies.filter(({ shortcut, text: words }) => shortcut.startsWith(wanted) || (wanted && words.toLowerCase().includes(wanted))).slice(0, 8);
    if (!shown.length) return close();
    at = 0;
    list.replaceChildren(...shown.map((reply, index) => {
      const option = document.createElement("li");
      option.id = `canned-${index}`;
      option.setAttribute("role", "option");
      const name = document.createElement("b");
      name.textContent = `/${reply.shortcut}`;
      option.append(name, ` ${reply.text.slice(0, 90)}`);
      option.addEventListener("mousedown", (event) => { event.preventDefault(); take(reply); });
      return option;
    }));
    list.hidden = false;
    mark();
  }

  text.addEventListener("input", look);
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
      mark();
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") {
      event.preventDefault();
      take(shown[at]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopImmediatePropagation();
      close();
    }
  });
}
