// Two reviewers at one queue: who looks at what, an answer that both have to approve, a hold that is over while somebody writes.
// Started by the integration test, which has put two items into the queue: the first needs two approvals.
//
//   HOLDPOINT_BASE, HOLDPOINT_OWNER, HOLDPOINT_COLLEAGUE, HOLDPOINT_PASSWORD: the server, two e-mail addresses, their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_COLLEAGUE: colleague, HOLDPOINT_PASSWORD: password, HOLDPOINT_FIRST: first, HOLDPOINT_SECOND: second } = process.env;
/** Decision keys rest for a moment after something new appears. */
const LOOK_FIRST_MS = 1700;

async function reviewer(browser, email, at) {
  const page = await newPage(browser);
  await page.goto(`${base}/login?next=${encodeURIComponent(at)}`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.locator('article[data-item]').waitFor();
  return page;
}

const rest = () => new Promise((resolve) => setTimeout(resolve, LOOK_FIRST_MS));
const notices = (page) => page.locator('[data-part=notices]').innerText();
const toasts = (page) => page.locator('.toast').allTextContents();
const said = (page, words) => eventually(`“${words}”`, () => toasts(page), (texts) => texts.some((text) => text.includes(words)));

/** Whoever has any page of the console open is there, and one page takes nothing away from another. */
async function isThereOnAnyPage(mia, jonas) {
  const there = async () => (await (await mia.request.get(`${base}/api/v1/presence`)).json()).items.filter((one) => one.name === 'Jonas');
  const log = await jonas.context().newPage();
  const beat = log.waitForRequest((request) => request.url().endsWith('/api/v1/presence') && request.method() === 'POST');
  await log.goto(`${base}/log`);
  const said = (await beat).postDataJSON();
  assert.ok(said.page && said.idle_ms >= 0 && !said.conversation_id, JSON.stringify(said));
  await eventually('his queue shows what it showed', there, (items) => items.length === 1 && items[0].conversation_id !== null);
  await jonas.goto('about:blank');
  await eventually('his queue is closed', there, (items) => items.length === 1 && items[0].conversation_id === null);
  await log.evaluate(() => fetch('/api/v1/presence', { method: 'DELETE', headers: { 'X-CSRF-Token': document.querySelector('meta[name="csrf-token"]').content } }));
  await eventually('the log alone says that he is there', there, (items) => items.length === 1 && items[0].conversation_id === null);
  await log.close();
  await jonas.goto(`${base}/queue/${first}`);
  await jonas.locator('article[data-item]').waitFor();
}

async function main(browser) {
  const mia = await reviewer(browser, owner, `/queue/${first}`);
  const jonas = await reviewer(browser, colleague, `/queue/${first}`);
  await eventually('Jonas sees that Mia looks at it', () => notices(jonas), (text) => text.includes('Mia is looking at this'));
  await eventually('two have to approve', () => notices(mia), (text) => text.includes('2 people have to approve'));
  await picture(jonas, 'presence');
  await isThereOnAnyPage(mia, jonas);
  step('presence');

  await rest();
  await mia.keyboard.press('a');
  await said(mia, 'one more person has');
  await eventually('Jonas sees who has approved', () => notices(jonas), (text) => text.includes('Mia did'));
  await rest();
  await jonas.keyboard.press('e');
  await jonas.locator('[data-text]').fill('Tuesday to Saturday, from nine.');
  await jonas.keyboard.press('Control+Enter');
  await said(jonas, 'one more person has');
  await mia.goto(`${base}/queue/${first}`);
  await eventually('Mia reads the new text', () => mia.locator('[data-draft-text]').textContent(), (text) => text.includes('from nine'));
  await eventually('and whose it is', () => notices(mia), (text) => text.includes('changed the draft to this'));
  assert.deepEqual(await accessibilityProblems(mia), []);
  await picture(mia, 'quorum');
  await rest();
  await mia.keyboard.press('a');
  await said(mia, 'Approved');
  step('approved');

  await jonas.goto(`${base}/queue/${second}`);
  await jonas.locator('article[data-item]').waitFor();
  await mia.goto(`${base}/queue/${second}`);
  step('look-away');
  await eventually('it is Mia\u2019s now', async () => (await mia.locator('article[data-item]').getAttribute('data-held-by')) ?? '', (by) => by === '');
  await mia.locator('article[data-item]').focus();
  await rest();
  await mia.keyboard.press('s');
  await mia.locator('[data-text]').fill('What Mia wrote before her laptop slept.');
  step('typed');
  await said(mia, 'Your text is kept');
  assert.equal(await mia.locator('[data-text]').inputValue(), 'What Mia wrote before her laptop slept.');
  await picture(mia, 'lease-over');
  await mia.getByRole('button', { name: 'Take over with my text' }).click();
  await mia.waitForURL(/\/conversations\//);
  await eventually('her text is there', () => mia.locator('[data-reply] [data-text]').inputValue(), (text) => text.includes('before her laptop slept'));
  step('kept');

  await mia.goto(`${base}/queue`);
  await mia.keyboard.press('v');
  await mia.locator('[data-view]').waitFor();
  await mia.locator('select[name=kind]').selectOption('handoff');
  await mia.locator('[data-view-save]').fill('Wants a person');
  await mia.keyboard.press('Enter');
  await mia.waitForURL(/kind=handoff/);
  await eventually('the view has its name', () => mia.locator('[data-view-name]').textContent(), (name) => name.includes('wants a person'));
  for (const page of [mia, jonas]) assert.deepEqual(page.complaints, []);
  step('views');
}

const browser = await launchBrowser();
try {
  await main(browser);
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
