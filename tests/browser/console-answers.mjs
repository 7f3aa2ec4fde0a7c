// Verified answers, in a browser and by keyboard: one that newer knowledge speaks against is found, looked at and said to be right; another one is
// written down, changed on its page, and its history leads to what was tried.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_QUESTION   the question of the answer that is to be looked at
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_QUESTION: question } = process.env;

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, '/knowledge');
  await page.getByRole('link', { name: /Verified answers.*1 to look at/ }).press('Enter');
  await page.waitForURL(/\/knowledge\/verified$/);
  await looksRight(page, 'answers');
  await page.getByRole('link', { name: /^Answers to look at/ }).press('Enter');
  await page.waitForURL(/show=to_look_at/);
  await page.getByRole('link', { name: question }).press('Enter');
  await page.waitForURL(/\/knowledge\/answers\/[0-9a-f-]{36}$/);
  await page.getByRole('heading', { name: 'Is it still right?' }).waitFor();
  assert.equal(await page.locator('[data-conflict] .sides > div').count(), 2, 'before and now, side by side');
  await looksRight(page, 'answer-to-look-at');
  await page.setViewportSize(PHONE.viewport);
  await looksRight(page, 'answer-to-look-at-phone');
  await page.setViewportSize(DESKTOP.viewport);
  await page.getByRole('button', { name: 'Still right' }).press('Enter');
  await page.locator('.toast-words').getByText('Noted: it is still right.').waitFor();
  assert.equal(await page.locator('[data-conflict]').count(), 0);
  await page.getByText(/said on .* that the answer is still right/).waitFor();
  step('right');

  await page.goto(`${base}/knowledge/verified`);
  await page.getByText('Write one yourself').press('Enter');
  const form = page.locator('[data-write]');
  await form.getByLabel('Answer', { exact: true }).fill('Only by the lake.');
  await page.keyboard.press('Tab');
  await form.getByRole('button', { name: 'Keep it' }).press('Enter');
  await page.locator('.toast-words').getByText('Write the question first.').waitFor();
  await page.keyboard.type('Where is the frobnicated xyzzy?');
  await form.getByLabel(/^Other wordings/).fill('Place of the xyzzy?\nplace of the XYZZY');
  await form.getByRole('button', { name: 'Keep it' }).press('Enter');
  await page.locator('.toast-words').getByText(/stands there twice/).waitFor();
  await form.getByLabel(/^Other wordings/).fill('Place of the xyzzy?');
  await looksRight(page, 'answers-writing');
  await form.getByRole('button', { name: 'Keep it' }).press('Enter');
  await page.waitForURL(/\/knowledge\/answers\/[0-9a-f-]{36}$/);
  await page.getByText('Place of the xyzzy?').first().waitFor();
  const written = page.url();
  step('written');

  const change = page.locator('[data-change]');
  await change.getByLabel(/^Looked after by/).fill('Noor');
  await change.getByRole('button', { name: 'Change it' }).press('Enter');
  await page.locator('.toast-words').getByText('Noted.').waitFor();
  assert.equal(page.url(), written, 'who looks after it is only noted');
  await page.locator('[data-change] [name=answer]').fill('Only by the mill.');
  await page.locator('[data-change]').getByRole('button', { name: 'Change it' }).press('Enter');
  await page.waitForURL((url) => url.href !== written && url.pathname.startsWith('/knowledge/answers/'));
  await page.locator('.passage').getByText('Only by the mill.').waitFor();
  assert.equal(await page.locator('section[aria-labelledby=history-title] ol > li').count(), 2);
  await looksRight(page, 'answer');
  await page.getByRole('link', { name: 'What it said before' }).press('Enter');
  await page.waitForURL(written);
  await page.getByRole('link', { name: 'What took its place' }).waitFor();
  await looksRight(page, 'answer-retired');
  step('changed');

  const phone = await newPage(browser, PHONE);
  await signIn(phone, '/knowledge/verified');
  await phone.locator('[data-answers]').waitFor();
  await looksRight(phone, 'answers-phone');
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
