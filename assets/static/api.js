// Talks to the server: the JSON API for changes, `/parts/…` for pieces of pages.

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** The workspace that this page belongs to. It goes along with everything the page asks for. */
export const page = document.querySelector('meta[name="workspace"]')?.content ?? "";

/** What the server refused, in its own words. `detail` says what to do next; the other fields of the problem are in `fields`. */
export class Problem extends Error {
  constructor(status, fields) {
    super(fields.detail || fields.title || "That did not work; try again.");
    this.status = status;
    this.fields = fields;
  }
}

/** An identifier nobody else has. Works without a secure context, where `crypto.randomUUID` is missing. */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

async function request(method, path, options) {
  let answer;
  try {
    const headers = page ? { ...options.headers, "Holdpoint-Page": page } : options.headers;
    answer = await fetch(path, { method, credentials: "same-origin", ...options, headers });
  } catch {
    throw new Problem(0, { detail: "The server cannot be reached. What you typed is kept; try again in a moment." });
  }
  if (answer.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    throw new Problem(401, { detail: "You are signed out. Sign in to go on." });
  }
  if (answer.ok) return answer;
  const fields = await answer.json().catch(() => ({}));
  if (fields.type?.endsWith(":moved")) document.dispatchEvent(new CustomEvent("holdpoint:moved", { detail: fields.detail }));
  throw new Problem(answer.status, fields);
}

/** Sends a change to the API and returns its JSON, or null when there is none. Throws a `Problem`. */
export async function send(method, path, body, { keepalive = false, type = "application/json" } = {}) {
  const headers = { "X-CSRF-Token": csrf(), Accept: "application/json" };
  if (method === "POST") headers["Idempotency-Key"] = freshId();
  if (body !== undefined) headers["Content-Type"] = type;
  const content = body === undefined || type !== "application/json" ? body : JSON.stringify(body);
  const answer = await request(method, path, { headers, body: content, keepalive });
  return answer.status === 204 ? null : answer.json().catch(() => null);
}

/** Fetches a piece of a page as HTML. Throws a `Problem`: a refusal comes as JSON, because a page is not what is asked for. */
export async function part(path) {
  const answer = await request("GET", path, { headers: { Accept: "*/*" } });
  return answer.text();
}
