// What the widget does when the network and the server are unlucky: every case is a sentence that must hold.
//
//   node tests/browser/widget-faults.mjs [part of a sentence]
//
// Runs against `mock-widget-server.mjs` on loopback. Prints one JSON line per case; exit code 0 when all hold, 1 otherwise.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, step, whatFailed, widget } from './lib.mjs';
import { MockServer } from './mock-widget-server.mjs';

const cases = {
  async 'a message and its answer appear in order, and the answer is acknowledged only once it is shown'({ mock, page, chat }) {
    await chat.open();
    await chat.write('When do you open?');
    await chat.committed('When do you open?');
    await chat.launcher.click();
    mock.say('ai', 'At nine.');
    await eventually('the badge counts the answer', () => chat.badge.textContent(), (text) => text === '1');
    assert.equal(mock.conversation.acknowledged, 0, 'a closed panel shows nothing');
    await chat.open();
    await eventually('the answer is acknowledged', () => mock.conversation.acknowledged, (seq) => seq === 2);
    assert.deepEqual(await chat.texts(), ['When do you open?', 'At nine.']);
    await eventually('the badge goes away', () => chat.badge.isVisible(), (visible) => !visible);
  },

  async 'an answer on a hidden page is acknowledged only when the page is looked at'({ mock, page, chat }) {
    await chat.open();
    await chat.write('Hello?');
    await chat.committed('Hello?');
    await hide(page, true);
    mock.say('ai', 'Good morning.');
    await chat.committed('Good morning.');
    await page.waitForTimeout(300);
    assert.equal(mock.conversation.acknowledged, 0);
    await hide(page, false);
    await eventually('the answer is acknowledged', () => mock.conversation.acknowledged, (seq) => seq === 2);
  },

  async 'messages written while the server is down are kept, sent in order when it is back, and shown once'({ mock, chat }) {
    await chat.open();
    await chat.write('first');
    await chat.committed('first');
    await mock.down();
    await chat.write('second');
    await chat.write('third');
    await eventually('the visitor is told', () => chat.connection.textContent(), (text) => text.startsWith('Reconnecting'));
    assert.match(await chat.bubble('second').textContent(), /Not sent yet|Sending/);
    await mock.up();
    await chat.committed('third');
    assert.deepEqual(await chat.texts(), ['first', 'second', 'third']);
    assert.deepEqual(committedTexts(mock), ['first', 'second', 'third']);
    await eventually('the line goes away', () => chat.connection.isVisible(), (visible) => !visible);
  },

  async 'a message written while the server is down survives a reload of the page'({ mock, page, chat }) {
    await chat.open();
    await chat.write('before');
    await chat.committed('before');
    // The page's own origin serves the script too, or a reload without the server would have no widget at all.
    const script = await (await fetch(`${mock.base}/widget.js`)).text();
    await page.route('**/widget.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
    await mock.down();
    await chat.write('during');
    await page.reload();
    await chat.bubble('during').waitFor();
    await mock.up();
    await chat.committed('during');
    assert.deepEqual(await chat.texts(), ['before', 'during']);
    assert.deepEqual(committedTexts(mock), ['before', 'during']);
  },

  async 'the very first message, written while offline, starts the conversation later'({ mock, page, chat }) {
    await chat.open();
    await page.context().setOffline(true);
    await chat.write('anyone there?');
    await eventually('the visitor is told', () => chat.connection.textContent(), (text) => text.startsWith('You are offline'));
    await page.context().setOffline(false);
    await chat.committed('anyone there?');
    assert.equal(mock.conversations.size, 1);
    await eventually('the line goes away', () => chat.connection.isVisible(), (visible) => !visible);
  },

  async 'an answer to a post that is lost on the way doubles nothing'({ mock, chat }) {
    mock.loseAnswers = 2;
    await chat.open();
    await chat.write('only once');
    await chat.committed('only once');
    mock.say('ai', 'Once it is.');
    await chat.committed('Once it is.');
    assert.deepEqual(await chat.texts(), ['only once', 'Once it is.']);
    assert.deepEqual(committedTexts(mock), ['only once', 'Once it is.']);
  },

  async 'a failing server is asked again until it takes the message'({ mock, chat }) {
    mock.failPosts = Infinity;
    await chat.open();
    await chat.write('please');
    await eventually('the visitor is told', () => chat.bubble('please').textContent(), (text) => text.includes('Not sent yet'));
    await eventually('it is asked again and again', () => mock.count('POST', 'messages'), (posts) => posts >= 3);
    mock.failPosts = 0;
    await chat.committed('please');
    assert.deepEqual(committedTexts(mock), ['please']);
  },

  async 'events that arrive twice, in pieces or with CRLF show every message once'({ mock, page, chat }) {
    mock.repeat = true;
    mock.trickle = true;
    await chat.open();
    await chat.write('Grüße 👋');
    await chat.committed('Grüße 👋');
    mock.say('ai', 'Schöne Grüße zurück 🚲');
    mock.setStatus({ phase: 'checking', estimate_ms: 120_000 });
    await eventually('the status is read', () => chat.status.textContent(), (text) => text === 'A colleague is checking this answer — usually about 2 minutes');
    assert.deepEqual(await chat.texts(), ['Grüße 👋', 'Schöne Grüße zurück 🚲']);
    // Longer than the widget waits for a gap to close before it connects anew.
    await page.waitForTimeout(1_500);
    assert.equal(mock.count('GET', 'events'), 1, 'a repetition is no gap');
  },

  async 'events out of order are shown in the order of their sequence'({ mock, chat }) {
    await chat.open();
    await chat.write('one');
    await chat.committed('one');
    await chat.connected(mock);
    // No snapshot knows them before the stream has told of both: the widget has nothing but the events to go by.
    const [two, three] = ['two', 'three'].map((text, nth) => ({ id: text, seq: nth + 2, at: Date.now(), author: 'ai', text }));
    mock.stream('message', three);
    mock.setStatus({ phase: 'waiting_for_person' });
    await eventually('what follows three is read', () => chat.status.textContent(), (text) => text === 'A person will answer you here');
    assert.deepEqual(await chat.texts(), ['one'], 'three waits for two');
    mock.conversation.messages.push(two, three);
    mock.stream('message', two);
    await chat.committed('three');
    assert.deepEqual(await chat.texts(), ['one', 'two', 'three']);
  },

  async 'an event that never arrives is fetched'({ mock, chat }) {
    await chat.open();
    await chat.write('one');
    await chat.committed('one');
    mock.commit(mock.conversation, { author: 'ai', text: 'two' });
    mock.stream('message', mock.commit(mock.conversation, { author: 'ai', text: 'three' }));
    await chat.committed('three');
    assert.deepEqual(await chat.texts(), ['one', 'two', 'three']);
  },

  async 'a status that changed just before the stream opened is noticed'({ mock, chat }) {
    mock.tellsStatus = false;
    await chat.open();
    mock.onStream = (conversation) => { conversation.status = { owner: 'ai', phase: 'waiting_for_person' }; };
    await chat.write('who is there?');
    await eventually('it is shown', () => chat.status.textContent(), (text) => text === 'A person will answer you here');
    assert.equal(mock.count('GET', 'events'), 1, 'without connecting anew');
  },

  async 'an orderly restart brings the answer written meanwhile, and no message twice'({ mock, chat }) {
    await chat.open();
    await chat.write('question');
    await chat.committed('question');
    await mock.down({ orderly: true });
    mock.commit(mock.conversation, { author: 'ai', text: 'written while the doors were closed' });
    await mock.up();
    await chat.committed('written while');
    assert.deepEqual(await chat.texts(), ['question', 'written while the doors were closed']);
  },

  async 'a server restored from a backup is believed'({ mock, chat }) {
    await chat.open();
    await chat.write('kept');
    await chat.committed('kept');
    mock.say('ai', 'lost with the disk');
    await chat.committed('lost with the disk');
    await mock.down();
    mock.conversation.messages.length = 1;
    await mock.up();
    await eventually('the page follows', () => chat.texts(), (texts) => texts.length === 1);
    mock.say('ai', 'said again');
    await chat.committed('said again');
    assert.deepEqual(await chat.texts(), ['kept', 'said again']);
  },

  async 'an answer below the visible part is acknowledged when it is scrolled to'({ mock, page, chat }) {
    await chat.open();
    await chat.write('tell me everything');
    await chat.committed('tell me everything');
    for (let part = 1; part <= 20; part += 1) mock.say('ai', `part ${part}`);
    await eventually('all are acknowledged', () => mock.conversation.acknowledged, (seq) => seq === 21);
    await page.locator('holdpoint-chat .scroll').evaluate((node) => node.scrollTo(0, 0));
    mock.say('ai', 'one more thing');
    await chat.committed('one more thing');
    await page.waitForTimeout(300);
    assert.equal(mock.conversation.acknowledged, 21);
    await page.locator('holdpoint-chat').getByRole('button', { name: 'New message' }).click();
    await eventually('it is acknowledged', () => mock.conversation.acknowledged, (seq) => seq === 22);
  },

  async 'a reload keeps the conversation, the open panel and the half-written text'({ page, chat }) {
    await chat.open();
    await chat.write('keep me');
    await chat.committed('keep me');
    await chat.box.fill('half a thou');
    await page.reload();
    await chat.committed('keep me');
    assert.equal(await chat.box.inputValue(), 'half a thou');
    assert.deepEqual(await chat.texts(), ['keep me']);
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the page keeps the focus');
    await chat.box.press('Escape');
    assert.equal(await focused(page), 'BUTTON', 'closing leads back to the launcher');
  },

  async 'two tabs share one conversation and show each message once'({ mock, page, chat }) {
    mock.slowStartMs = 400;
    const other = await page.context().newPage();
    await other.goto(mock.page.address);
    const second = widget(other);
    await second.open();
    await chat.open();
    await Promise.all([chat.write('from one'), second.write('from two')]);
    for (const tab of [chat, second]) {
      await tab.committed('from one');
      await tab.committed('from two');
    }
    assert.equal(mock.conversations.size, 1);
    assert.deepEqual(await chat.texts(), committedTexts(mock));
    assert.deepEqual(await second.texts(), committedTexts(mock));
  },

  async 'a message that is too long stays in the box with a sentence that says why'({ mock, chat }) {
    await chat.open();
    await chat.write('ä'.repeat(4_001));
    await eventually('the reason is shown', () => chat.problem.textContent(), (text) => text.includes('4,001 characters; 4,000 fit'));
    assert.equal((await chat.box.inputValue()).length, 4_001);
    assert.equal(mock.conversations.size, 0, 'nothing was sent');
  },

  async 'a refused message says why, and can be edited and sent'({ mock, chat }) {
    mock.refusePosts = { status: 422, detail: 'Your message contains characters that cannot be stored. Please remove them.' };
    await chat.open();
    await chat.write('strange');
    await eventually('the reason is shown', () => chat.bubble('strange').textContent(), (text) => text.includes('cannot be stored'));
    mock.refusePosts = null;
    await chat.bubble('strange').getByRole('button', { name: 'Edit' }).click();
    assert.equal(await chat.box.inputValue(), 'strange');
    await chat.write('normal');
    await chat.committed('normal');
    assert.deepEqual(await chat.texts(), ['normal']);
  },

  async 'a conversation that was erased is gone from the page, and the next message starts another'({ mock, chat }) {
    await chat.open();
    await chat.write('old');
    await chat.committed('old');
    mock.conversations.clear();
    await chat.write('new');
    await chat.committed('new');
    assert.deepEqual(await chat.texts(), ['new']);
    assert.deepEqual(committedTexts(mock), ['new']);
  },

  async 'a proxy that answers 404 during a restart does not cost the conversation'({ mock, page, chat }) {
    await chat.open();
    await chat.write('still here');
    await chat.committed('still here');
    await page.route('**/widget/v1/**', (route) => route.fulfill({ status: 404, contentType: 'text/html', body: 'not found', headers: { 'access-control-allow-origin': '*' } }));
    await mock.down();
    await page.waitForTimeout(1_000);
    await mock.up();
    await page.unroute('**/widget/v1/**');
    mock.say('ai', 'so am I');
    await chat.committed('so am I');
    assert.equal(mock.conversations.size, 1);
  },

  async 'the widget works in a browser that blocks storage'({ mock, page, chat }) {
    await page.addInitScript(() => {
      for (const area of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, area, { get() { throw new DOMException('blocked', 'SecurityError'); } });
      }
    });
    await page.reload();
    await chat.open();
    await chat.write('no cookies here');
    await chat.committed('no cookies here');
    mock.say('ai', 'fine');
    await chat.committed('fine');
  },

  async 'text is text: markup stays visible, only http addresses become links'({ mock, page, chat }) {
    await chat.open();
    await chat.write('<img src=x onerror=alert(1)>');
    await chat.committed('<img src=x');
    mock.say('ai', 'See https://example.com/a_(b), <b>javascript:alert(1)</b> and "http://example.org/?q=1&r=2".');
    await chat.committed('See https');
    const links = await chat.log.locator('a').evaluateAll((all) => all.map((link) => [link.href, link.target, link.rel]));
    assert.deepEqual(links, [
      ['https://example.com/a_(b)', '_blank', 'noopener nofollow'],
      ['http://example.org/?q=1&r=2', '_blank', 'noopener nofollow'],
    ]);
    assert.equal(await chat.log.locator('img, b:not(.meta b)').count(), 0);
  },

  async 'nothing secret is in an address'({ mock, page, chat }) {
    await chat.open();
    await chat.write('secret');
    await chat.committed('secret');
    await page.reload();
    await chat.committed('secret');
    const [token] = mock.conversations.keys();
    assert.equal(mock.requests.some(({ url }) => url.includes(token)), false);
    assert.ok(mock.requests.some(({ authorization }) => authorization === `Bearer ${token}`));
  },

  async 'the keyboard opens, writes, breaks lines and closes, and the focus goes where it belongs'({ page, chat }) {
    await chat.launcher.focus();
    await page.keyboard.press('Enter');
    await chat.panel.waitFor();
    assert.equal(await focused(page), 'TEXTAREA');
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await chat.committed('one');
    assert.deepEqual(await chat.texts(), ['one\ntwo']);
    await page.keyboard.press('Escape');
    await eventually('the panel closes', () => chat.panel.isVisible(), (visible) => !visible);
    assert.equal(await chat.launcher.evaluate((node) => node.getRootNode().activeElement === node), true);
  },

  async 'an Enter that ends a composed character does not send'({ mock, chat }) {
    await chat.open();
    await chat.box.fill('にほ');
    await chat.box.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
    await chat.box.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
    assert.equal(await chat.box.inputValue(), 'にほ');
    assert.equal(mock.conversations.size, 0);
  },

  async 'an accessibility check finds nothing, closed, open, waiting, failed or answered'({ mock, page, chat }) {
    assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    await chat.open();
    await chat.write('one');
    await chat.committed('one');
    mock.say('ai', 'See https://example.com/', { name: 'Nora' });
    mock.say('system', 'A person has joined.');
    mock.say('person', 'Hello from me', { name: 'Anna' });
    await chat.committed('Hello from me');
    for (const phase of ['drafting', 'checking', 'waiting_for_person']) {
      mock.setStatus({ phase, estimate_ms: 60_000 });
      await chat.status.locator(phase === 'drafting' ? '.dots' : '.wait').waitFor();
      assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    }
    mock.refusePosts = { status: 422, detail: 'That cannot be stored.' };
    await chat.write('two');
    await chat.bubble('two').getByRole('button').first().waitFor();
    await mock.down();
    await chat.write('x'.repeat(4_001));
    await chat.connection.waitFor();
    assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    await mock.up();
  },

  'the page chooses language and colour, and the text on the colour can be read': {
    attributes: 'data-lang="de" data-accent="#ffb703"',
    async run({ mock, page, chat }) {
      await chat.open();
      await chat.write('Hallo');
      await chat.committed('Hallo');
      mock.setStatus({ phase: 'checking', estimate_ms: 23 * 60_000 });
      await eventually('it speaks German', () => chat.status.textContent(), (text) => text === 'Jemand aus dem Team prüft diese Antwort – meist etwa 25 Minuten');
      const colours = await chat.bubble('Hallo').locator('.bubble').evaluate((node) => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]);
      assert.deepEqual(colours, ['rgb(255, 183, 3)', 'rgb(0, 0, 0)']);
      assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    },
  },

  async 'the script is at most 15 KB on the wire'({ mock }) {
    const script = await (await fetch(`${mock.base}/widget.js`)).arrayBuffer();
    assert.ok(gzipSync(script).length <= 15_000, `${gzipSync(script).length} bytes`);
  },

  async 'what a page says of itself is a script of its own, at most 2 KB on the wire'({ mock }) {
    const script = await (await fetch(`${mock.base}/widget/v1/here.js`)).arrayBuffer();
    assert.ok(gzipSync(script).length <= 2_000, `${gzipSync(script).length} bytes`);
  },

  async 'questions to begin with are a script of their own, at most 1 KB on the wire, that only agents with some load'({ mock, page, chat }) {
    const path = '/widget/v1/starters.js';
    await chat.open();
    await eventually('the first script is loaded', () => mock.requests.filter((request) => request.path.endsWith('/here.js')).length, (loads) => loads > 0);
    assert.deepEqual(mock.requests.filter((request) => request.path === path), []);
    const script = await (await fetch(`${mock.base}${path}`)).arrayBuffer();
    assert.ok(gzipSync(script).length <= 1_000, `${gzipSync(script).length} bytes`);
    // The settings of the last visit had none.
    mock.config = { ...mock.config, starters: STARTERS };
    await page.reload();
    await chat.starters.first().waitFor();
    assert.deepEqual(await chat.starters.allTextContents(), STARTERS);
  },

  'a question to begin with is sent by keyboard, keeps what is half written, and goes with the others': {
    async run({ mock, page, chat }) {
      await withStarters(mock, page, chat);
      assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
      await page.emulateMedia({ colorScheme: 'dark' });
      assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
      // Beside the log, where nothing reads them out unasked.
      assert.equal(await chat.log.getByRole('button').count(), 0);
      await chat.box.fill('half a thou');
      // Backwards from the text box, the last one first.
      for (let press = 0; press < STARTERS.length; press += 1) await page.keyboard.press('Shift+Tab');
      assert.equal(await page.evaluate(() => document.activeElement.shadowRoot.activeElement.textContent), STARTERS[0]);
      await page.keyboard.press('Enter');
      await chat.committed(STARTERS[0]);
      assert.deepEqual(committedTexts(mock), [STARTERS[0]]);
      assert.equal(await chat.box.inputValue(), 'half a thou');
      assert.equal(await focused(page), 'TEXTAREA');
      assert.equal(await chat.starters.count(), 0);
      await page.reload();
      await chat.committed(STARTERS[0]);
      await page.waitForTimeout(300);
      assert.equal(await chat.starters.count(), 0, 'whoever has written needs none');
    },
  },

  'on a phone questions to begin with are tapped, and the keyboard stays down': {
    options: { ...PHONE, reducedMotion: 'reduce' },
    async run({ mock, page, chat }) {
      await withStarters(mock, page, chat);
      assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
      for (const button of await chat.starters.all()) {
        const { x, width, height } = await button.boundingBox();
        assert.ok(x >= 0 && x + width <= 390 && height >= 40, `${x} ${width} ${height}`);
      }
      await chat.starters.last().tap();
      await chat.committed(STARTERS.at(-1));
      assert.notEqual(await focused(page), 'TEXTAREA');
      assert.equal(await chat.starters.count(), 0);
    },
  },

  'on a phone the panel fills the screen and keeps the focus inside': {
    options: PHONE,
    async run({ page, chat }) {
      await chat.open();
      const size = async () => {
        const { width, height } = await chat.panel.boundingBox();
        return [Math.round(width), Math.round(height)].join(' × ');
      };
      await eventually('the panel fills the screen', size, (filled) => filled === '390 × 844');
      for (let press = 0; press < 8; press += 1) {
        await page.keyboard.press('Tab');
        const where = await page.evaluate(() => document.activeElement.tagName);
        assert.ok(['HOLDPOINT-CHAT', 'BODY'].includes(where), `the focus left for ${where}`);
      }
      await page.keyboard.press('Escape');
      await eventually('the panel closes', () => chat.panel.isVisible(), (visible) => !visible);
    },
  },
};

