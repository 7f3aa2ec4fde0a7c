// What the AI is writing, on Live and on the conversation's page; and what is new, told on every page, once. Against a real server.
// Started by the integration test, which lets visitors write between the steps.
//
//   HOLDPOINT_BASE      origin of the server
//   HOLDPOINT_OWNER     e-mail address of the owner
//   HOLDPOINT_PASSWORD  their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs
//
// Every step is one line of JSON; exit code 0 when all went well, 1 with `{"step":"failed","error":…}` otherwise.

import assert from 'node:assert/strict';

import { accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;
/** Longer than a page in the background waits for those before it. */
const ALL_TOLD_MS = 1500;
const found = [];
/** What the pages told: `sound`, or the title of a notice. */
const told = [];

async function accessible(page, name) {
  for (const problem of await accessibilityProblems(page)) found.push(`${name}: ${problem}`);
}

/** Hears what the pages would sound and show, and lets a test say that one is in the background (`window.away`). */
async function listen(context) {
  await context.exposeFunction('heard', (what) => { told.push(what); });
  await context.addInitScript(() => {
    const node = () => ({ gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, frequency: {}, connect: (next) => next, stop() {}, start() { window.heard('sound'); } });
    window.AudioContext = class { currentTime = 0; createOscillator = node; createGain = node; close() {} };
    window.Notification = class { static permission = 'granted'; static requestPermission = async () => 'granted'; constructor(title) { window.heard(title); } close() {} };
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => (window.away ? 'hidden' : 'visible') });
  });
}

async function allTold(expected) {
  await eventually(`told of ${expected}`, () => told.length, (count) => count >= expected.length);
  await new Promise((resolve) => setTimeout(resolve, ALL_TOLD_MS));
  assert.deepEqual(told.splice(0).sort(), expected);
}

const connected = (page) => page.locator('[data-link-state=live]').waitFor();

async function seesItForm(page) {
  await page.goto(`${base}/live`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/live`);
  await connected(page);
  step('live');

  const forming = page.locator('[data-row] [data-forming]');
  await forming.getByText('AI is drafting – not sent').waitFor();
  await eventually('its words, as text', () => forming.textContent(), (words) => words.includes('Returns are <b>free</b>.'));
  assert.equal(await forming.locator('b').count(), 0);
  assert.equal(await forming.evaluate((element) => element.closest('[aria-live], [role=log], [role=status]')), null, 'not read out word by word');
  await accessible(page, 'live while an answer forms');
  await picture(page, 'forming-live');
  const conversation = await page.context().newPage();
  await conversation.goto(`${base}/conversations/${await page.locator('[data-row]').first().getAttribute('data-row')}`);
  const there = conversation.locator('[data-forming]');
  await eventually('on its own page too', () => there.textContent(), (words) => words.includes('Returns are'));
  await accessible(conversation, 'conversation while an answer forms');
  await picture(conversation, 'forming-conversation');

  await page.bringToFront();
  await page.keyboard.press('t');
  await page.locator('[data-row]').getByText('Mia answers').waitFor();
  for (const text of [forming, there]) await text.waitFor({ state: 'hidden' });
  step('taken');
  return conversation;
}

async function isToldEverywhere(page, conversation) {
  const url = conversation.url();
  await conversation.close();
  await page.goto(`${base}/queue`);
  await page.locator('[data-view-box] summary').click();
  await page.locator('[data-tell=notify]').check();
  const kept = page.waitForResponse((answer) => answer.url().endsWith('/team/desk') && answer.request().method() === 'PUT' && answer.request().postData().includes('"sound":true'));
  await page.locator('[data-tell=sound]').check();
  await (await kept).finished();
  await allTold(['sound']);

  await page.goto(`${base}/knowledge`);
  await connected(page);
  assert.ok(!(await page.title()).startsWith('('), await page.title());
  await page.evaluate(() => { window.away = true; });
  step('away');
  await allTold(['A new item waits', 'sound']);
  await eventually('the number stands in the title', () => page.title(), (title) => title.startsWith('(1) '));

  const queue = await page.context().newPage();
  await queue.goto(`${base}/queue`);
  await connected(queue);
  step('two pages');
  await eventually('the title of the queue', () => queue.title(), (title) => title === '(2) Queue · Holdpoint');
  await eventually('and of the other page', () => page.title(), (title) => title.startsWith('(2) '));
  // The one in front tells, the other one does not: no notice, one sound.
  await allTold(['sound']);
  await queue.close();

  await page.evaluate(() => { window.away = false; });
  step('elsewhere');
  await page.locator('.toast').getByText('Are you still there?').waitFor();
  await allTold(['sound']);
  await page.locator('.toast').getByRole('button', { name: 'Open' }).click();
  await page.waitForURL(url);
  await connected(page);
  step('in front');
  await page.locator('[data-thread]').getByText('Hello again.').waitFor();
  await allTold([]);
  assert.equal(await page.locator('.toast').count(), 0);
  await page.evaluate(() => { window.away = true; });
  step('in the background');
  await allTold(['The visitor you talk to wrote again', 'sound']);
  assert.deepEqual(page.complaints, []);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser);
  await listen(page.context());
  const conversation = await seesItForm(page);
  await isToldEverywhere(page, conversation);
  assert.deepEqual(found, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error), also: found });
  process.exitCode = 1;
}
await browser.close();
