/*
 * Holdpoint's chat widget: one script, at most 15 KB gzip as it is served (without comments). How to embed it: docs/widget.md.
 *
 * What keeps it correct, whatever the network does:
 *   - the server's `seq` is the only order: a message is shown when all before it have been shown;
 *   - what is typed here keeps its client-made id until the server has committed it: sending it again, from this
 *     page, the next one or another tab, neither loses nor doubles it;
 *   - every connection starts from a snapshot; events only carry on from there;
 *   - text becomes text nodes, never markup; the token travels in a header, never in an address.
 */
(() => {
  'use strict';

  const script = document.currentScript;
  const agent = script?.dataset.agent;
  if (!agent) {
    console.error('Holdpoint: the script tag needs data-agent="KEY".');
    return;
  }
  if (window.holdpointChat) return;
  window.holdpointChat = agent;
  const base = new URL('widget/v1/', script.src);

  // ---- words

  const STRINGS = {
    en: {
      chat: 'Chat',
      open: 'Open chat',
      openUnread: (n) => (n === 1 ? 'Open chat, 1 new message' : `Open chat, ${n} new messages`),
      close: 'Close chat',
      messages: 'Messages',
      write: 'Write a message',
      send: 'Send message',
      you: 'You',
      ai: 'AI',
      assistant: 'AI assistant',
      person: 'A person',
      personHere: (name) => (name ? `${name}, a person, is answering you` : 'A person is answering you'),
      typing: 'The assistant is typing',
      checking: (name) => `${name || 'A colleague'} is checking this answer`,
      waiting: 'A person will answer you here',
      usually: (time) => ` — usually ${time}`,
      times: { soon: 'less than a minute', minute: 'about a minute', minutes: (n) => `about ${n} minutes`, hour: 'about an hour', hours: (n) => `about ${n} hours`, day: 'within a day' },
      sending: 'Sending…',
      queued: 'Not sent yet. It is kept and sent by itself when the connection is back.',
      tryNow: 'Try now',
      failed: 'This message was not sent.',
      tryAgain: 'Try again',
      edit: 'Edit',
      tooLong: (length, max) => `Your message has ${length} characters; ${max} fit. Please shorten it or send it in parts.`,
      left: (n) => `${n} characters left`,
      offline: 'You are offline. What you write is kept and sent when you are back.',
      reconnecting: 'Reconnecting… What you write is kept.',
      ended: 'The earlier conversation has ended. Write to start a new one.',
      fresh: 'New message',
      askPerson: 'Talk to a person',
      wantPerson: 'I would like to talk to a person.',
      end: 'End chat',
      over: 'This conversation is over. Write to go on with it.',
      leaveEmail: 'You need not wait here: leave your e-mail address and the answer comes there too.',
      email: 'E-mail address',
      save: 'Save',
      consent: 'It is used only to answer this conversation.',
      mailed: (address) => `Answers you do not see here are sent to ${address}.`,
      rate: 'How was this conversation? 1 is bad, 5 is good',
      why: 'What was good, what was bad? (optional)',
      rateIt: 'Send',
      thanks: 'Thank you for your rating.',
      optional: ' (optional)',
      cancel: 'Cancel',
      asked: 'Thank you. This has been passed on.',
    },
    de: {
      chat: 'Chat',
      open: 'Chat öffnen',
      openUnread: (n) => (n === 1 ? 'Chat öffnen, 1 neue Nachricht' : `Chat öffnen, ${n} neue Nachrichten`),
      close: 'Chat schließen',
      messages: 'Nachrichten',
      write: 'Nachricht schreiben',
      send: 'Nachricht senden',
      you: 'Sie',
      ai: 'KI',
      assistant: 'KI-Assistent',
      person: 'Ein Mensch',
      personHere: (name) => (name ? `${name} antwortet Ihnen persönlich` : 'Ein Mensch antwortet Ihnen'),
      typing: 'Der Assistent schreibt',
      checking: (name) => `${name || 'Jemand aus dem Team'} prüft diese Antwort`,
      waiting: 'Ein Mensch wird Ihnen hier antworten',
      usually: (time) => ` – meist ${time}`,
      times: { soon: 'weniger als eine Minute', minute: 'etwa eine Minute', minutes: (n) => `etwa ${n} Minuten`, hour: 'etwa eine Stunde', hours: (n) => `etwa ${n} Stunden`, day: 'innerhalb eines Tages' },
      sending: 'Wird gesendet…',
      queued: 'Noch nicht gesendet. Die Nachricht bleibt erhalten und geht von selbst hinaus, sobald die Verbindung steht.',
      tryNow: 'Jetzt versuchen',
      failed: 'Diese Nachricht wurde nicht gesendet.',
      tryAgain: 'Erneut versuchen',
      edit: 'Bearbeiten',
      tooLong: (length, max) => `Ihre Nachricht hat ${length} Zeichen; ${max} sind möglich. Bitte kürzen oder teilen Sie sie.`,
      left: (n) => `noch ${n} Zeichen`,
      offline: 'Sie sind offline. Was Sie schreiben, bleibt erhalten und wird später gesendet.',
      reconnecting: 'Verbindung wird wiederhergestellt… Was Sie schreiben, bleibt erhalten.',
      ended: 'Das frühere Gespräch ist beendet. Schreiben Sie, um ein neues zu beginnen.',
      fresh: 'Neue Nachricht',
      askPerson: 'Mit einem Menschen sprechen',
      wantPerson: 'Ich möchte mit einem Menschen sprechen.',
      end: 'Chat beenden',
      over: 'Dieses Gespräch ist beendet. Schreiben Sie, um es fortzusetzen.',
      leaveEmail: 'Sie müssen hier nicht warten: Hinterlassen Sie Ihre E-Mail-Adresse, dann kommt die Antwort auch dorthin.',
      email: 'E-Mail-Adresse',
      save: 'Speichern',
      consent: 'Sie wird nur benutzt, um auf dieses Gespräch zu antworten.',
      mailed: (address) => `Antworten, die Sie hier nicht sehen, gehen an ${address}.`,
      rate: 'Wie war dieses Gespräch? 1 ist schlecht, 5 ist gut',
      why: 'Was war gut, was war schlecht? (freiwillig)',
      rateIt: 'Senden',
      thanks: 'Danke für Ihre Bewertung.',
      optional: ' (freiwillig)',
      cancel: 'Abbrechen',
      asked: 'Danke, das ist weitergegeben.',
    },
  };

  let language = 'en';
  let t = STRINGS.en;

  function chooseLanguage(configured) {
    const wishes = [script.dataset.lang, configured, ...(navigator.languages || [])];
    const known = wishes.map((wish) => (wish || '').slice(0, 2).toLowerCase()).find((code) => STRINGS[code]);
    language = known || 'en';
    t = STRINGS[language];
  }

  /** A wait, rounded the way people say it. */
  function duration(ms) {
    const minutes = ms / 60_000;
    const words = t.times;
    if (minutes < 0.75) return words.soon;
    if (minutes < 1.5) return words.minute;
    if (minutes < 55) return words.minutes(minutes > 10 ? Math.round(minutes / 5) * 5 : Math.round(minutes));
    if (minutes < 90) return words.hour;
    return minutes < 1200 ? words.hours(Math.round(minutes / 60)) : words.day;
  }

  // ---- what is kept in the browser

  /** Per server and agent; the browser itself separates page origins. */
  const prefix = `holdpoint ${base.host} ${agent} `;

  /** Web storage; where it is blocked or full, memory for this page's life. */
  function keep(area) {
    const memory = new Map();
    const attempt = (work) => {
      try {
        return work(window[area]);
      } catch {
        return undefined;
      }
    };
    return {
      get: (name) => memory.get(name) ?? attempt((web) => web.getItem(prefix + name)) ?? null,
      set(name, value) {
        memory.delete(name);
        if (attempt((web) => (web.setItem(prefix + name, value), true))) return;
        memory.set(name, value);
      },
      remove(name) {
        memory.delete(name);
        attempt((web) => web.removeItem(prefix + name));
      },
      names() {
        const stored = attempt((web) => Object.keys(web)) || [];
        return [...stored.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)), ...memory.keys()];
      },
    };
  }
  const local = keep('localStorage');
  const tab = keep('sessionStorage');

  function parsed(json) {
    try {
      return JSON.parse(json);
    } catch {
      return null;
    }
  }

  /** `crypto.randomUUID` exists on secure pages only. */
  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return Array.from(bytes, (byte, i) => ([4, 6, 8, 10].includes(i) ? '-' : '') + byte.toString(16).padStart(2, '0')).join('');
  }

  // ---- the server

  const ANSWER_WITHIN_MS = 15_000;
  /** Heartbeats come well within this. */
  const SILENCE_MS = 45_000;

  /** `final`: asking again will not help. `gone`: the server does not know the conversation. */
  class Refused extends Error {
    /** `problem` is null when not Holdpoint answered, but a proxy before a server that restarts. */
    constructor(status, problem) {
      super(problem?.detail);
      this.status = status;
      this.final = problem && status < 500 && ![408, 425, 429].includes(status);
      this.gone = this.final && [401, 404, 410].includes(status);
    }
  }

  let token = null;
  /** The key to a conversation from the link in an e-mail. */
  let cameWith = null;

  async function request(method, path, body, control = new AbortController()) {
    const timer = setTimeout(() => control.abort(), ANSWER_WITHIN_MS);
    const headers = {};
    if (token && !path.startsWith('agents/')) headers.Authorization = `Bearer ${token}`;
    if (body) headers['Content-Type'] = 'application/json';
    try {
      const response = await fetch(new URL(path, base), {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        signal: control.signal,
      });
      const type = response.headers.get('content-type') || '';
      if (!response.ok) throw new Refused(response.status, type.includes('problem+json') ? await response.json() : null);
      if (response.status === 204) return null;
      return type.startsWith('text/event-stream') ? response.body : await response.json();
    } finally {
      clearTimeout(timer);
    }
  }

  /** `heard` is called for every chunk, heartbeats too. */
  async function* serverEvents(body, heard) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    let event = { type: 'message', data: [] };
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      rest += decoder.decode(value, { stream: true });
      // A CR at the end may be half of a CRLF.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (event.data.length) yield { type: event.type, data: parsed(event.data.join('\n')) };
          event = { type: 'message', data: [] };
          continue;
        }
        const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (field === 'event') event.type = text;
        if (field === 'data') event.data.push(text);
      }
    }
  }

  /** Up to half a minute; the random half keeps a thousand pages from returning at once. */
  function backOff(attempt) {
    const ceiling = Math.min(30_000, 500 * 2 ** attempt);
    return ceiling * (0.5 + Math.random() / 2);
  }

  // ---- the conversation

  let config = null;
  let status = { phase: 'idle' };
  /** Committed and on screen. */
  let messages = [];
  /** Everything up to this `seq` is on screen. */
  let upTo = 0;
  /** Committed, by `seq`, but one before them is missing. */
  const early = new Map();
  /** Typed here and not yet committed on screen, by id: `{id, text, at, state: waiting|failed|sent, why, sentAt, node}`. */
  const pending = new Map();
  let receivedAt = 0;
  let resyncTimer;

  function show(message) {
    upTo = message.seq;
    messages.push(message);
    const own = message.client_id && pending.get(message.client_id);
    if (own) dropPending(own.id);
    placeMessage(message, own?.node);
  }

  function showWhatFollows() {
    for (let next; (next = early.get(upTo + 1)); ) {
      early.delete(next.seq);
      show(next);
    }
    clearTimeout(resyncTimer);
    // A gap closes by itself within moments or not at all.
    if (early.size) resyncTimer = setTimeout(reconnect, 1_000);
  }

  function receive(message) {
    if (!Number.isInteger(message?.seq) || message.seq <= upTo) return;
    receivedAt = performance.now();
    early.set(message.seq, message);
    showWhatFollows();
    acknowledge();
  }

  /** The snapshot is the truth as of `askedAt`: it closes gaps and settles what another tab sent or took back. */
  function receiveSnapshot(snapshot, askedAt) {
    const first = upTo === 0;
    // A server restored from a backup knows less than this page: start over from what it knows.
    if (snapshot.seq < upTo && receivedAt < askedAt) clearConversation();
    for (const message of [...snapshot.messages].sort((a, b) => a.seq - b.seq)) {
      if (message.seq > upTo) show(message);
    }
    upTo = Math.max(upTo, snapshot.seq);
    for (const seq of early.keys()) if (seq <= upTo) early.delete(seq);
    showWhatFollows();
    for (const entry of [...pending.values()]) {
      if (entry.state === 'sent' && entry.sentAt < askedAt) {
        entry.node.remove();
        pending.delete(entry.id);
      }
    }
    receiveStatus(snapshot.status);
    if (first) showEnd();
    acknowledge();
  }

  function receiveStatus(news) {
    status = news || { phase: 'idle' };
    showStatus();
  }

  function clearConversation() {
    messages = [];
    upTo = seen = acknowledged = 0;
    early.clear();
    status = { phase: 'idle' };
    local.remove('seen');
    clearLog();
  }

  /** Erased or expired: the next message starts a new conversation. */
  function forget(knownAs) {
    if (local.get('token') === knownAs) local.remove('token');
    token = local.get('token');
    const ended = messages.length > 0 || knownAs === cameWith;
    clearConversation();
    if (ended) showNotice(t.ended);
    setLink('none');
    reconnect();
  }

  // ---- sending

  let flushTimer;
  let flushing = false;
  let flushAttempt = 0;

  function write(text, person = false) {
    const last = [...pending.values()].pop();
    const entry = { id: newId(), text, person, at: Math.max(Date.now(), (last?.at ?? 0) + 1) };
    storePending(entry);
    addPending(entry);
    flush();
  }

  function storePending({ id, text, person, at }) {
    local.set(`out ${id}`, JSON.stringify({ id, text, person, at }));
  }

  function addPending(entry) {
    if (pending.has(entry.id) || messages.some((message) => message.client_id === entry.id)) return;
    entry.state = 'waiting';
    pending.set(entry.id, entry);
    showPending(entry);
  }

  function dropPending(id) {
    pending.delete(id);
    local.remove(`out ${id}`);
  }

  function loadPending() {
    local
      .names()
      .filter((name) => name.startsWith('out '))
      .map((name) => parsed(local.get(name)))
      .filter((entry) => typeof entry?.text === 'string' && entry.id)
      .sort((a, b) => a.at - b.at)
      .forEach(addPending);
  }

  function retry(entry) {
    entry.state = 'waiting';
    entry.at = Date.now();
    storePending(entry);
    flush();
  }

  function markSent(entry) {
    entry.state = 'sent';
    entry.sentAt = performance.now();
    local.remove(`out ${entry.id}`);
  }

  /** Sends what waits, one after the other and from one tab at a time, so that the order stays. */
  async function flush() {
    if (flushing || !config) return;
    flushing = true;
    clearTimeout(flushTimer);
    const waiting = () => [...pending.values()].find(({ state }) => state === 'waiting');
    const sendAll = async () => {
      for (let entry; (entry = waiting()); ) await send(entry);
    };
    try {
      await (navigator.locks ? navigator.locks.request(`${prefix}send`, sendAll) : sendAll());
      flushAttempt = 0;
    } catch {
      flushAttempt += 1;
      flushTimer = setTimeout(flush, backOff(flushAttempt));
      if (link !== 'live') setLink('down');
    }
    flushing = false;
    showNotes();
    // Written while the last one was on its way out.
    if (!flushAttempt && waiting()) flush();
  }

  /** Throws when it is worth trying again. */
  async function send(entry) {
    let sentAs = null;
    try {
      await haveConversation();
      sentAs = token;
      const message = await request('POST', 'messages', { client_id: entry.id, text: entry.text, person: entry.person });
      markSent(entry);
      receive(message);
    } catch (error) {
      const gone = sentAs && error.gone;
      if (gone) forget(sentAs);
      if (gone || !error.final) throw error;
      entry.state = 'failed';
      entry.why = error.message || t.failed;
    }
  }

  async function haveConversation() {
    token = local.get('token');
    if (token) return;
    const started = await request('POST', `agents/${encodeURIComponent(agent)}/conversations`, {});
    // Where the browser has no locks, another tab may have been quicker.
    token = local.get('token') || started.token;
    local.set('token', token);
    reconnect();
    tellConsent();
  }

  /** What the page knows from its own question, and only that: whether the conversation may train a model. */
  async function tellConsent() {
    const word = script.dataset.training;
    const told = `${word} ${token}`;
    if (!token || !['yes', 'no'].includes(word) || local.get('training') === told) return;
    try {
      await request('POST', 'training', { agrees: word === 'yes' });
      local.set('training', told);
    } catch {
      // The next page tells it.
    }
  }

  // ---- staying connected

  /** Then a hidden page gives its connection back: browsers allow six per server. */
  const HIDDEN_MS = 60_000;
  let stream = null;
  let connectTimer;
  let silenceTimer;
  let statusTimer;
  let connectAttempt = 0;
  /** `none` (no conversation yet), `live`, or `down`. */
  let link = 'none';

  function setLink(state) {
    link = state;
    showLink();
  }

  function disconnect() {
    clearTimeout(connectTimer);
    clearTimeout(silenceTimer);
    clearTimeout(statusTimer);
    clearTimeout(resyncTimer);
    stream?.abort();
    stream = null;
  }

  function reconnect(delay = 0) {
    disconnect();
    if (token) connectTimer = setTimeout(connect, delay);
  }

  function heard() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(lost, SILENCE_MS);
  }

  function lost() {
    setLink('down');
    connectAttempt += 1;
    reconnect(backOff(connectAttempt));
  }

  async function readSnapshot(control) {
    const askedAt = performance.now();
    const snapshot = await request('GET', 'conversation', null, control);
    if (control === stream) receiveSnapshot(snapshot, askedAt);
  }

  async function connect() {
    const mine = (stream = new AbortController());
    const connectedAs = token;
    let openedAt = Infinity;
    let delay = null;
    try {
      await readSnapshot(mine);
      const body = await request('GET', `events?after=${upTo}`, null, mine);
      openedAt = performance.now();
      heard();
      setLink('live');
      // A change of status between the two answers would be missed, unless the stream begins by telling it.
      statusTimer = setTimeout(() => readSnapshot(mine).catch(() => {}), 1_000);
      flush();
      for await (const { type, data } of serverEvents(body, heard)) {
        if (mine !== stream) return;
        if (type === 'message') receive(data);
        if (type === 'status') {
          clearTimeout(statusTimer);
          receiveStatus(data);
        }
        if (type === 'bye') {
          delay = 300 + Math.random() * 1_200;
          break;
        }
      }
    } catch (error) {
      if (mine === stream && error.gone) return forget(connectedAs);
    }
    if (mine !== stream) return;
    // A stream that ends at once is a failure; one that lived is not.
    if (performance.now() - openedAt > 5_000) connectAttempt = 0;
    if (delay === null) return lost();
    setLink('down');
    reconnect(delay);
  }

  function comeBack() {
    connectAttempt = flushAttempt = 0;
    if (!token) setLink('none');
    if (!document.hidden && (link !== 'live' || !stream)) reconnect();
    flush();
    acknowledge();
  }

  let hiddenTimer;
  function onVisibility() {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(disconnect, HIDDEN_MS);
    else comeBack();
  }

  function onOtherTab({ key, newValue }) {
    if (!key?.startsWith(prefix)) return;
    const name = key.slice(prefix.length);
    if (name === 'token' && newValue !== token) {
      if (token) clearConversation();
      token = newValue;
      setLink('none');
      reconnect();
    } else if (name === 'seen') {
      seen = acknowledged = Math.max(seen, Number(newValue));
      showBadge();
    } else if (name.startsWith('out ')) {
      const entry = pending.get(name.slice(4));
      if (newValue) loadPending();
      else if (entry) {
        markSent(entry);
        resyncTimer = setTimeout(reconnect, 2_000);
      }
    }
  }

  // ---- delivered

  /** The highest answer that was on screen, and the highest the server has been told of. */
  let seen = 0;
  let acknowledged = 0;
  let acknowledging = false;

  async function acknowledge() {
    if (isOpen() && !document.hidden) seen = Math.max(seen, shownSeq());
    showBadge();
    if (acknowledging || seen <= acknowledged || !token) return;
    acknowledging = true;
    const seq = seen;
    const shownAs = token;
    const done = await request('POST', 'acknowledge', { seq }).then(() => true, () => false);
    acknowledging = false;
    // Without a connection it is repeated with the next one, which begins with a snapshot.
    if (!done && link === 'live') setTimeout(acknowledge, backOff(3));
    if (!done || token !== shownAs) return;
    acknowledged = seq;
    local.set('seen', String(seq));
    if (seen > seq) acknowledge();
  }

  // ---- what the visitor sees

  const STYLE = `
:host{all:initial!important}
*,*::before,*::after{box-sizing:border-box}
.root{--accent:#2f4bd8;--on-accent:#fff;--surface:#fff;--text:#1b1e25;--muted:#596070;--bubble:#f1f2f6;--line:#e2e4ea;--danger:#b3261e;--shadow:0 12px 40px #10142433,0 2px 8px #1014241f;
color-scheme:light;color:var(--text);font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;text-align:start;-webkit-text-size-adjust:100%}
@media (prefers-color-scheme:dark){.root{--surface:#17191f;--text:#eceef3;--muted:#a6adbb;--bubble:#272b34;--line:#343945;--danger:#ffb4ab;--shadow:0 12px 40px #000a,0 0 0 1px #ffffff14;color-scheme:dark}}
button,textarea{font:inherit;color:inherit;margin:0;border:1px solid transparent;background:none}
button{cursor:pointer;padding:0;touch-action:manipulation;-webkit-tap-highlight-color:transparent}
h2,p{margin:0;font:inherit}
svg{display:block;width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
:focus{outline:none}
:focus-visible{outline:2px solid var(--text);outline-offset:2px}
[hidden]{display:none!important}
.sr,.follows .meta,.system .meta{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.launcher{position:fixed;z-index:2147483000;inset-block-end:max(20px,env(safe-area-inset-bottom));inset-inline-end:20px;width:58px;height:58px;border-radius:50%;display:grid;place-items:center;background:var(--accent);color:var(--on-accent);box-shadow:0 6px 20px #10142440}
.launcher:focus-visible{outline-offset:3px}
.launcher svg{width:27px;height:27px}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-width:23px;height:23px;padding:0 6px;border-radius:12px;background:#c8102e;color:#fff;border:2px solid var(--surface);font-size:12px;font-weight:700;line-height:19px;text-align:center}
.panel{position:fixed;z-index:2147483000;inset:auto;inset-block-end:92px;inset-inline-end:20px;width:392px;max-width:calc(100vw - 40px);height:min(640px,100dvh - 112px);max-height:none;margin:0;padding:0;border:1px solid var(--line);border-radius:20px;background:var(--surface);color:var(--text);box-shadow:var(--shadow);overflow:hidden;flex-direction:column}
.panel[open]{display:flex}
.panel.sheet{inset:0;inset-block-start:var(--top,0);width:100%;max-width:none;height:var(--height,100dvh);border:0;border-radius:0;box-shadow:none}
.panel::backdrop{background:var(--surface)}
.head{display:flex;align-items:center;gap:12px;padding:14px 16px;border-block-end:1px solid var(--line);flex:none}
.sheet .head{padding-block-start:max(14px,env(safe-area-inset-top))}
.mark{flex:none;width:40px;height:40px;border-radius:13px;display:grid;place-items:center;background:var(--accent);color:var(--on-accent);font-weight:650;font-size:18px}
.title{flex:1;min-width:0}
h2{font-size:16px;font-weight:650;line-height:1.3;overflow-wrap:anywhere}
.line{font-size:13px;color:var(--muted);overflow-wrap:anywhere}
.icon{flex:none;width:40px;height:40px;border-radius:12px;display:grid;place-items:center;color:var(--muted)}
.icon:hover{background:var(--bubble);color:var(--text)}
.scroll{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:18px 16px 14px;scrollbar-width:thin;position:relative}
.scroll:focus-visible{outline-offset:-3px}
.log{display:flex;flex-direction:column;gap:12px}
.msg{display:flex;flex-direction:column;align-items:flex-start;max-width:100%}
.meta{display:flex;gap:6px;margin-block-end:4px;padding-inline:4px;font-size:12px;color:var(--muted)}
.meta b{font-weight:600;color:var(--text)}
.follows{margin-block-start:-7px}
.bubble{max-width:88%;padding:9px 14px;border:1px solid transparent;border-radius:18px;border-end-start-radius:6px;background:var(--bubble);white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
.bubble a{color:inherit;text-underline-offset:2px}
.person .bubble{background:var(--surface);border-color:var(--accent)}
.visitor{align-items:flex-end}
.visitor .bubble{background:var(--accent);color:var(--on-accent);border-radius:18px;border-end-end-radius:6px}
.visitor.unsent .bubble{background:var(--bubble);color:var(--muted);border:1px dashed currentColor}
.system{align-items:center;text-align:center}
.system .bubble{background:none;color:var(--muted);font-size:13.5px;padding:2px 12px}
.note{max-width:88%;margin-block-start:4px;padding-inline:4px;font-size:12.5px;color:var(--muted);text-align:end}
.failed .note{color:var(--danger)}
.note button{margin-inline-start:8px;padding:2px 4px;font-weight:600;text-decoration:underline;text-underline-offset:2px;color:var(--text);border-radius:6px}
.status{display:flex;align-items:center;gap:10px;margin-block-start:14px;color:var(--muted);font-size:13.5px}
.status:empty{display:none}
.status svg{flex:none;width:18px;height:18px}
.dots{display:flex;gap:5px;padding:14px 15px;border:1px solid transparent;border-radius:18px;border-end-start-radius:6px;background:var(--bubble)}
.dots i{width:7px;height:7px;border-radius:50%;background:var(--muted)}
.wait{display:flex;align-items:center;gap:10px;padding:9px 14px;border:1px solid var(--line);border-radius:14px}
.fresh{position:absolute;inset-block-end:100%;inset-inline:0;width:max-content;margin:0 auto 10px;padding:6px 14px;border-radius:16px;background:var(--text);color:var(--surface);font-size:13px;font-weight:600}
.foot{flex:none;position:relative;border-block-start:1px solid var(--line)}
.sheet .foot{padding-block-end:env(safe-area-inset-bottom)}
.link{padding:8px 16px;background:var(--bubble);color:var(--text);font-size:13px}
.box{display:flex;align-items:flex-end;gap:8px;margin:12px;padding:4px;padding-inline-start:14px;border:1px solid #8a90a0;border-radius:22px}
.box:focus-within{border-color:var(--text)}
textarea{flex:1;min-width:0;resize:none;border:0;padding:7px 0;font-size:16px;line-height:22px;height:36px;max-height:min(158px,28vh);overflow-y:auto;scrollbar-width:thin}
textarea:focus-visible{outline:none}
textarea::placeholder{color:var(--muted);opacity:1}
.send{flex:none;width:36px;height:36px;border-radius:50%;display:grid;place-items:center;background:var(--accent);color:var(--on-accent)}
.send svg{width:19px;height:19px}
.send[aria-disabled=true]{background:var(--bubble);color:var(--muted);cursor:default}
.links{display:flex;flex-wrap:wrap;gap:4px 16px;padding:0 18px 10px;margin-block-start:-4px}
.links button{font-size:12.5px;color:var(--muted);text-decoration:underline;text-underline-offset:2px;border-radius:6px}
.links button:hover{color:var(--text)}
.extra{padding:12px 16px 2px;font-size:13.5px}
.extra form{display:grid;gap:8px}
.extra fieldset{display:flex;flex-wrap:wrap;gap:14px;margin:0;padding:0;border:0}
.extra legend{padding:0 0 6px}
.row{display:flex;gap:8px}
.row input,.fields input,.fields select,.fields textarea{flex:1;min-width:0;font:inherit;font-size:16px;color:inherit;padding:6px 10px;border:1px solid #8a90a0;border-radius:12px;background:none}
.fields{display:grid;gap:9px;max-height:45vh;overflow-y:auto;padding:4px;margin:-4px}
.fields label{display:grid;gap:3px}
.fields textarea{height:76px}
.fields .tick{display:flex;gap:8px}
.row button{padding:6px 14px;border-radius:12px;background:var(--accent);color:var(--on-accent);font-weight:600}
.row button+button{background:var(--bubble);color:var(--text)}
.small{font-size:12.5px;color:var(--muted)}
.bad:empty{display:none}
.bad{color:var(--danger)}
.hint{padding:0 18px 10px;margin-block-start:-4px;font-size:12.5px;color:var(--muted)}
.hint.bad{color:var(--danger)}
@media (prefers-reduced-motion:no-preference){
.launcher{transition:scale .15s}.launcher:hover{scale:1.06}
.panel[open]{animation:rise .2s cubic-bezier(.2,.8,.3,1)}
.arrive{animation:arrive .2s ease-out}
.dots i{animation:dot 1.2s infinite ease-in-out}.dots i:nth-child(2){animation-delay:.15s}.dots i:nth-child(3){animation-delay:.3s}
@keyframes rise{from{opacity:0;translate:0 14px}}
@keyframes arrive{from{opacity:0;translate:0 8px}}
@keyframes dot{0%,60%,100%{translate:0;opacity:.5}30%{translate:0 -4px;opacity:1}}}
@media print{.root{display:none}}`;

  /** Strings among the children become text, never markup. */
  function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function icon(path) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(svg.namespaceURI, 'path');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  }
  const ICONS = {
    chat: 'M21 11.5a8.4 8.4 0 0 1-12.3 7.4L3 21l2.1-5.7A8.4 8.4 0 1 1 21 11.5Z',
    down: 'm6 9 6 6 6-6',
    close: 'M6 6l12 12M18 6 6 18',
    send: 'M12 20V4m-7 7 7-7 7 7',
    clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4v5l3 2',
  };

  /** Punctuation that ends the sentence stays outside the link. */
  function linked(text) {
    const parts = [];
    let from = 0;
    for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"/.][^\s<>"]*/gi)) {
      let address = found[0].replace(/[.,;:!?'’”»*_]+$/, '');
      if (address.endsWith(')') && !address.includes('(')) address = address.slice(0, -1);
      parts.push(text.slice(from, found.index), element('a', { href: address, target: '_blank', rel: 'noopener nofollow' }, address));
      from = found.index + address.length;
    }
    return [...parts, text.slice(from)];
  }

  function clock(at) {
    const date = new Date(at);
    const today = date.toDateString() === new Date().toDateString();
    const locale = navigator.languages.find((tag) => tag.startsWith(language)) || language;
    return date.toLocaleString(locale, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
  }

  /** The text colour that can be read on `accent` (4.5:1); null where that is not plain RGB. */
  function onAccent(accent, probe) {
    probe.style.color = accent;
    const channels = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(getComputedStyle(probe).color);
    probe.style.color = '';
    if (!channels) return null;
    const [r, g, b] = channels.slice(1).map((channel) => ((channel / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return luminance < 0.18 ? '#fff' : '#000';
  }

  const host = element('holdpoint-chat');
  const shadow = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];

  const badge = element('span', { class: 'badge', 'aria-hidden': 'true', hidden: '' });
  const launcher = element('button', { type: 'button', class: 'launcher', 'aria-haspopup': 'dialog', 'aria-expanded': 'false' }, icon(ICONS.chat), badge);
  const mark = element('span', { class: 'mark', 'aria-hidden': 'true' });
  const title = element('h2', { id: 'title', dir: 'auto' });
  const line = element('p', { id: 'line', class: 'line', dir: 'auto' });
  const closeButton = element('button', { type: 'button', class: 'icon' }, icon(ICONS.close));
  const log = element('div', { class: 'log', role: 'log', 'aria-live': 'polite' });
  const statusLine = element('div', { class: 'status', role: 'status' });
  const scroll = element('div', { class: 'scroll', role: 'region', tabindex: '0' }, log, statusLine);
  const fresh = element('button', { type: 'button', class: 'fresh', hidden: '' });
  const linkLine = element('p', { class: 'link', role: 'status', hidden: '' });
  const box = element('textarea', { rows: '1', dir: 'auto', enterkeyhint: 'send', autocomplete: 'off', 'aria-describedby': 'hint' });
  const sendButton = element('button', { type: 'submit', class: 'send' }, icon(ICONS.send));
  const hint = element('p', { id: 'hint', class: 'hint', hidden: '' });
  const form = element('form', {}, element('div', { class: 'box' }, box, sendButton), hint);
  const extra = element('div', { class: 'extra', hidden: '' });
  const links = element('div', { class: 'links' });
  const personButton = action('', () => write(t.wantPerson, true));
  const endButton = action('', () => request('POST', 'close', {}).catch(() => {}));
  const panel = element('dialog', { class: 'panel', 'aria-labelledby': 'title', 'aria-describedby': 'line' },
    // No header or footer elements: the page's own landmarks stay the only ones.
    element('div', { class: 'head' }, mark, element('div', { class: 'title' }, title, line), closeButton),
    scroll, element('div', { class: 'foot' }, fresh, linkLine, extra, form, links));
  const announcer = element('div', { class: 'sr', role: 'status' });
  const root = element('div', { class: 'root', dir: 'ltr' }, launcher, panel, announcer);
  shadow.append(root);

  const touch = matchMedia('(pointer:coarse)');
  const narrow = matchMedia('(max-width:520px),(max-height:480px)');
  /** The last committed message; what waits comes after it. */
  let lastNode = null;
  let lastAuthor = null;
  let greeting = null;

  // ---- opening and closing

  const isOpen = () => panel.hasAttribute('open');

  function openPanel({ quietly = false } = {}) {
    if (isOpen()) return;
    panel.classList.toggle('sheet', narrow.matches);
    // After a reload the page keeps the focus.
    if (quietly) panel.setAttribute('open', '');
    else if (narrow.matches) panel.showModal();
    else panel.show();
    launcher.setAttribute('aria-expanded', 'true');
    launcher.firstChild.replaceWith(icon(ICONS.down));
    tab.set('open', '1');
    showEnd();
    label();
    grow();
    // On touch screens that would raise the keyboard over the conversation.
    if (!quietly && !touch.matches) box.focus();
    acknowledge();
  }

  function panelClosed() {
    if (isOpen() || launcher.getAttribute('aria-expanded') === 'false') return;
    launcher.setAttribute('aria-expanded', 'false');
    launcher.firstChild.replaceWith(icon(ICONS.chat));
    tab.remove('open');
    label();
    launcher.focus();
  }

  function shutPanel() {
    panel.close();
    panelClosed();
  }

  function refit() {
    if (!isOpen()) return;
    const focused = shadow.activeElement;
    panel.close();
    openPanel({ quietly: !focused });
    focused?.focus();
  }

  /** On some phones the keyboard covers the page instead of resizing it. */
  function followKeyboard() {
    if (visualViewport.scale > 1.01) return;
    panel.style.setProperty('--height', `${visualViewport.height}px`);
    panel.style.setProperty('--top', `${visualViewport.offsetTop}px`);
  }

  // ---- labels

  function label() {
    root.lang = language;
    const business = config?.business || config?.name || t.chat;
    title.textContent = business;
    mark.textContent = [...business][0].toLocaleUpperCase(language);
    closeButton.setAttribute('aria-label', t.close);
    log.setAttribute('aria-label', t.messages);
    scroll.setAttribute('aria-label', t.messages);
    box.setAttribute('aria-label', t.write);
    box.placeholder = t.write;
    sendButton.setAttribute('aria-label', t.send);
    fresh.textContent = t.fresh;
    showStatus();
    showBadge();
  }

  function showBadge() {
    const unread = isOpen() ? 0 : messages.filter(({ seq, author }) => seq > seen && author !== 'visitor').length;
    badge.hidden = unread === 0;
    badge.textContent = unread > 9 ? '9+' : unread;
    const words = isOpen() ? t.close : unread ? t.openUnread(unread) : t.open;
    if (launcher.getAttribute('aria-label') === words) return;
    launcher.setAttribute('aria-label', words);
    announcer.textContent = unread ? words : '';
  }

  // ---- messages on screen

  function authorName({ author, name }) {
    if (author === 'visitor') return t.you;
    if (author === 'ai') return `${name || config?.name || t.assistant} · ${t.ai}`;
    return author === 'person' ? name || t.person : '';
  }

  function messageNode(message, ...more) {
    const { author, text, at } = message;
    return element('div', { class: `msg ${['visitor', 'ai', 'person'].includes(author) ? author : 'system'}` },
      element('div', { class: 'meta' }, element('b', { dir: 'auto' }, authorName(message)), ...(at ? [element('time', { datetime: new Date(at).toISOString() }, clock(at))] : [])),
      element('div', { class: 'bubble' }, element('p', { dir: 'auto' }, ...(author === 'visitor' ? [text] : linked(text)))), ...more);
  }

  let atEnd = true;
  const nearEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
  // A growing text box takes its room from above, not from the last message.
  new ResizeObserver(() => atEnd && showEnd()).observe(scroll);

  /** A message too tall to fit shows its beginning; a visitor reading further up is not moved. */
  function reveal(node, follow) {
    if (follow) scroll.scrollTop = Math.min(scroll.scrollHeight, node.offsetTop - 12);
    else fresh.hidden = false;
  }

  function showEnd() {
    scroll.scrollTop = scroll.scrollHeight;
    fresh.hidden = true;
  }

  function placeMessage(message, waiting) {
    const follow = nearEnd();
    const node = waiting || messageNode(message);
    const author = message.author + (message.name || '');
    node.dataset.seq = message.seq;
    node.dataset.author = message.author;
    node.classList.toggle('follows', author === lastAuthor);
    node.classList.remove('unsent', 'failed');
    if (waiting) node.lastChild.remove();
    else if (isOpen()) node.classList.add('arrive');
    // A message already in its place is not moved, or it would be read out again.
    const before = lastNode || greeting;
    const after = before ? before.nextSibling : log.firstChild;
    if (after !== node) log.insertBefore(node, after);
    lastNode = node;
    lastAuthor = author;
    if (isOpen()) reveal(node, follow || message.author === 'visitor');
  }

  function showPending(entry) {
    entry.node = messageNode({ author: 'visitor', text: entry.text, at: entry.at }, element('p', { class: 'note' }));
    entry.node.classList.add('unsent');
    log.append(entry.node);
    showNotes();
    reveal(entry.node, true);
  }

  function action(words, work) {
    const button = element('button', { type: 'button' }, words);
    button.addEventListener('click', work);
    return button;
  }

  /** What is happening to each message that waits, and what the visitor can do. */
  function showNotes() {
    for (const entry of pending.values()) {
      const failed = entry.state === 'failed';
      const stuck = entry.state === 'waiting' && flushAttempt > 0;
      const words = failed ? entry.why : stuck ? t.queued : t.sending;
      const note = entry.node.lastChild;
      entry.node.classList.toggle('failed', failed);
      if (note.firstChild?.data === words) continue;
      note.replaceChildren(words);
      if (stuck) note.append(action(t.tryNow, comeBack));
      if (failed) note.append(action(t.tryAgain, () => retry(entry)), action(t.edit, () => takeBack(entry)));
    }
  }

  function takeBack(entry) {
    dropPending(entry.id);
    entry.node.remove();
    box.value = box.value ? `${entry.text}\n${box.value}` : entry.text;
    typed();
    box.focus();
  }

  function greet() {
    greeting?.remove();
    greeting = config?.greeting ? messageNode({ author: 'ai', text: config.greeting }) : null;
    if (greeting) log.prepend(greeting);
  }

  /** What waits stays: it is still to be sent. */
  function clearLog() {
    for (const node of log.querySelectorAll('[data-seq],.notice')) node.remove();
    lastNode = lastAuthor = null;
    showStatus();
    showBadge();
  }

  function showNotice(text) {
    const node = messageNode({ author: 'system', text });
    node.classList.add('notice');
    log.insertBefore(node, greeting ? greeting.nextSibling : log.firstChild);
    lastNode = node;
  }

  // ---- who is there, what is going on

  function showStatus() {
    const { owner, phase, estimate_ms: estimate, colleague, away } = status;
    const disclosure = config?.disclosure;
    if (owner === 'person') line.textContent = t.personHere(colleague);
    else if (owner === 'nobody') line.textContent = t.waiting;
    else line.textContent = typeof disclosure === 'string' ? disclosure : disclosure === false ? '' : t.assistant;
    line.hidden = !line.textContent;
    showExtras();

    const wait = phase === 'checking' ? t.checking(colleague) : phase === 'waiting_for_person' ? t.waiting : '';
    // Outside of business hours no estimate would be true: the server says when somebody is back.
    const words = wait && (away || wait + (estimate > 0 ? t.usually(duration(estimate)) : ''));
    const typing = phase === 'listening' || phase === 'drafting';
    const now = link === 'down' ? '' : words || (typing ? t.typing : '');
    if (statusLine.dataset.now === now) return;
    const follow = nearEnd();
    statusLine.dataset.now = now;
    if (!now) statusLine.replaceChildren();
    else if (words) statusLine.replaceChildren(element('span', { class: 'wait' }, icon(ICONS.clock), element('span', {}, words)));
    else statusLine.replaceChildren(element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i')), element('span', { class: 'sr' }, now));
    if (follow && now) scroll.scrollTop = scroll.scrollHeight;
  }

  let extraShown = '';
  /** The tool whose form is open. */
  let filling = null;
  let formsShown = null;
  /** Beside the messages: ask for a person, leave an address, say how it was. Built anew only when it changes, or typing would be lost. */
  function showExtras() {
    const { owner = 'ai', closed, rated, may_leave_email: mayLeave, email, forms = [] } = status;
    const offered = new Map([...(config?.forms || []), ...forms].map(({ tool, label }) => [tool, label]));
    if (formsShown !== (formsShown = [...offered].join())) links.replaceChildren(...[...offered].map(([tool, label]) => action(label, () => openForm(tool))), personButton, endButton);
    personButton.textContent = t.askPerson;
    endButton.textContent = t.end;
    personButton.hidden = owner !== 'ai';
    endButton.hidden = closed || !messages.length;
    const kind = closed ? (rated ? t.thanks : t.rate) : mayLeave ? t.leaveEmail : email ? t.mailed(email) : '';
    if (filling || kind === extraShown) return;
    extraShown = kind;
    extra.hidden = !kind;
    if (kind === t.rate) rateForm();
    else if (kind === t.leaveEmail) emailForm();
    else if (!closed && email) extra.replaceChildren(kind, ' ', action(t.edit, () => emailForm(email)));
    else extra.replaceChildren(kind);
  }

  /** A small form; `body` makes of its fields what the server is asked. */
  function ask(fields, path, body, done) {
    const problem = element('p', { class: 'bad', role: 'alert' });
    const asked = element('form', { novalidate: '' }, ...fields, problem);
    asked.addEventListener('submit', async (event) => {
      event.preventDefault();
      problem.textContent = '';
      if (done && !asked.reportValidity()) return;
      try {
        await request('POST', path, body(new FormData(asked)));
        done?.();
        // The same address again changes nothing that the server would tell.
        if (status.email) extraShown = '';
        showExtras();
      } catch (error) {
        problem.textContent = error.message || t.reconnecting;
      }
    });
    extra.replaceChildren(asked);
  }

  const row = (attributes, words, label) => element('div', { class: 'row' }, element('input', { 'aria-label': label, placeholder: label, ...attributes }), element('button', {}, words));

  /** Also for another address than `known`: whoever mistyped theirs gets no answer at it. */
  function emailForm(known = '') {
    const fields = [element('p', {}, t.leaveEmail), row({ name: 'email', type: 'email', autocomplete: 'email', value: known }, t.save, t.email), element('p', { class: 'small' }, t.consent)];
    ask(fields, 'email', (form) => ({ email: form.get('email'), consent: `${t.leaveEmail} ${t.consent}` }));
  }

  function rateForm() {
    const stars = [1, 2, 3, 4, 5].map((n) => element('label', {}, element('input', { type: 'radio', name: 'stars', value: n }), ` ${n}`));
    const fields = [element('p', { class: 'small' }, t.over), element('fieldset', {}, element('legend', {}, t.rate), ...stars), row({ name: 'words', maxlength: '1000' }, t.rateIt, t.why)];
    ask(fields, 'rating', (form) => ({ stars: Number(form.get('stars')), words: form.get('words') }));
  }

  function closeForm() {
    filling = extraShown = null;
    showExtras();
    box.focus();
  }

  /** Something that the owner lets visitors ask for; people decide about it. */
  async function openForm(tool) {
    const path = `forms/${encodeURIComponent(tool)}`;
    try {
      await haveConversation();
      const { label, fields, consent } = await request('GET', path);
      filling = tool;
      const value = (form, { name, input: { kind } }) => (kind === 'flag' ? form.has(name) : kind === 'number' ? Number(form.get(name)) : form.get(name));
      ask(
        [element('b', { dir: 'auto' }, label), element('div', { class: 'fields' }, ...fields.map(formField)), element('p', { class: 'small' }, consent), element('div', { class: 'row' }, element('button', {}, t.rateIt), action(t.cancel, closeForm))],
        path,
        (form) => ({ args: Object.fromEntries(fields.filter(({ name, input }) => input.kind === 'flag' || form.get(name)).map((field) => [field.name, value(form, field)])) }),
        () => (closeForm(), showHint(t.asked)),
      );
      extra.hidden = false;
      extra.querySelector('input,select,textarea')?.focus();
    } catch (error) {
      showHint(error.message || t.reconnecting, true);
    }
  }

  function formField({ name, title, about, required, input: { kind, long, of, most, least, whole, options } }) {
    const type = kind === 'flag' ? 'checkbox' : kind === 'number' ? 'number' : of;
    const node = element(options ? 'select' : long ? 'textarea' : 'input', { name, ...(options || long ? {} : { type }) });
    if (options) node.append(...['', ...options].map((option) => element('option', { value: option }, option)));
    if (kind === 'number') Object.assign(node, { step: whole ? 1 : 'any', min: least ?? '', max: most ?? '' });
    else if (most) node.maxLength = most;
    node.required = required && kind !== 'flag';
    node.title = about;
    const words = title + (required || kind === 'flag' ? '' : t.optional);
    return kind === 'flag' ? element('label', { class: 'tick' }, node, words) : element('label', { dir: 'auto' }, words, node);
  }

  let linkTimer;
  /** A connection that is gone for a blink is not mentioned. */
  function showLink() {
    const say = () => {
      clearTimeout(linkTimer);
      linkTimer = null;
      linkLine.hidden = link !== 'down';
      linkLine.textContent = linkLine.hidden ? '' : navigator.onLine ? t.reconnecting : t.offline;
      showStatus();
    };
    if (link === 'down' && navigator.onLine && linkLine.hidden) linkTimer ??= setTimeout(say, 1_500);
    else say();
  }

  // ---- writing

  const length = (text) => [...text].length;
  const limit = () => config?.max_chars || 4_000;

  function grow() {
    box.style.height = 'auto';
    box.style.height = `${box.scrollHeight}px`;
  }

  function typed() {
    tab.set('draft', box.value);
    grow();
    sendButton.setAttribute('aria-disabled', String(!box.value.trim()));
    const left = limit() - length(box.value);
    showHint(left >= 0 && left < limit() / 10 ? t.left(left.toLocaleString(language)) : '');
  }

  /** Only what went wrong is read out, not a count at every key. */
  function showHint(words, bad = false) {
    hint.hidden = !words;
    hint.className = bad ? 'hint bad' : 'hint';
    hint.setAttribute('role', bad ? 'alert' : 'note');
    hint.textContent = words;
  }

  function submit(event) {
    event.preventDefault();
    // Half a surrogate pair is not text a server can take.
    const written = box.value.trim();
    const text = written.toWellFormed?.() ?? written;
    if (!text) return;
    if (length(text) > limit()) {
      showHint(t.tooLong(length(text).toLocaleString(language), limit().toLocaleString(language)), true);
      return;
    }
    box.value = '';
    typed();
    write(text);
    box.focus();
  }

  function onKey(event) {
    // The shop's own shortcuts must not fire.
    event.stopPropagation();
    // 229: the Enter that ends a composition, in browsers that do not say so.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.type !== 'keydown' || composing) return;
    if (event.key === 'Escape' && isOpen()) {
      event.preventDefault();
      shutPanel();
    } else if (event.key === 'Enter' && !event.shiftKey && event.target === box) {
      submit(event);
    }
  }

  /** The highest answer whose beginning has been on screen. */
  function shownSeq() {
    const bottom = scroll.scrollTop + scroll.clientHeight - 20;
    for (let node = lastNode; node; node = node.previousSibling) {
      if (node.dataset.seq && node.dataset.author !== 'visitor' && node.offsetTop < bottom) return Number(node.dataset.seq);
    }
    return 0;
  }

  function showConfigured() {
    label();
    greet();
    if (host.isConnected) return;
    document.body.append(host);
    const accent = script.dataset.accent;
    const contrast = accent && CSS.supports('color', accent) && onAccent(accent, root);
    if (contrast) {
      root.style.setProperty('--accent', accent);
      root.style.setProperty('--on-accent', contrast);
    }
    box.value = tab.get('draft') || '';
    typed();
    if (cameWith || 'open' in script.dataset || (tab.get('open') && !narrow.matches)) openPanel({ quietly: true });
  }

  // ---- wiring

  launcher.addEventListener('click', () => (isOpen() ? shutPanel() : openPanel()));
  closeButton.addEventListener('click', shutPanel);
  panel.addEventListener('close', panelClosed);
  for (const type of ['keydown', 'keypress', 'keyup']) root.addEventListener(type, onKey);
  form.addEventListener('submit', submit);
  box.addEventListener('input', typed);
  fresh.addEventListener('click', () => {
    showEnd();
    box.focus();
  });
  scroll.addEventListener('scroll', () => {
    atEnd = nearEnd();
    if (atEnd) fresh.hidden = true;
    acknowledge();
  }, { passive: true });
  narrow.addEventListener('change', refit);
  window.visualViewport?.addEventListener('resize', followKeyboard);

  // ---- start

  let configAttempt = 0;

  async function loadConfig() {
    try {
      config = await request('GET', `agents/${encodeURIComponent(agent)}`);
    } catch (error) {
      if (error.final) {
        console.error(`Holdpoint: no chat for agent "${agent}" on this page. ${error.message}`);
        local.remove('config');
        config = null;
        disconnect();
        host.remove();
        return;
      }
      if (!configAttempt) console.warn(`Holdpoint: ${base.host} does not answer this page. If it is running, add ${location.origin} to the agent's origins.`);
      configAttempt += 1;
      setTimeout(loadConfig, backOff(configAttempt));
      return;
    }
    local.set('config', JSON.stringify(config));
    configured();
  }

  let begun = false;
  function configured() {
    chooseLanguage(config.language);
    showConfigured();
    if (begun) return;
    begun = true;
    loadPending();
    onVisibility();
    window.addEventListener('online', comeBack);
    // The server may be on this very machine: ask before saying offline.
    window.addEventListener('offline', () => reconnect());
    window.addEventListener('pagehide', disconnect);
    window.addEventListener('pageshow', (event) => event.persisted && comeBack());
    window.addEventListener('storage', onOtherTab);
    document.addEventListener('visibilitychange', onVisibility);
    // Who is on the site, and what they reach: not the chat's business.
    (window.requestIdleCallback || setTimeout)(() => import(new URL('here.js', base)).then((it) => it.begin(agent, () => token, () => config, script, shadow), () => {}));
  }

  function start() {
    cameWith = /[#&]holdpoint=([\w-]+)/.exec(location.hash)?.[1];
    if (cameWith) {
      // It is a key: it does not stay in the address, nor in the history.
      history.replaceState(history.state, '', location.pathname + location.search);
      if (local.get('token') !== cameWith) local.remove('seen');
      local.set('token', cameWith);
    }
    token = local.get('token');
    tellConsent();
    if (cameWith) request('POST', 'return', {}).catch(() => {});
    seen = acknowledged = Number(local.get('seen')) || 0;
    config = parsed(local.get('config'));
    // Known from the last visit: there at once, even while the server restarts.
    if (config) configured();
    loadConfig();
  }

  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
})();
