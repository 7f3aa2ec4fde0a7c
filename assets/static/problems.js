// What the server wants changed, shown at the fields it names by their path (`data-path`), and as a list above them.

/** The field a message is about, or the nearest that surrounds it. */
function fieldAt(form, path) {
  for (let at = path; at; at = at.replace(/(\.[^.[]+|\[\d+\])$/, "")) {
    const found = form.querySelector(`[data-path="${CSS.escape(at)}"]`);
    if (found) return found;
    if (!/[.[]/.test(at)) return null;
  }
  return null;
}

/** Takes all messages away. */
export function clearProblems(page) {
  const box = page.querySelector("[data-problems]");
  box.hidden = true;
  box.replaceChildren();
  for (const message of page.querySelectorAll(".field-problem")) message.remove();
  for (const field of page.querySelectorAll("[aria-invalid], fieldset[aria-describedby]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/** Shows `problems`, each `{path, says}`, and puts the focus on the first field; `form` is where fields are looked for, null for nowhere. */
export function showProblems(page, form, problems, inWords = (problem) => problem.says) {
  clearProblems(page);
  const pageBox = page.querySelector("[data-problems]");
  const box = pageBox.appendChild(document.createElement("div"));
  const title = box.appendChild(document.createElement("b"));
  title.textContent = problems.length === 1 ? "This must be changed first:" : `${problems.length} things must be changed first:`;
  const list = box.appendChild(document.createElement("ul"));
  problems.forEach((problem, at) => {
    list.appendChild(document.createElement("li")).textContent = inWords(problem);
    const field = form && fieldAt(form, problem.path);
    if (!field) return;
    const message = document.createElement("p");
    message.className = "field-problem";
    message.id = `problem-${at}`;
    message.textContent = problem.says;
    const details = field.closest("details");
    if (details) details.open = true;
    if (field.matches("input, select, textarea")) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", message.id);
      field.after(message);
    } else {
      if (field.matches("fieldset")) field.setAttribute("aria-describedby", message.id);
      field.append(message);
    }
  });
  pageBox.hidden = false;
  page.querySelector("[aria-invalid], fieldset[aria-describedby] input")?.focus();
}
