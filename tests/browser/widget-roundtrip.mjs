// One visitor, one question, one answer, against a real server: the whole way of a message as the visitor sees it.
// Started by the integration test, which plays the reviewer: when the line `{"step":"checking"}` appears on standard
// output it releases the answer through the API, and this script goes on when the answer is on the screen.
//
//   HOLDPOINT_BASE       origin of the server, e.g. http://127.0.0.1:4000
//   HOLDPOINT_AGENT      the agent's public key
//   HOLDPOINT_PAGE       address of a page with the widget, on another origin than the server's
//   HOLDPOINT_QUESTION   what the visitor asks (has a default)
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs
//
// Every step is one line of JSON; exit code 0 when all went well, 1 with `{"step":"failed","error":…}` otherwise.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed, widget } from './lib.mjs';

/** How long the integration test may take to release the answer, and the engine to draft it. */
const ANSWER_WITHIN_MS = 180_000;

const { HOLDPOINT_BASE: base, HOLDPOINT_AGENT: agent, HOLDPOINT_PAGE: address } = process.env;
const question = process.env.HOLDPOINT_QUESTION || 'What are your opening hours?';

async function roundTrip(browser) {
  assert.ok(base && agent && address, 'HOLDPOINT_BASE, HOLDPOINT_AGENT and HOLDPOINT_PAGE must be set');
  assert.notEqual(new URL(address).origin, new URL(base).origin, 'the page must be on another origin than the server');

  const page = await newPage(browser, DESKTOP);
  const requests = [];
  const acknowledged = [];
  page.on('request', (request) => requests.push(request));
  page.on('response', (response) => {
    if (response.url().endsWith('/widget/v1/acknowledge') && response.status() === 204) acknowledged.push(response.request().postDataJSON().seq);
  });

  await page.goto(address);
  const chat = widget(page);
  await chat.launcher.waitFor();
  assert.ok(requests.some((request) => request.url() === `${base}/widget/v1/agents/${agent}`), 'the page embeds this agent of this server');
  await chat.open();
  await picture(page, 'widget-open');
  assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
  step('open');

  await chat.write(question);
  await chat.committed(question);
  step('sent');

  await chat.status.locator('.wait').waitFor({ timeout: ANSWER_WITHIN_MS });
  await picture(page, 'widget-checking');
  step('checking', { words: await chat.status.textContent() });

  const answer = page.locator('holdpoint-chat .msg[data-seq]:is(.ai,.person) .bubble').last();
  await answer.waitFor({ timeout: ANSWER_WITHIN_MS });
  const seq = Number(await page.locator('holdpoint-chat .msg[data-seq]').last().getAttribute('data-seq'));
  await eventually('no one is checking any more', () => chat.status.locator('.wait').isVisible(), (visible) => !visible);
  await picture(page, 'widget-answered');
  step('answered', { text: await answer.textContent() });

  await eventually('the answer is acknowledged', () => acknowledged, (all) => all.some((shown) => shown >= seq));
  step('acknowledged', { seq });

  const before = await chat.texts();
  await page.reload();
  await eventually('a reload keeps everything, once', () => chat.texts(), (texts) => JSON.stringify(texts) === JSON.stringify(before));
  assert.equal(before.filter((text) => text === question).length, 1);
  step('reloaded', { messages: before.length });

  await looksRight(browser, await page.context().storageState(), before);

  const stored = await page.evaluate(() => Object.entries({ ...localStorage }));
  const token = stored.find(([key]) => key.endsWith(' token'))?.[1];
  assert.ok(token, 'the visitor token is kept');
  assert.ok(requests.every((request) => !request.url().includes(token)), 'no address contains the visitor token');
  assert.deepEqual(page.complaints, []);
  step('done');
}

/** The same visitor in the dark and on a phone: same texts, no accessibility problem, a picture of each. */
async function looksRight(browser, storageState, texts) {
  const looks = {
    'widget-dark': { ...DESKTOP, colorScheme: 'dark' },
    'widget-phone': PHONE,
    'widget-phone-dark': { ...PHONE, colorScheme: 'dark' },
  };
  for (const [name, options] of Object.entries(looks)) {
    const page = await newPage(browser, { ...options, storageState });
    await page.goto(address);
    const chat = widget(page);
    await chat.launcher.waitFor();
    await chat.open();
    await eventually(`${name} shows the conversation`, () => chat.texts(), (shown) => JSON.stringify(shown) === JSON.stringify(texts));
    await picture(page, name);
    assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
  step('looks');
}

const browser = await launchBrowser();
try {
  await roundTrip(browser);
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
