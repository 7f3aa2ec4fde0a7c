// What visitors ask: a person opens a topic, names it, makes it a part of another one and parts them again, and has seen a change; by keyboard, on a desk
// and on a phone, with no accessibility problem.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;

async function signIn(page) {
  await page.goto(`${base}/analyse`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/analyse`);
}

const toast = (page, words) => page.getByText(words).first().waitFor();

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page);
  const topics = page.locator('.topic-lines > li');
  assert.equal(await topics.count(), 3);
  await looksRight(page, 'topics-analyse');

  await page.getByRole('link', { name: 'All topics' }).press('Enter');
  await page.waitForURL(/\/analyse\/topics\?/);
  await looksRight(page, 'topics');
  const first = await topics.first().locator('.bar-name').textContent();
  await topics.first().getByRole('link', { name: 'Questions and name' }).press('Enter');
  await page.getByRole('heading', { name: first, level: 1 }).waitFor();
  await page.waitForLoadState();
  const name = page.getByLabel('What these questions are called');
  await name.fill('Delivery times');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Delivery times', level: 1 }).waitFor();
  await toast(page, 'Renamed.');
  await looksRight(page, 'topic');
  step('named');

  const own = page.url();
  await page.getByRole('button', { name: 'Merge' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).press('Enter');
  await page.waitForURL((url) => url.href !== own);
  await page.waitForLoadState();
  await looksRight(page, 'topic-merged');
  await page.getByRole('button', { name: 'Part again: Delivery times' }).press('Enter');
  await toast(page, 'They are parted');
  assert.equal(await page.getByRole('button', { name: 'Part again' }).count(), 0);
  step('merged and parted');

  await page.goto(`${base}/analyse`);
  const changes = page.locator('[data-pattern]');
  const before = await changes.count();
  assert.ok(before > 0);
  for (let left = before; left > 0; left -= 1) {
    await changes.first().getByRole('button', { name: 'Seen' }).press('Enter');
    if (left > 1) await page.waitForFunction((left) => document.querySelectorAll('[data-pattern]').length < left, left);
  }
  await page.getByRole('heading', { name: 'What has changed' }).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await page.reload();
  assert.equal(await changes.count(), 0);
  step('seen');

  for (const [called, view] of [['tablet', { viewport: { width: 768, height: 1024 } }], ['phone', PHONE], ['small', { ...PHONE, viewport: { width: 360, height: 740 } }]]) {
    const other = await newPage(browser, view);
    await signIn(other);
    await other.goto(`${base}/analyse/topics`);
    await looksRight(other, `topics-${called}`);
    await other.getByRole('link', { name: 'Questions and name' }).first().click();
    await other.getByRole('heading', { name: 'The newest questions' }).waitFor();
    await looksRight(other, `topic-${called}`);
    assert.deepEqual(other.complaints, []);
  }
  assert.deepEqual(page.complaints, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
