// Arguments in a form that the server made from a schema: reads them as values, says what cannot be read, and knows what a person has changed.

/** What cannot be read as a value, in words for whoever typed it. */
class Unreadable extends Error {}

function read(kind, input) {
  if (kind === "flag") return input.checked;
  const text = kind === "json" || kind === "number" ? input.value.trim() : input.value;
  if (text === "") return undefined;
  if (kind === "number") {
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) throw new Unreadable("Write a number, like 20 or 20.50.");
    return Number(text);
  }
  if (kind === "json") {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Unreadable(`This is not JSON: ${error.message}.`);
    }
  }
  return text;
}

/** The fields of one form. */
export class Fields {
  constructor(form) {
    this.all = Array.from(form.querySelectorAll("[data-arg]"), (box) => {
      const input = box.querySelector("input, select, textarea");
      return { box, input, name: box.dataset.arg, kind: box.dataset.argKind, title: box.dataset.title, required: box.dataset.required === "true", first: this.shown(input) };
    });
    form.addEventListener("input", (event) => {
      const field = this.all.find((one) => one.input === event.target);
      if (!field) return;
      this.say(field, "");
      this.compare(field);
    });
  }

  /** Says what stood in a field that a person has changed. */
  compare(field) {
    const before = field.input.type === "checkbox" ? (field.first === "true" ? "Yes" : "No") : field.first;
    field.was ??= field.box.querySelector("[data-was]");
    field.was.hidden = !before || !this.isChanged(field);
    field.was.textContent = field.was.hidden ? "" : `Before: ${before}`;
  }

  shown(input) {
    return input.type === "checkbox" ? String(input.checked) : input.value;
  }

  isChanged = (field) => this.shown(field.input) !== field.first;

  get hasChanged() {
    return this.all.some(this.isChanged);
  }

  /** What is typed, by name, to be put back later. */
  typed() {
    return Object.fromEntries(this.all.filter(this.isChanged).map((field) => [field.name, this.shown(field.input)]));
  }

  putBack(typed) {
    for (const field of this.all) {
      if (!(field.name in typed)) continue;
      if (field.input.type === "checkbox") field.input.checked = typed[field.name] === "true";
      else field.input.value = typed[field.name];
      this.compare(field);
    }
  }

  /** What stands has changed elsewhere: takes it over where nobody has typed. Returns whether something did. */
  follow(newer) {
    let followed = false;
    for (const field of this.all) {
      const fresh = newer.querySelector(`[data-arg="${CSS.escape(field.name)}"]`)?.querySelector("input, select, textarea");
      if (!fresh || this.shown(fresh) === field.first) continue;
      const typed = this.isChanged(field);
      field.first = this.shown(fresh);
      followed = true;
      if (!typed && field.input.type === "checkbox") field.input.checked = fresh.checked;
      else if (!typed) field.input.value = fresh.value;
      this.compare(field);
    }
    return followed;
  }

  /** As they were. */
  reset() {
    for (const field of this.all) {
      if (field.input.type === "checkbox") field.input.checked = field.first === "true";
      else field.input.value = field.first;
      this.say(field, "");
      this.compare(field);
    }
  }

  say(field, words) {
    const line = field.box.querySelector("[data-problem]");
    line.textContent = words;
    line.hidden = !words;
    if (words) field.input.setAttribute("aria-invalid", "true");
    else field.input.removeAttribute("aria-invalid");
  }

  /**
   * The arguments: `base` with what was changed. Null where something cannot be read or is missing; the field says so and has the focus.
   */
  values(base = {}) {
    const args = { ...base };
    let wrong = null;
    for (const field of this.all) {
      this.say(field, "");
      const untouched = !this.isChanged(field) && field.name in base;
      if (untouched) continue;
      try {
        const value = read(field.kind, field.input);
        if (value === undefined) {
          if (field.required) throw new Unreadable(`Fill in “${field.title}”.`);
          // An empty text stays what it was: there or not there.
          delete args[field.name];
        } else if (field.kind !== "flag" || field.required || value || field.name in base || this.isChanged(field)) {
          args[field.name] = value;
        }
      } catch (problem) {
        if (!(problem instanceof Unreadable)) throw problem;
        this.say(field, problem.message);
        wrong ??= field;
      }
    }
    wrong?.input.focus();
    return wrong ? null : args;
  }
}
