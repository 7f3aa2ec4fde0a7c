// The desk under a draft: where a person edits it, writes an own answer or says why it is rejected.
// A text that was begun is kept for its item in this tab until the decision is final, whatever happens in between.

import { paintDiff } from "/static/diff.js";

const TITLES = { edit: "Edit the draft", respond: "Write the answer yourself", reject: "Reject the draft" };
const SUBMITS = { edit: "Send the edited answer", respond: "Send your answer", reject: "Reject" };

const place = (item, kind) => `holdpoint.text.${item}.${kind}`;

/** What was ticked for an item whose decision is not final: reasons, verdict, remember. */
const ticked = new Map();

/** Forgets what was typed and ticked for an item. */
export function forgetTexts(item) {
  ticked.delete(item);
  for (const kind of ["edit", "respond"]) sessionStorage.removeItem(place(item, kind));
}

/** The desk of one painted item. `submit(kind, decision)` is called with what the API takes. */
export class Desk {
  constructor(article, submit) {
    this.article = article;
    this.item = article.dataset.item;
    this.submit = submit;
    this.panel = article.querySelector("[data-panel]");
    this.text = this.panel.querySelector("[data-text]");
    this.kind = null;
    this.verdictChosen = false;
    this.panel.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.panel.addEventListener("keydown", (event) => this.onKey(event));
    this.panel.addEventListener("change", (event) => this.onChange(event));
    this.panel.querySelector("[data-close]").addEventListener("click", () => this.close());
    this.text.addEventListener("input", () => this.onText());
  }

  /** The AI's text as it stands now; a newer revision may have replaced it. */
  get draft() {
    return this.article.querySelector("[data-draft-plain]")?.value ?? "";
  }

  /** Whether an opened text differs from what it began with. */
  get hasTyped() {
    if (this.kind === "edit") return this.text.value.trim() !== this.draft.trim();
    return this.kind === "respond" && this.text.value.trim() !== "";
  }

  /** Opens the panel. With `focus: false` the keyboard stays outside the text, so that a key meant as a command is not typed. */
  open(kind, { focus = true } = {}) {
    this.kind = kind;
    this.panel.hidden = false;
    this.panel.dataset.kind = kind;
    for (const element of this.panel.querySelectorAll("[data-for]")) element.hidden = !element.dataset.for.split(" ").includes(kind);
    this.panel.querySelector("[data-panel-title]").textContent = TITLES[kind];
    this.panel.querySelector("[data-submit]").textContent = SUBMITS[kind];
    this.panel.querySelector("[data-text-label]").textContent = TITLES[kind];
    this.showExpanded();
    this.tickAgain();
    if (kind === "reject") {
      if (focus) this.panel.querySelector('[name="reason"]').focus();
    } else {
      this.text.value = sessionStorage.getItem(place(this.item, kind)) ?? (kind === "edit" ? this.draft : "");
      this.paintDiff();
      this.text.setSelectionRange(this.text.value.length, this.text.value.length);
      if (focus) this.text.focus();
    }
    if (focus) this.panel.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.kind = null;
    this.panel.hidden = true;
    this.showExpanded();
    this.article.focus({ preventScroll: true });
  }

  /** Opens again what was begun for this item before, if anything was. */
  restore() {
    const kind = ["edit", "respond"].find((kind) => sessionStorage.getItem(place(this.item, kind)) !== null);
    if (kind) this.open(kind, { focus: false });
  }

  showExpanded() {
    const keyOf = { edit: "e", respond: "s", reject: "r" };
    for (const button of this.article.querySelectorAll(".actions [aria-expanded]")) {
      button.setAttribute("aria-expanded", String(keyOf[this.kind] === button.dataset.key));
    }
  }

  paintDiff() {
    const box = this.panel.querySelector("[data-diff-box]");
    box.hidden = this.kind !== "edit" || !paintDiff(box.querySelector("[data-diff]"), this.draft, this.text.value);
  }

  onText() {
    if (this.hasTyped) sessionStorage.setItem(place(this.item, this.kind), this.text.value);
    else sessionStorage.removeItem(place(this.item, this.kind));
    this.paintDiff();
  }

  onKey(event) {
    const writes = event.target === this.text;
    if (event.key === "Escape") {
      event.preventDefault();
      if (writes) this.panel.focus();
      else this.close();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !writes && !event.target.matches("button")) {
      event.preventDefault();
      if (!event.repeat) this.send();
    }
  }

  tickAgain() {
    const before = ticked.get(this.item);
    if (!before) return;
    this.verdictChosen = before.verdictChosen;
    for (const box of this.panel.querySelectorAll("input")) box.checked = before.values.has(box.name + box.value);
  }

  onChange(event) {
    if (event.target === this.text) return;
    if (event.target.name === "verdict") this.verdictChosen = true;
    if (event.target.name === "reason" && !this.verdictChosen) {
      const reasons = this.reasons();
      this.choose(reasons.length > 0 && reasons.every((reason) => reason === "tone" || reason === "language") ? "acceptable" : "bad");
    }
    this.rememberTicks();
  }

  rememberTicks() {
    const values = new Set(Array.from(this.panel.querySelectorAll("input:checked"), (box) => box.name + box.value));
    ticked.set(this.item, { values, verdictChosen: this.verdictChosen });
  }

  reasons() {
    return Array.from(this.panel.querySelectorAll('[name="reason"]:checked'), (box) => box.value);
  }

  choose(verdict) {
    const radio = this.panel.querySelector(`[name="verdict"][value="${verdict}"]`);
    if (radio) radio.checked = true;
  }

  /** A key pressed beside the text: reasons by number, `y` `n` for the verdict, `m` to remember. Returns whether it meant something here. */
  key(key) {
    if (!this.kind) return false;
    const reason = /^[1-7]$/.test(key) && this.kind !== "respond" && this.panel.querySelectorAll('[name="reason"]')[Number(key) - 1];
    const verdict = this.kind !== "reject" && { y: "acceptable", n: "bad" }[key];
    if (reason) {
      reason.click();
      reason.focus();
    } else if (verdict) {
      this.verdictChosen = true;
      this.choose(verdict);
      this.rememberTicks();
    } else if (key === "m" && this.kind !== "reject") {
      this.panel.querySelector('[name="remember"]').click();
    } else {
      return false;
    }
    return true;
  }

  send() {
    const decision = {};
    if (this.kind === "reject") {
      decision.verdict = "bad";
    } else {
      decision.text = this.text.value.trim();
      decision.remember = this.panel.querySelector('[name="remember"]').checked;
      const verdict = this.panel.querySelector('[name="verdict"]:checked')?.value;
      if (verdict) decision.verdict = verdict;
    }
    const reasons = this.kind === "respond" ? [] : this.reasons();
    if (reasons.length) decision.reasons = reasons;
    this.submit(this.kind, decision);
  }
}
