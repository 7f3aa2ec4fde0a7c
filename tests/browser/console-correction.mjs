// What follows from an edit, in a browser: an answer is edited in the queue, the toast leads on, ticks are set by keyboard, and the page ends at what
// is tried. Afterwards the conversation leads to what was said.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_RIGHT      what the answer is edited to
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_RIGHT: right } = process.env;
/** Decision keys rest this long after an item appears. */
const LOOK_FIRST_MS = 400;

/** Goes to a tick by the keyboard and sets it. */
async function tick(page, name) {
  const box = page.getByRole('checkbox', { name });
  await box.focus();
  await page.keyboard.press('Space');
  return box;
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await page.goto(`${base}/queue`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  const item = page.locator('article[data-item]');
  await item.waitFor();
  const conversation = await item.getAttribute('data-conversation');
  await page.waitForTimeout(LOOK_FIRST_MS);
  await page.keyboard.press('e');
  await item.locator('[data-text]').fill(right);
  // Remembering it would be the first of the six effects already.
  const remember = item.locator('[name=remember]');
  if (await remember.isChecked()) await remember.uncheck();
  await page.keyboard.press('Control+Enter');
  const onward = page.getByRole('link', { name: 'What else follows from this?' });
  await onward.waitFor();
  assert.ok(await page.getByRole('button', { name: /^Undo/ }).count(), 'it can still be undone');
  await onward.press('Enter');
  await page.waitForURL(/\/improve\/corrections\/[0-9a-f-]{36}$/);
  const correction = page.url();
  step('edited');

  await page.getByText('One other visitor got exactly what the draft says; 1 left an address.').waitFor();
  const text = page.getByRole('textbox', { name: 'What it should say' });
  assert.equal(await text.first().isVisible(), false, 'nothing shows that is not ticked');
  await looksRight(page, 'correction');
  await tick(page, 'The knowledge is out of date');
  await tick(page, /^Answer this question like this/);
  await page.getByRole('checkbox', { name: /^Change/ }).first().focus();
  await page.keyboard.press('Space');
  const said = await text.first().inputValue();
  await tick(page, /^Nothing goes live/);
  await tick(page, /^Write to those/);
  await tick(page, /agent's instructions/);
  await looksRight(page, 'correction-ticked');
  await page.setViewportSize(PHONE.viewport);
  await looksRight(page, 'correction-ticked');
  await page.setViewportSize(DESKTOP.viewport);

  // What was ticked and not changed is refused, and nothing that was typed is lost.
  const button = page.getByRole('button', { name: 'Do what is ticked' });
  await button.press('Enter');
  await page.locator('.toast-words').getByText(/exactly that already/).waitFor();
  await text.first().fill(`${said} On Mondays from ten.`);
  await page.getByRole('textbox', { name: /^Instructions/ }).fill('Name the source of every time.');
  assert.equal(await page.getByRole('textbox', { name: 'What they read' }).inputValue(), right);
  await button.press('Enter');
  await page.waitForURL(/\/improve\/[0-9a-f-]{36}$/);
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  const changes = page.locator('section[aria-labelledby=changes-title] li');
  assert.equal(await changes.count(), 3, 'answer, document and instructions are one change');
  await page.getByText('On Mondays from ten.').first().waitFor();
  step('tried');

  await page.goto(`${base}/conversations/${conversation}`);
  await page.locator('.trace summary').first().click();
  await page.getByRole('link', { name: 'What else follows from this?' }).press('Enter');
  await page.waitForURL(correction);
  await page.locator('[data-done]').getByText('has said what follows').waitFor();
  await looksRight(page, 'correction-done');
  await tick(page, /^Write to those/);
  await page.getByRole('button', { name: 'Write to them' }).press('Enter');
  await page.locator('.toast-words').getByText('They have been written to before.').waitFor();

  const phone = await newPage(browser, PHONE);
  await phone.goto(correction);
  await phone.getByLabel('E-mail').fill(owner);
  await phone.getByLabel('Password').fill(password);
  await phone.keyboard.press('Enter');
  await eventually('what was said, on a phone', () => phone.locator('[data-done]').count());
  await looksRight(phone, 'correction-done');
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
