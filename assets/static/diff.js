// What a person changed, word by word.

const MOST_CELLS = 4_000_000;

const words = (text) => text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];

/** The steps from `before` to `after`: `[{ kind: "same" | "out" | "in", text }]`, neighbours of one kind joined. */
export function diffWords(before, after) {
  const a = words(before);
  const b = words(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const steps = [
    ...a.slice(0, head).map((text) => ["same", text]),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map((text) => ["same", text]),
  ];
  const joined = [];
  for (const [kind, text] of steps) {
    const last = joined.at(-1);
    if (last?.kind === kind) last.text += text;
    else joined.push({ kind, text });
  }
  return joined;
}

/** The longest common subsequence; texts too long for its table count as replaced whole. */
function middle(a, b) {
  const replaced = () => [...a.map((text) => ["out", text]), ...b.map((text) => ["in", text])];
  if (!a.length || !b.length || a.length * b.length > MOST_CELLS) return replaced();
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j]
        ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const steps = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      steps.push(["same", a[i]]);
      i += 1;
      j += 1;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
      steps.push(["out", a[i]]);
      i += 1;
    } else {
      steps.push(["in", b[j]]);
      j += 1;
    }
  }
  return [...steps, ...a.slice(i).map((text) => ["out", text]), ...b.slice(j).map((text) => ["in", text])];
}

/** Writes the difference into `element`; returns whether there is one. */
export function paintDiff(element, before, after) {
  const steps = diffWords(before, after);
  element.replaceChildren(...steps.map(({ kind, text }) => {
    if (kind === "same") return document.createTextNode(text);
    const step = document.createElement(kind === "out" ? "del" : "ins");
    step.textContent = text;
    return step;
  }));
  return steps.some(({ kind }) => kind !== "same");
}
