// A stand-in for the server side of `/widget/v1` (docs/api.md) that can misbehave on command: it loses answers
// after committing, fails, restarts, repeats and shuffles events. The real server is tested by
// `widget-roundtrip.mjs`; this one exists because a real server cannot be told to be unlucky.
//
// By hand: `node mock-widget-server.mjs` prints the address of a page with the widget and answers by itself.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** As the server sends it (src/web/assets.rs): without indentation and the comments on lines of their own. */
function trimmed(script) {
  return script.replace(/^\s*\/\*[^]*?\*\/\s*?$/gm, '').replace(/^\s*\/\/.*$/gm, '').replace(/^\s+/gm, '');
}

const STARTERS = fileURLToPath(new URL('../../assets/static/starters.js', import.meta.url));
const HERE = fileURLToPath(new URL('../../assets/static/here.js', import.meta.url));
const WIDGET = fileURLToPath(new URL('../../assets/static/widget.js', import.meta.url));
const AGENT = 'pk_mock';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

/**
 * Listens on a port below those that the system hands out by itself: while this server is down, nobody else gets its port by chance,
 * and no connection to it can end up at its own beginning.
 */
async function listenOutsideTheLottery(server) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listen(server, 20_000 + Math.floor(Math.random() * 10_000));
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || attempt === 20) throw error;
    }
  }
}

async function readJson(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return JSON.parse(body || '{}');
}

/** The shop's page, on an origin of its own, with the strictest policy under which a widget can run at all. */
async function startPage(scriptAddress, attributes) {
  const host = new URL(scriptAddress).origin;
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', `default-src 'none'; script-src ${host}; connect-src ${host}; style-src 'self'`);
    response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Lindenhof Bikes</title><h1>Lindenhof Bikes</h1><p>Repairs, parts and used bicycles.</p><p><a href="/other">Another page</a></p>
<script src="${scriptAddress}" data-agent="${AGENT}" ${attributes} defer></script></html>`);
  });
  const port = await listen(server, 0);
  return { server, address: `http://127.0.0.1:${port}/` };
}

export class MockServer {
  config = {
    name: 'Nora',
    business: 'Lindenhof Bikes',
    greeting: 'Hello! Ask me about repairs, parts or opening hours.',
    disclosure: 'AI assistant · a colleague may check its answers',
    language: 'en',
    max_chars: 4000,
  };
  /** token → conversation `{id, messages, status, streams, acknowledged}` */
  conversations = new Map();
  /** Every request: `{method, path, url, authorization}`. */
  requests = [];
  /** What pages have said of themselves. */
  heard = [];
  /** Number of next message posts that are committed but whose answer is lost on the way. */
  loseAnswers = 0;
  /** Number of next message posts that fail with 500, uncommitted. */
  failPosts = 0;
  /** When set, message posts get this problem. */
  refusePosts = null;
  /** Event streams arrive in pieces, cut where it hurts most. */
  trickle = false;
  /** How long a new conversation takes. */
  slowStartMs = 0;
  /** Event streams send everything twice. */
  repeat = false;
  /** Event streams begin with the current status. */
  tellsStatus = true;
  /** Called when an event stream has been opened and has said what was known until then. */
  onStream = () => {};
  /** Called after a visitor's message is committed. */
  onMessage = () => {};

  static async start(attributes = '') {
    const mock = new MockServer();
    await mock.up();
    mock.page = await startPage(`${mock.base}/widget.js`, attributes);
    return mock;
  }

