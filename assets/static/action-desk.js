// The desk under an action in the queue: where a person changes its arguments, says no, or answers instead. What was begun is kept in this tab until it
// is decided, whatever happens in between. The same shape as the desk under a draft (`desk.js`).

import { Fields } from "/static/fields.js";

const TITLES = { edit: "Change the arguments", respond: "Answer whoever asked", reject: "Say no" };
const SUBMITS = { edit: "Approve with these arguments", respond: "Send your answer", reject: "Reject" };
const LABELS = { respond: "What should they do or say instead?", reject: "Why not? (optional)" };

const place = (id) => `holdpoint.text.action.${id}`;

/** Forgets what was typed for an action. */
export const forgetAction = (id) => sessionStorage.removeItem(place(id));

export class ActionDesk {
  /** `submit(kind, decision)` is called with what the API takes. */
  constructor(article, submit) {
    this.article = article;
    this.item = article.dataset.item;
    this.submit = submit;
    this.panel = article.querySelector("[data-panel]");
    this.text = this.panel.querySelector("[data-text]");
    this.fields = new Fields(this.panel);
    this.kind = null;
    this.messages = { reject: "", respond: "" };
    this.panel.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.panel.addEventListener("keydown", (event) => this.onKey(event));
    this.panel.addEventListener("input", () => this.keep());
    this.panel.querySelector("[data-close]").addEventListener("click", () => this.close());
  }

  /** The arguments as they stand. */
  get args() {
    return JSON.parse(this.article.querySelector("[data-args-plain]").value);
  }

  get hasTyped() {
    if (this.kind === "edit") return this.fields.hasChanged;
    return Boolean(this.kind) && this.text.value.trim() !== "";
  }

  keep() {
    if (this.kind && this.kind !== "edit") this.messages[this.kind] = this.text.value;
    const kept = { kind: this.kind, args: this.fields.typed(), messages: this.messages };
    const isEmpty = !Object.keys(kept.args).length && !Object.values(kept.messages).some(Boolean);
    if (isEmpty) forgetAction(this.item);
    else sessionStorage.setItem(place(this.item), JSON.stringify(kept));
  }

  /** Opens again what was begun before, if anything was. */
  restore() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(place(this.item))); } catch { /* another version's */ }
    if (!kept) return;
    this.fields.putBack(kept.args);
    this.messages = kept.messages;
    if (kept.kind && this.article.dataset.allowed.includes(kept.kind)) this.open(kept.kind, { focus: false });
  }

  open(kind, { focus = true } = {}) {
    this.kind = kind;
    this.panel.hidden = false;
    this.panel.dataset.kind = kind;
    for (const element of this.panel.querySelectorAll("[data-for]")) element.hidden = !element.dataset.for.split(" ").includes(kind);
    this.panel.querySelector("[data-panel-title]").textContent = TITLES[kind];
    this.panel.querySelector("[data-submit]").textContent = SUBMITS[kind];
    this.refused("");
    this.showExpanded();
    if (kind !== "edit") {
      this.panel.querySelector("[data-text-label]").textContent = LABELS[kind];
      this.text.value = this.messages[kind];
    }
    if (!focus) return;
    (kind === "edit" ? this.fields.all[0]?.input ?? this.panel : this.text).focus();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.kind = null;
    this.panel.hidden = true;
    this.showExpanded();
    this.article.focus({ preventScroll: true });
  }

  showExpanded() {
    const keyOf = { edit: "e", respond: "s", reject: "r" };
    for (const button of this.article.querySelectorAll(".actions [aria-expanded]")) {
      button.setAttribute("aria-expanded", String(keyOf[this.kind] === button.dataset.key));
    }
  }

  onKey(event) {
    const writes = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") {
      event.preventDefault();
      if (writes) this.panel.focus();
      else this.close();
    } else if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey && !event.metaKey) {
      // In a form of several fields, Enter goes nowhere by accident.
      event.preventDefault();
    }
  }

  /** No key means anything here. */
  key() {
    return false;
  }

  paintDiff() {}

  /** A newer state was fetched: what nobody has typed in follows it. */
  follow(newer) {
    this.fields.follow(newer.querySelector("[data-panel]"));
  }

  /** Says why what was sent is not accepted; what was typed stays. */
  refused(words) {
    const line = this.panel.querySelector("[data-refused]");
    line.textContent = words;
    line.hidden = !words;
    if (words) line.scrollIntoView({ block: "nearest" });
  }

  send() {
    this.refused("");
    if (this.kind === "edit") {
      if (!this.fields.hasChanged) return this.refused("Nothing is changed: close this with Esc and approve with a.");
      const args = this.fields.values(this.args);
      return args && this.submit("edit", { args });
    }
    const message = this.text.value.trim();
    if (this.kind === "respond" && !message) return this.refused("Write first what they should do or say instead.");
    this.submit(this.kind, message ? { message } : {});
  }
}
