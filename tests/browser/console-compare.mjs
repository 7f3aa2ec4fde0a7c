// Two versions compared blind in a browser, by keyboard alone: from the page of a change to pairs of answers, until the evidence is enough; a phone
// judges one in between. Then publishing needs a reason.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_CHANGE     id of a change that the LLM writes other answers with
//   HOLDPOINT_AFTER      what those answers have in common
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;
const { HOLDPOINT_CHANGE: change, HOLDPOINT_AFTER: after } = process.env;

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${path}`);
}

const judged = (page, number) =>
  page.waitForFunction((number) => document.querySelector('[data-progress-words]')?.textContent.startsWith(`${number} of `), number);
const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);
/** A verdict at once was meant for the pair before. */
const looked = (page) => page.waitForTimeout(400);
const text = (page, name) => page.locator(`[data-${name}]`).textContent();
/** The key of the answer that the change would give. */
const keyOf = async (page) => ((await text(page, 'first')).includes(after) ? '1' : '2');

async function begin(page) {
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  await page.locator('[data-says]').getByText(/For 8 of them the LLM wrote what it would answer/).waitFor();
  await looksRight(page, 'candidate-written');
  await page.getByRole('button', { name: 'Compare blind' }).press('Enter');
  await page.waitForURL(`${base}/improve/${change}/compare`);
  await page.locator('[data-pair]').waitFor();
  assert.ok(await hasFocus(page.locator('[data-pair]')), 'what is judged has the focus');
  const source = await page.content();
  assert.ok(!/first_is_after|before|with it/i.test(source.replace(/said before|history|told to nobody before|messages? before/gi, '')), 'nothing tells which is which');
  await looksRight(page, 'compare');
  step('begun');
}

async function mark(page) {
  const [first, second] = [page.locator('[data-bad="first"]'), page.locator('[data-bad="second"]')];
  const keeps = page.locator('[data-keep-words]');
  await looked(page);
  await page.keyboard.press('1');
  assert.equal(await first.getAttribute('aria-pressed'), 'true');
  assert.equal(await keeps.textContent(), 'Keep: 1 could not, 2 could');
  await page.keyboard.press('2');
  assert.equal(await keeps.textContent(), 'Keep: neither could have gone out');
  await looksRight(page, 'compare-marked');
  await page.keyboard.press('1');
  await page.keyboard.press('2');
  assert.equal(await second.getAttribute('aria-pressed'), 'false');
  assert.equal(await keeps.textContent(), 'Keep: both could have gone out');
}

async function keepBad(page, number) {
  await looked(page);
  await page.keyboard.press(await keyOf(page));
  await page.keyboard.press('k');
  await judged(page, number);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, `/improve/${change}`);
  await begin(page);
  await mark(page);
  for (const number of [1, 2, 3]) await keepBad(page, number);
  await page.keyboard.press('?');
  await page.locator('[data-help][open]').waitFor();
  await page.keyboard.press('Escape');

  // What waits to be read blind is not shown on the page of the change before somebody asks for it.
  await page.goto(`${base}/improve/${change}`);
  await page.locator('[data-blind]').getByText(/No difference is seen yet after 3 pairs; 3 told the two apart/).waitFor();
  assert.equal(await page.locator('[data-cases] details:not([open])').count(), 5);
  assert.equal(await page.getByText('Read blind: without it good, with it bad.').count(), 3);
  await looksRight(page, 'candidate-compared');
  step('stopped');

  const phone = await newPage(browser, { ...PHONE, storageState: await page.context().storageState() });
  await phone.goto(`${base}/improve/${change}`);
  await phone.getByRole('link', { name: 'Go on comparing' }).tap();
  await phone.locator('[data-pair]').waitFor();
  await looksRight(phone, 'compare');
  await looked(phone);
  await phone.locator(`[data-bad="${(await keyOf(phone)) === '1' ? 'first' : 'second'}"]`).tap();
  await looksRight(phone, 'compare-marked');
  await phone.getByRole('button', { name: /^Keep/ }).tap();
  await judged(phone, 4);
  step('on a phone');

  await page.getByRole('link', { name: 'Go on comparing' }).press('Enter');
  await judged(page, 4);
  for (const number of [5, 6, 7]) await keepBad(page, number);
  await page.getByRole('heading', { name: 'Enough is known' }).waitFor();
  await looksRight(page, 'compare-done');
  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'See what came of it' }).press('Enter');
  await page.waitForURL(`${base}/improve/${change}`);
  await page.locator('[data-blind]').getByText(/Read blind, it is worse: after 7 pairs the evidence is 26\.8, 20 is needed/).waitFor();
  await page.getByText('People who did not know which answer was which found it worse.').waitFor();
  await looksRight(page, 'candidate-found-worse');
  await page.getByRole('button', { name: 'Publish' }).press('Enter');
  await page.locator('.toast-words').getByText('Say why it is right all the same.').waitFor();
  await page.getByLabel('Why').fill('The hours have changed.');
  await page.keyboard.press('Enter');
  await page.locator('[data-candidate][data-state="published"]').waitFor();
  await phone.goto(`${base}/improve/${change}`);
  await looksRight(phone, 'candidate-found-worse');
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
