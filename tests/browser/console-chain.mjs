// The escalation chain by keyboard alone, against a real server: what is wrong is told at its field, what is right is kept, in the order of
// time. Then the page in light and dark, on a desk and on a phone: no accessibility problem, a picture of each.
//
//   HOLDPOINT_BASE          origin of the server
//   HOLDPOINT_SETUP_TOKEN   of a set-up link that is not used yet
//   HOLDPOINT_PASSWORD      the one that is chosen
//   HOLDPOINT_COLLEAGUE     e-mail address of a member
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, picture, setUp, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_COLLEAGUE: colleague } = process.env;

/** Puts the focus where Tab would bring it, and presses a key: what cannot be focused fails. */
async function press(page, locator, key = 'Enter') {
  await locator.focus();
  assert.ok(await locator.evaluate((element) => element === document.activeElement), 'it can be reached by keyboard');
  await page.keyboard.press(key);
}

async function open(page) {
  await page.goto(`${base}/settings/team`);
  await page.locator('[data-form]').waitFor();
}

const stepAt = (page, at) => page.locator('[data-steps] > li').nth(at);
const field = (row, name) => row.locator(`[data-field="${name}"]`);
const save = (page) => press(page, page.locator('[data-form] [type=submit]'));
const said = (page, words) => eventually(`“${words}”`, () => page.locator('.toast').allTextContents(), (texts) => texts.some((text) => text.includes(words)));

async function isToldAt(page, input, words) {
  await eventually(`“${words}” at its field`, async () => {
    const id = await input.getAttribute('aria-describedby');
    return id ? page.locator(`#${id}`).textContent() : '';
  }, (text) => text.includes(words));
}

async function writeChain(page) {
  const most = page.locator('[data-path="most_each"]');
  await eventually('what is in force is shown', () => most.inputValue(), (value) => value === '3');
  await most.fill('four');
  await press(page, page.locator('[data-add]'));
  assert.ok(await field(stepAt(page, 0), 'after_ms').evaluate((element) => element === document.activeElement), 'a new step has the focus');
  await page.keyboard.type('15');
  await save(page);
  await isToldAt(page, most, 'write a number');
  assert.ok(await most.evaluate((element) => element === document.activeElement), 'the field has the focus');
  await most.fill('4');

  const late = stepAt(page, 0);
  await press(page, late.locator(`input[value="${colleague}"]`), 'Space');
  await press(page, field(late, 'mail'), 'Space');
  await field(late, 'webhook').fill('http://hooks.shop.example/holdpoint');
  await save(page);
  await isToldAt(page, field(late, 'webhook'), 'not encrypted');
  await looksRight(page, 'chain-refused');
  step('refused');

  await field(late, 'webhook').fill('https://hooks.shop.example/holdpoint');
  // Written down last, told first.
  await press(page, page.locator('[data-add]'));
  await page.keyboard.type('5');
  await page.keyboard.press('Enter');
  await said(page, 'Saved');
  assert.equal(await field(stepAt(page, 0), 'after_ms').inputValue(), '5');
  assert.equal(await page.locator('[aria-invalid], .field-problem').count(), 0);
  step('saved');
}

async function changeIt(page) {
  await open(page);
  await eventually('both steps are there', () => page.locator('[data-steps] > li').count(), (count) => count === 2);
  assert.equal(await field(stepAt(page, 1), 'after_ms').inputValue(), '15');
  assert.ok(await stepAt(page, 1).locator(`input[value="${colleague}"]`).isChecked());
  assert.ok(await field(stepAt(page, 1), 'mail').isChecked());
  await looksRight(page, 'chain');
  await field(stepAt(page, 1), 'after_ms').fill('5,5');
  await save(page);
  await isToldAt(page, field(stepAt(page, 1), 'after_ms'), 'at least a minute after');
  await field(stepAt(page, 1), 'after_ms').fill('15');
  await press(page, page.locator('[data-add]'));
  await press(page, stepAt(page, 2).locator('[data-remove]'));
  await save(page);
  await said(page, 'Saved');
  step('changed');
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await setUp(page);
  await open(page);
  await writeChain(page);
  await changeIt(page);
  const phone = await newPage(browser, { ...PHONE, storageState: await page.context().storageState() });
  await open(phone);
  await looksRight(phone, 'chain');
  assert.deepEqual(phone.complaints, []);
  assert.deepEqual(page.complaints, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