const STARTERS = ['When do you open?', 'What does a repair cost, how long does it take, and do I need an appointment?', '<b>Parts</b>'];

/** The agent has questions to begin with, and the chat is open. */
async function withStarters(mock, page, chat) {
  mock.config = { ...mock.config, starters: STARTERS };
  await page.reload();
  await chat.open();
  await chat.starters.first().waitFor();
}

const committedTexts = (mock) => mock.conversation.messages.map(({ text }) => text);

const focused = (page) => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.tagName);

/** Chromium without a window never hides a page by itself. */
const hide = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

async function runCase(browser, sentence, test) {
  const { options = DESKTOP, attributes = '', run = test } = test;
  const mock = await MockServer.start(attributes);
  const page = await newPage(browser, { ...options, locale: 'en-US' });
  try {
    await page.goto(mock.page.address);
    const chat = widget(page);
    await chat.launcher.waitFor();
    await run({ mock, page, chat });
    assert.deepEqual(page.complaints, []);
    step(sentence, { holds: true });
    return true;
  } catch (error) {
    step(sentence, { holds: false, error: whatFailed(error) });
    return false;
  } finally {
    await page.context().close();
    await mock.stop();
  }
}

const chosen = Object.entries(cases).filter(([sentence]) => sentence.includes(process.argv[2] ?? ''));
const browser = await launchBrowser();
let failed = 0;
for (const [sentence, test] of chosen) failed += (await runCase(browser, sentence, test)) ? 0 : 1;
await browser.close();
step('done', { cases: chosen.length, failed });
process.exitCode = failed || !chosen.length ? 1 : 0;
