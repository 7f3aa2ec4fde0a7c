// The page Analyse in a browser: figures and pictures, each leading to as many conversations as it says; other days; by keyboard; light and dark, on a desk, on a
// tablet and on a phone, with no accessibility problem.
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

const tile = (page, name) => page.locator('.tile').filter({ has: page.getByRole('heading', { name, exact: true }) });
const count = (words) => (words.startsWith('One ') ? 1 : Number.parseInt(words, 10));

/** Follows a link to conversations and comes back; how many the page says there are. */
async function behind(page, link) {
  await link.focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/analyse\/conversations\?/);
  const words = await page.locator('.page-head .item-sub').last().textContent();
  const rows = await page.locator('.cards > li[data-row]').count();
  assert.equal(rows, count(words), `as many rows as the page says: ${words}`);
  await page.goBack();
  await page.waitForURL(/\/analyse(\?|$)/);
  return rows;
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page);
  const all = tile(page, 'Conversations').locator('.tile-value a');
  assert.equal(await all.textContent(), '24');
  assert.equal(await behind(page, all), 24);
  const lines = page.locator('.bar-lines a');
  for (let at = 0; at < await lines.count(); at += 1) {
    const said = Number.parseInt(await lines.nth(at).locator('.bar-count').textContent(), 10);
    assert.equal(await behind(page, lines.nth(at)), said, await lines.nth(at).textContent());
  }
  const cell = page.locator('svg a[href*="mark=hour"]').first();
  assert.ok(await behind(page, cell) > 0);
  await looksRight(page, 'analyse');
  for (const part of ['answered', 'handoff', 'hours', 'versions']) {
    await page.locator(`#${part}-title`).evaluate((title) => title.scrollIntoView({ block: 'start' }));
    await page.evaluate(() => scrollBy(0, -80));
    await looksRight(page, `analyse-${part}`);
  }
  step('seen');

  await page.getByRole('link', { name: '7 days' }).press('Enter');
  await page.waitForURL(/from=/);
  assert.ok(Number(await tile(page, 'Conversations').locator('.tile-value').textContent()) < 24);
  await page.getByLabel('From', { exact: true }).fill('2020-01-01');
  await page.getByLabel('To', { exact: true }).fill('2020-01-31');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'No conversation began in these days' }).waitFor();
  await looksRight(page, 'analyse-empty');
  step('chosen');

  await page.locator('body').click({ position: { x: 700, y: 5 } });
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await page.waitForURL(`${base}/improve`);
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  await page.waitForURL(`${base}/analyse`);
  step('by key');

  const tablet = await newPage(browser, { viewport: { width: 768, height: 1024 } });
  await signIn(tablet);
  await looksRight(tablet, 'analyse-tablet');
  const phone = await newPage(browser, PHONE);
  await signIn(phone);
  await looksRight(phone, 'analyse-phone');
  const small = await newPage(browser, { ...PHONE, viewport: { width: 360, height: 740 } });
  await signIn(small);
  await looksRight(small, 'analyse-small');
  assert.deepEqual([page, tablet, phone, small].flatMap((each) => each.complaints), []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
