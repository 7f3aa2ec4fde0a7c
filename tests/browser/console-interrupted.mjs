// A reviewer whom the visitor and a colleague get in the way of: nothing that waits disappears, and nothing that was typed is lost.
// Started by the integration test, which has put two items into the queue and lets decisions be undone for long.
//
//   HOLDPOINT_BASE, HOLDPOINT_OWNER, HOLDPOINT_PASSWORD: the server, an e-mail address, its password
//   HOLDPOINT_FIRST, HOLDPOINT_VISITOR: an item, and the token of the visitor behind it
//   HOLDPOINT_SECOND: another item
//   HOLDPOINT_UNDO_MS: how long a decision can be undone
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { eventually, launchBrowser, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_FIRST: first, HOLDPOINT_SECOND: second, HOLDPOINT_VISITOR: visitor } = process.env;
const undoMs = Number(process.env.HOLDPOINT_UNDO_MS);
/** Decision keys rest for a moment after something new appears. */
const LOOK_FIRST_MS = 1700;

const rest = (page) => page.clock.runFor(LOOK_FIRST_MS);
const said = (page, words) =>
  eventually(`“${words}”`, () => page.locator('.toast').allTextContents(), (texts) => texts.some((text) => text.includes(words)));

async function visitorWrites(text) {
  const answer = await fetch(`${base}/widget/v1/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${visitor}` },
    body: JSON.stringify({ client_id: `m-${text.length}`, text }),
  });
  assert.ok(answer.ok, String(answer.status));
}

async function opened(browser, id) {
  const page = await newPage(browser);
  await page.clock.install();
  await page.goto(`${base}/login?next=/queue/${id}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.locator(`article[data-item="${id}"]`).waitFor();
  await page.locator('[data-link-state=live]').waitFor();
  return page;
}

/** What was decided waits again when the visitor writes before it is final, and so does what was typed. */
async function comesBack(page) {
  const row = page.locator(`[data-row="${first}"]`);
  await rest(page);
  await page.keyboard.press('s');
  await page.locator('[data-text]').fill('From nine, says Mia.');
  await page.keyboard.press('Control+Enter');
  await said(page, 'Your answer is on its way');
  await eventually('it has left the list', () => row.count(), (count) => count === 0);
  await visitorWrites('And on Sundays?');
  await eventually('it is back in the list', () => row.count(), (count) => count === 1);
  await said(page, 'is back in the queue');
  await page.clock.runFor(undoMs + 1000);
  await row.locator('a').click();
  await page.locator(`article[data-item="${first}"]`).waitFor();
  await eventually('her text is there', () => page.locator('[data-text]').inputValue(), (text) => text === 'From nine, says Mia.');
  step('back');
}

/** A page that nobody touches keeps nobody away for ever; whoever comes back has the item again. */
async function leftAlone(page) {
  let asked = 0;
  let answered = 0;
  const isLease = (request) => request.method() === 'POST' && request.url().endsWith('/lease');
  page.on('request', (request) => { asked += isLease(request); });
  page.on('requestfinished', (request) => { answered += isLease(request); });
  // One that was under way before anybody counted may be answered as well.
  const settled = () => eventually('every hold asked for is answered', async () => asked - answered, (open) => open <= 0);
  await page.mouse.move(200, 300);
  await page.clock.runFor(90_000);
  await eventually('the hold is renewed', async () => answered, (count) => count > 0);
  await page.clock.runFor(5 * 60_000);
  await settled();
  const before = asked;
  for (let minute = 0; minute < 3; minute += 1) await page.clock.runFor(60_000);
  assert.equal(asked, before, 'nobody is at this page');
  await page.mouse.move(220, 300);
  await eventually('it is asked for again', async () => asked, (count) => count > before);
  await settled();
}

/** A colleague decides while an answer is being written, and the news is held up on its way to this screen. */
async function decidedMeanwhile(page) {
  await page.goto(`${base}/queue/${second}`);
  await page.locator(`article[data-item="${second}"]`).waitFor();
  await rest(page);
  await page.keyboard.press('s');
  await page.locator('[data-text]').fill('Half a page that Mia wrote.');
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await page.route((url) => url.pathname.startsWith('/parts/queue'), async (route) => {
    await released;
    await route.continue();
  });
  step('typed');
  const state = async () => (await (await page.request.get(`${base}/api/v1/queue/${second}`)).json()).state;
  await eventually('a colleague has decided', state, (now) => now === 'pending');
  // Whatever came in before the news was held up had to be looked at first.
  await rest(page);
  await page.keyboard.press('Control+Enter');
  release();
  await said(page, 'Jonas approved this already');
  await page.getByRole('button', { name: 'Take over with my text' }).click();
  await page.waitForURL(/\/conversations\//);
  await eventually('her text is there', () => reply(page).inputValue(), (text) => text === 'Half a page that Mia wrote.');
  step('kept');
}

/** The conversation goes to somebody else while a text stands in the box. */
async function takenAway(page) {
  await page.locator('[data-link-state=live]').waitFor();
  step('owned');
  await said(page, 'no longer yours');
  assert.equal(await reply(page).isVisible(), false);
  assert.equal(await reply(page).inputValue(), 'Half a page that Mia wrote.');
  step('taken away');
}

const reply = (page) => page.locator('[data-reply] [data-text]');
const browser = await launchBrowser();
try {
  const page = await opened(browser, first);
  await comesBack(page);
  await leftAlone(page);
  await decidedMeanwhile(page);
  await takenAway(page);
  assert.deepEqual(page.complaints, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