  /** Listens, again on the same port after `down`. */
  async up() {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error) => response.destroy(error));
    });
    if (this.port) await listen(this.server, this.port);
    else this.port = await listenOutsideTheLottery(this.server);
    this.base = `http://127.0.0.1:${this.port}`;
  }

  /** Stops as a server does: `bye` to the streams if it is orderly, then every connection is closed. */
  async down({ orderly = false } = {}) {
    for (const conversation of this.conversations.values()) {
      if (orderly) for (const stream of conversation.streams) stream.end('event: bye\ndata: {}\n\n');
      conversation.streams.clear();
    }
    const closed = new Promise((resolve) => this.server.close(resolve));
    setTimeout(() => this.server.closeAllConnections(), orderly ? 50 : 0);
    await closed;
  }

  async stop() {
    await this.down();
    this.page.server.closeAllConnections();
    await new Promise((resolve) => this.page.server.close(resolve));
  }

  /** The newest conversation: tests have one visitor. */
  get conversation() {
    return [...this.conversations.values()].at(-1);
  }

  commit(conversation, message) {
    const whole = { id: randomUUID(), seq: conversation.messages.length + 1, at: Date.now(), ...message };
    conversation.messages.push(whole);
    return whole;
  }

  /** Commits a message by someone other than the visitor and streams it. */
  say(author, text, more = {}) {
    const message = this.commit(this.conversation, { author, text, ...more });
    this.stream('message', message);
    return message;
  }

  setStatus(status) {
    this.conversation.status = { owner: 'ai', ...status };
    this.stream('status', this.conversation.status);
  }

  /** How often this was asked. */
  count(method, path) {
    return this.requests.filter((request) => request.method === method && request.path === `/widget/v1/${path}`).length;
  }

  stream(type, data, conversation = this.conversation) {
    for (const stream of conversation.streams) this.write(stream, type, data);
  }

  write(stream, type, data) {
    const id = data.seq ? `id: ${data.seq}\n` : '';
    const event = `event: ${type}\n${id}data: ${JSON.stringify(data)}\n\n`.repeat(this.repeat ? 2 : 1);
    if (!this.trickle) return stream.write(event);
    stream.backlog = this.writePieces(stream, Buffer.from(event.replaceAll('\n', '\r\n')), stream.backlog);
  }

  /** Pauses inside every CRLF and inside every character of several bytes, long enough to become chunks of their own. */
  async writePieces(stream, bytes, before) {
    await before;
    let from = 0;
    for (const [index, byte] of bytes.entries()) {
      if (byte !== 0x0d && byte < 0xc0) continue;
      stream.write(bytes.subarray(from, index + 1));
      from = index + 1;
      await pause(15);
    }
    stream.write(bytes.subarray(from));
  }

  async handle(request, response) {
    const url = new URL(request.url, this.base);
    const authorization = request.headers.authorization;
    this.requests.push({ method: request.method, path: url.pathname, url: request.url, authorization });
    const json = (code, body, type = 'application/json') => {
      response.writeHead(code, { 'content-type': type });
      response.end(body && JSON.stringify(body));
    };
    const problem = (code, detail) => json(code, { type: 'about:blank', title: 'No', status: code, detail }, 'application/problem+json');

    if (url.pathname === '/widget.js') {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
      return response.end(trimmed(await readFile(WIDGET, 'utf8')));
    }
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    if (url.pathname === '/widget/v1/here.js') {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
      return response.end(trimmed(await readFile(HERE, 'utf8')));
    }
    if (url.pathname === '/widget/v1/starters.js') {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
      return response.end(trimmed(await readFile(STARTERS, 'utf8')));
    }
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (request.method === 'OPTIONS') return json(204);

    const route = `${request.method} ${url.pathname.replace('/widget/v1/', '')}`;
    if (route === `GET agents/${AGENT}`) return json(200, this.config);
    if (route === `POST agents/${AGENT}/here`) {
      this.heard.push(await readJson(request));
      return json(204);
    }
    if (route === `POST agents/${AGENT}/conversations`) {
      await pause(this.slowStartMs);
      const token = randomUUID();
      const conversation = { id: randomUUID(), messages: [], status: { owner: 'ai', phase: 'idle' }, streams: new Set(), acknowledged: 0 };
      this.conversations.set(token, conversation);
      return json(201, { conversation_id: conversation.id, token });
    }

    const conversation = this.conversations.get(authorization?.replace('Bearer ', ''));
    if (!conversation) return problem(401, 'This conversation does not exist; start a new one.');
    if (route === 'GET conversation') {
      return json(200, { conversation_id: conversation.id, messages: conversation.messages, status: conversation.status, seq: conversation.messages.length });
    }
    if (route === 'POST messages') return this.receive(conversation, await readJson(request), { response, json, problem });
    if (route === 'POST acknowledge') {
      conversation.acknowledged = (await readJson(request)).seq;
      return json(204);
    }
    if (route === 'GET events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      for (const message of conversation.messages.slice(Number(url.searchParams.get('after')))) this.write(response, 'message', message);
      if (this.tellsStatus) this.write(response, 'status', conversation.status);
      conversation.streams.add(response);
      this.onStream(conversation);
      return response.on('close', () => conversation.streams.delete(response));
    }
    return problem(404, 'There is nothing here.');
  }

  receive(conversation, { client_id, text }, { response, json, problem }) {
    if (this.refusePosts) return problem(this.refusePosts.status, this.refusePosts.detail);
    if (this.failPosts > 0) {
      this.failPosts -= 1;
      return problem(500, 'The server had a problem.');
    }
    const known = conversation.messages.find((message) => message.client_id === client_id);
    const message = known ?? this.commit(conversation, { author: 'visitor', text, client_id });
    if (this.loseAnswers > 0) {
      this.loseAnswers -= 1;
      return response.destroy();
    }
    json(known ? 200 : 201, message);
    if (!known) {
      this.stream('message', message, conversation);
      this.onMessage(message);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await MockServer.start(process.argv[2]);
  mock.onMessage = async () => {
    await pause(400);
    mock.setStatus({ phase: 'drafting' });
    await pause(1500);
    mock.setStatus({ phase: 'checking', estimate_ms: 120_000 });
    await pause(4000);
    mock.say('ai', 'We are open Monday to Friday, 9 to 18. More: https://example.com/hours.', { name: 'Nora' });
    mock.setStatus({ phase: 'idle' });
  };
  process.stdout.write(`${mock.page.address}\n`);
}
