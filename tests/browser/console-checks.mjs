// Quality checks by keyboard alone, against a real server: from the queue to the first one, a bad one with its reason, a good
// one, one that a person cannot judge, until nothing is left. Then the page in light and dark, on a desk and on a phone.
//
//   HOLDPOINT_BASE          origin of the server, where four checks wait
//   HOLDPOINT_SETUP_TOKEN   of a set-up link that is not used yet
//   HOLDPOINT_PASSWORD      the one that is chosen
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, launchBrowser, looksRight, newPage, setUp, sourcesComeFirst, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base } = process.env;
/** Waits as long as a person needs to read the answer: a verdict that comes sooner counts for nothing. */
const read = async (page) => page.waitForTimeout(1_500 + ((await page.locator('[data-text]').textContent()).length / 60) * 1_000);

async function waitsFor(page, words) {
  await page.waitForFunction((words) => document.querySelector('[data-check-count]')?.textContent === words, words);
}

const toast = (page, words) => page.locator('.toast').filter({ hasText: words }).first().waitFor();

async function judgeAll(page) {
  await page.locator('[data-queue-empty] a[href="/checks"]').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/checks`);
  await waitsFor(page, '4 to check');
  assert.ok(await page.locator('[data-check]').evaluate((item) => item === document.activeElement), 'what is judged has the focus');
  assert.match(await page.locator('[data-text]').textContent(), /\w/);
  assert.match(await page.locator('[data-sources]').textContent(), /Sources/);
  assert.ok(await sourcesComeFirst(page.locator('[data-check]')));
  await looksRight(page, 'check');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await waitsFor(page, '4 to check');

  // Bad, and why. What was begun can be left.
  await page.keyboard.press('b');
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('[data-why]').isHidden());
  await page.keyboard.press('b');
  await page.keyboard.press('1');
  await looksRight(page, 'check-bad');
  await read(page);
  await page.keyboard.press('Enter');
  await toast(page, 'Kept.');
  await waitsFor(page, '3 to check');

  await read(page);
  await page.keyboard.press('a');
  await waitsFor(page, '2 to check');
  await read(page);
  await page.keyboard.press('c');
  await waitsFor(page, '1 to check');
  step('judged');

  await page.keyboard.press('?');
  await page.locator('[data-help][open]').waitFor();
  await page.keyboard.press('Escape');
}

async function onAPhone(browser, page) {
  const phone = await newPage(browser, { ...PHONE, storageState: await page.context().storageState() });
  await phone.goto(`${base}/checks`);
  await waitsFor(phone, '1 to check');
  await looksRight(phone, 'check');
  await read(phone);
  await phone.getByRole('button', { name: 'It could have gone out' }).tap();
  await phone.getByRole('heading', { name: 'Nothing to check' }).waitFor();
  await looksRight(phone, 'checks-none');
  return phone;
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await setUp(page);
  await judgeAll(page);
  // The page gives the last one back when it is left.
  await page.goto(`${base}/queue`);
  await page.locator('[data-queue-empty] a[href="/checks"]').waitFor();
  const phone = await onAPhone(browser, page);
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
