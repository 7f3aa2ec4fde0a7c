/*
 * Beside the chat widget, loaded by it when the page has nothing better to do: says that somebody has this page open, and lets the page
 * say what its visitor reached; and has the questions to begin with shown. docs/widget.md tells what is sent, and when nothing is.
 */

const base = new URL('.', import.meta.url);
/** As the server expects it. */
const BEAT_MS = 30_000;
const KEPT = 'holdpoint here';

/** An id of this tab, forgotten with it. */
function tabId() {
  let id = null;
  try {
    id = sessionStorage.getItem(KEPT);
  } catch {
    // Storage is blocked: known for this page only.
  }
  if (!id) {
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    try {
      sessionStorage.setItem(KEPT, id);
    } catch {
      // As above.
    }
  }
  return id;
}

/**
 * `token` tells the visitor's token, if there is one; `config`, the agent's settings: whether the owner wants to know who is on the site, for
 * one; the tag of the widget, what the page says of its visitor's consent: `no`, `ask` (until it says more), or anything else. `shadow` is where the
 * chat stands.
 */
export function begin(agent, token, config, { dataset: { presence: wish } }, shadow) {
  const { presence } = config() ?? {};

  /** The settings may be those of the last visit; where newer ones come, the greeting is put anew. */
  const settings = new MutationObserver(offer);
  function offer() {
    if (!config()?.starters?.length) return;
    settings.disconnect();
    import(new URL('starters.js', base)).then((it) => it.begin(config, shadow), () => {});
  }
  settings.observe(shadow.querySelector('.log'), { childList: true });
  offer();

  const unwanted = navigator.doNotTrack === '1' || navigator.globalPrivacyControl === true;
  let agreed = wish !== 'no' && wish !== 'ask';
  let page = null;
  let beatAt = null;
  let beatPath = null;

  async function send(path, body, more = {}) {
    const headers = { 'Content-Type': 'application/json' };
    if (more.token) headers.Authorization = `Bearer ${more.token}`;
    return fetch(new URL(path, base), { method: 'POST', headers, body: JSON.stringify(body), credentials: 'omit', cache: 'no-store', keepalive: true });
  }

  const path = () => location.pathname.slice(0, 600);
  const may = () => agreed && !unwanted;
  const here = (body) => send(`agents/${encodeURIComponent(agent)}/here`, { page, ...body }, { token: token() }).catch(() => {});

  function beat() {
    if (!may() || !presence || document.visibilityState !== 'visible') return;
    // Back and forth within a moment is one beat.
    if (beatPath === path() && performance.now() - beatAt < BEAT_MS / 2) return;
    page ??= tabId();
    beatAt = performance.now();
    beatPath = path();
    here({ path: beatPath });
  }

  function leave() {
    if (beatPath !== null && may()) here({ gone: true });
    beatPath = null;
  }

  /** `event`: the visitor reached something. Without a conversation there is nobody whom it would be counted for. */
  async function event(name, { value, currency, order_id: orderId } = {}) {
    if (!may() || !token()) return;
    const answer = await send(`agents/${encodeURIComponent(agent)}/conversions`, { event: name, value, currency, order_id: orderId }, { token: token() });
    if (!answer.ok) console.warn(`Holdpoint: the event "${name}" was not counted. ${(await answer.json().catch(() => ({}))).detail ?? ''}`);
  }

  const COMMANDS = {
    event,
    /** The page's own question was answered. */
    consent(yes) {
      if (!yes) leave();
      agreed = Boolean(yes);
      beat();
    },
    /** Tells the id of this visitor's conversation, for the shop's own server; null where there is none. */
    async conversation(tell) {
      const known = token();
      const answer = known && (await fetch(new URL('conversation', base), { headers: { Authorization: `Bearer ${known}` }, credentials: 'omit', cache: 'no-store' }));
      tell(answer?.ok ? (await answer.json()).conversation_id : null);
    },
  };

  const queued = window.holdpoint?.q || [];
  window.holdpoint = (command, ...rest) => {
    Promise.resolve(COMMANDS[command]?.(...rest)).catch((error) => console.warn(`Holdpoint: ${error.message}`));
  };
  for (const call of queued) window.holdpoint(...call);

  beat();
  setInterval(beat, BEAT_MS);
  document.addEventListener('visibilitychange', beat);
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', beat);
  window.addEventListener('popstate', beat);
  // Pages that change their address themselves.
  window.navigation?.addEventListener('navigatesuccess', beat);
}
