// Somebody with two workspaces goes from one to the other with the keyboard alone, sees all clients on one page, and does nothing by mistake
// in a tab that was left behind. Started by the integration test, which has put one question into the queue of each workspace.
//
//   HOLDPOINT_BASE, HOLDPOINT_OWNER, HOLDPOINT_PASSWORD: the server, an e-mail address, its password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;
const PHONE = { width: 360, height: 740 };

const here = (page) => page.locator('meta[name="workspace"]').getAttribute('content');
const focused = (page) => page.evaluate(() => document.activeElement?.textContent ?? '');

async function keys(page, ...all) {
  for (const key of all) await page.keyboard.press(key);
}

async function main(browser) {
  const page = await newPage(browser);
  await page.goto(`${base}/login`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/queue`);
  const first = await here(page);
  const summary = page.locator('[data-places] summary');
  assert.match(await summary.innerText(), /1\s*waiting in other workspaces/, 'what waits elsewhere is told');

  // A second tab stays where it is.
  const left = await page.context().newPage();
  left.complaints = [];
  await left.goto(`${base}/settings/replies`);

  // With the keyboard alone: open, walk, close, open, go.
  await page.locator('h1, main').first().waitFor();
  await keys(page, 'g', 'w');
  await eventually('the menu is open at where one is', () => focused(page), (text) => text.includes('quillhaven'));
  await looksRight(page, 'places');
  await keys(page, 'Escape');
  assert.equal(await page.locator('[data-places]').getAttribute('open'), null);
  await keys(page, 'g', 'w', 'ArrowUp');
  await eventually('the other one', () => focused(page), (text) => text.includes('corner-bakery'));
  await keys(page, 'Enter');
  await page.waitForURL(`${base}/queue`);
  await eventually('another workspace', () => here(page), (id) => id && id !== first);
  step('moved');

  // The tab that was left behind: nothing is done, and it says why.
  await left.locator('input[name=shortcut]').fill('hello');
  await left.locator('textarea[name=text]').fill('Hello.');
  await left.locator('[data-reply-form] .button-primary').click();
  await left.locator('.toast', { hasText: 'This page belongs to “quillhaven”' }).getByRole('button', { name: 'Reload' }).waitFor();
  const replies = await (await page.request.get(`${base}/api/v1/canned-replies`)).json();
  assert.deepEqual(replies.items, [], 'nothing was done in the other workspace');
  await left.close();

  // All clients on one page; on a phone too.
  await keys(page, 'g', 'e');
  await page.waitForURL(`${base}/agency`);
  assert.equal(await page.locator('[data-client]').count(), 2);
  await looksRight(page, 'clients');
  await page.setViewportSize(PHONE);
  await looksRight(page, 'clients');
  await page.locator('[data-places] summary').click();
  await looksRight(page, 'places');
  await page.locator('[data-places] button', { hasText: 'quillhaven' }).click();
  await eventually('back', () => here(page), (id) => id === first);
  assert.deepEqual(page.complaints, []);
}

const browser = await launchBrowser();
try {
  await main(browser);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
