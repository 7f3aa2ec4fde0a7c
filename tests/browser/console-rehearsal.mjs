// A rehearsal by keyboard alone, against a real server: from the quality page to a file, its answers judged, one taken back, the result
// sheet. Then the pages in light and dark, on a desk and on a phone.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_FILE       questions of the past
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, launchBrowser, looksRight, newPage, sourcesComeFirst, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_FILE: file } = process.env;

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${path}`);
}

const says = (page, words) =>
  page.waitForFunction((words) => document.querySelector('[data-progress-words]')?.textContent.includes(words), words);
const text = (page) => page.locator('[data-question]').textContent();
const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);
/** A verdict at once was meant for the answer before. */
const looked = (page) => page.waitForTimeout(400);

async function begin(page) {
  await page.getByRole('link', { name: 'Rehearse with past questions' }).press('Enter');
  await page.waitForURL(`${base}/rehearsal`);
  await looksRight(page, 'rehearsals-none');
  const form = page.getByRole('form', { name: 'Begin one' });
  await form.getByRole('button', { name: 'Begin' }).press('Enter');
  await page.locator('.toast-words').getByText('Choose a file first.').waitFor();
  assert.ok(await hasFocus(form.locator('input[type=file]')), 'what is missing has the focus');
  await form.locator('input[type=file]').setInputFiles({ name: 'prices.csv', mimeType: 'text/csv', buffer: Buffer.from('name,price\nBell,7\n') });
  await form.getByRole('button', { name: 'Begin' }).press('Enter');
  await page.locator('.toast-words').getByText('names no column for the questions').waitFor();
  await form.locator('input[type=file]').setInputFiles(file);
  const most = form.getByLabel('Questions at most');
  await most.fill('abc');
  await form.getByRole('button', { name: 'Begin' }).press('Enter');
  await page.locator('.toast-words').getByText('write a whole number from 1 to 500').waitFor();
  assert.ok(await hasFocus(most), 'the field that is wrong has the focus');
  assert.equal(await most.getAttribute('aria-invalid'), 'true');
  await most.fill('500');
  await form.getByRole('button', { name: 'Begin' }).press('Enter');
  await page.waitForURL(/\/rehearsal\/[0-9a-f-]{36}$/);
  step('begun');
}

async function judge(page) {
  await says(page, 'drafted; 0 of 4 answers judged');
  await says(page, 'All ');
  await page.locator('[data-case]').waitFor();
  assert.ok(await page.locator('[data-case]').evaluate((item) => item === document.activeElement), 'what is judged has the focus');
  assert.ok(await sourcesComeFirst(page.locator('[data-case]')));
  await looksRight(page, 'rehearsal');
  const first = await text(page);
  await looked(page);
  await page.keyboard.press('n');
  await page.keyboard.type('Keys rest while this is written: a b c');
  await page.keyboard.press('Escape');
  await page.keyboard.press('b');
  await says(page, '1 of 4 answers judged');
  const second = await text(page);
  assert.notEqual(second, first);
  assert.equal(await page.locator('[data-note]').inputValue(), '');

  await looked(page);
  await page.keyboard.press('a');
  await says(page, '2 of 4 answers judged');
  await page.keyboard.press('u');
  await says(page, '1 of 4 answers judged');
  assert.equal(await text(page), second, 'what was taken back is judged again');
  await looked(page);
  await page.keyboard.press('c');
  await says(page, '2 of 4 answers judged');
  await looked(page);
  await page.keyboard.press('a');
  await says(page, '3 of 4 answers judged');
  await page.keyboard.press('?');
  await page.locator('[data-help][open]').waitFor();
  await page.keyboard.press('Escape');
  step('judged');
  return first;
}

async function onAPhone(browser, page) {
  const phone = await newPage(browser, { ...PHONE, storageState: await page.context().storageState() });
  await phone.goto(page.url());
  await phone.locator('[data-case]').waitFor();
  await looksRight(phone, 'rehearsal');
  await looked(phone);
  await phone.getByRole('button', { name: 'Right' }).tap();
  await phone.getByRole('heading', { name: 'All answers are judged' }).waitFor();
  const undo = phone.getByRole('button', { name: 'Take the last verdict back' });
  assert.ok(await undo.isVisible());
  await looksRight(phone, 'rehearsal-done');
  await phone.locator('[data-none]').getByRole('link', { name: 'Result sheet' }).tap();
  await phone.getByRole('heading', { name: 'At a glance' }).waitFor();
  await looksRight(phone, 'rehearsal-sheet');
  return phone;
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, '/quality');
  await begin(page);
  const wrong = await judge(page);
  const phone = await onAPhone(browser, page);

  await page.getByRole('button', { name: 'End rehearsal' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).press('Enter');
  await page.getByRole('heading', { name: 'This rehearsal has ended' }).waitFor();
  assert.ok(await page.locator('[data-undo]').isHidden(), 'what has ended is not judged anew');
  await page.keyboard.press('s');
  await page.waitForURL(/\/sheet$/);
  assert.equal(await page.getByRole('img', { name: /Of \d+ questions: Right: 2; Wrong: 1; Rather a person: 1/ }).count(), 1, 'the picture says what it shows');
  const gap = page.locator('li.card').filter({ hasText: wrong });
  assert.match(await gap.textContent(), /Keys rest while this is written/);
  await looksRight(page, 'rehearsal-sheet');
  step('summed up');

  await page.goto(`${base}/rehearsal`);
  await looksRight(page, 'rehearsals');
  await page.getByRole('button', { name: /^Remove/ }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
  await page.locator('.toast-words').getByText('Removed.').waitFor();
  assert.equal(await page.locator('.rehearsal-row').count(), 0);
  await page.getByText('There is no rehearsal yet.').waitFor();
  assert.ok(await hasFocus(page.locator('h1')), 'the focus is not lost with what was removed');
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
