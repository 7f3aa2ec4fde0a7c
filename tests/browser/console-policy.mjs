// An owner's policy by keyboard alone, against a real server: write a rule in the form, be told at the field what is wrong with it, try it
// on the past, apply it, see what the version changed, read it as text, release a topic and close it again. Then the page in light and
// dark, on a desk and on a phone: no accessibility problem, a picture of each.
//
//   HOLDPOINT_BASE          origin of the server
//   HOLDPOINT_SETUP_TOKEN   of a set-up link that is not used yet
//   HOLDPOINT_PASSWORD      the one that is chosen
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, picture, setUp, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base } = process.env;

/** Puts the focus where Tab would bring it, and presses Enter: a button that cannot be focused fails. */
async function press(page, locator) {
  await locator.focus();
  assert.ok(await locator.evaluate((element) => element === document.activeElement), 'a button can be reached by keyboard');
  await page.keyboard.press('Enter');
}

const field = (row, name) => row.locator(`[data-field="${name}"]`);

async function writeRule(page) {
  await page.locator('[data-form]').waitFor();
  await press(page, page.locator('[data-add="topic"]'));
  await page.keyboard.type('opening hours');
  const topic = page.locator('[data-topics] > li').first();
  await field(topic, 'words').focus();
  await page.keyboard.type('open');
  await press(page, page.locator('[data-add="rule"]'));
  await page.keyboard.type('Hours when sure');
  const rule = page.locator('[data-rules] > li').first();
  await field(rule, 'topic').focus();
  await page.keyboard.type('opening ours');
  await field(rule, 'then').selectOption('hand_off');
  step('written');

  await press(page, page.locator('[data-apply]'));
  const message = rule.locator('.field-problem');
  await message.waitFor();
  assert.match(await message.textContent(), /did you mean “opening hours”/);
  const invalid = field(rule, 'topic');
  assert.equal(await invalid.getAttribute('aria-invalid'), 'true');
  assert.ok(await invalid.evaluate((element) => element === document.activeElement), 'the field has the focus');
  await looksRight(page, 'policy-refused');
  step('refused');

  await invalid.fill('opening hours');
  await press(page, page.locator('[data-try]'));
  const whatIf = page.locator('[data-what-if]');
  await whatIf.waitFor();
  assert.match(await whatIf.textContent(), /Of 2 drafts in 30 days, 1 would go another way/);
  assert.match(await whatIf.locator('tbody tr').last().textContent(), /2 → 1/);
  await looksRight(page, 'policy-what-if');
  step('tried');

  await press(page, page.locator('[data-apply]'));
  await page.locator('[data-policy][data-version="1"]').waitFor();
  await press(page, page.locator('[data-diff="1"] summary'));
  await eventually('the version tells what it changed', () => page.locator('[data-diff="1"] ins').count(), (count) => count > 3);
  step('applied');
}

async function readAsText(page) {
  await page.locator('[data-form]').waitFor();
  await press(page, page.locator('[data-show="text"]'));
  const toml = page.locator('[data-toml]');
  await toml.waitFor();
  assert.match(await toml.inputValue(), /when = \{ topic = "opening hours" \}/);
  await toml.fill(`${await toml.inputValue()}\n[[rules]]\n`);
  await press(page, page.locator('[data-show="form"]'));
  await eventually('the mistake is told with its line', () => page.locator('[data-problems]').textContent(), (text) => /Line \d+: .*did you mean `rule`/.test(text));
  assert.ok(await toml.isVisible(), 'a text with a mistake stays');
  await toml.fill((await toml.inputValue()).replace('[[rules]]', ''));
  await press(page, page.locator('[data-show="form"]'));
  await page.locator('[data-form]').waitFor();
  assert.equal(await field(page.locator('[data-rules] > li').first(), 'then').inputValue(), 'hand_off');
  step('read');
}

async function releaseAndClose(page) {
  await press(page, page.locator('[data-gate="release"]'));
  const dialog = page.locator('dialog[open]');
  assert.match(await dialog.textContent(), /on your own responsibility/);
  await press(page, dialog.locator('button[value="yes"]'));
  await page.locator('[data-gate="close"]').waitFor();
  assert.match(await page.locator('.policy-released').first().textContent(), /not certified.*released by Ada Quill/s);
  await looksRight(page, 'policy-released');
  await press(page, page.locator('[data-gate="close"]'));
  await page.locator('[data-gate="release"]').waitFor();
  await page.goto(`${base}/log`);
  assert.match(await page.locator('main').textContent(), /Ada Quill released “opening hours” without a certificate/);
  step('released');
}

async function onAPhone(browser, page) {
  const state = await page.context().storageState();
  const phone = await newPage(browser, { ...PHONE, storageState: state });
  await phone.goto(`${base}/settings/policy`);
  await phone.locator('[data-form]').waitFor();
  await looksRight(phone, 'policy');
  assert.deepEqual(phone.complaints, []);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await setUp(page);
  await page.goto(`${base}/settings/policy`);
  await writeRule(page);
  await readAsText(page);
  await page.goto(`${base}/settings/policy`);
  await page.locator('[data-form]').waitFor();
  await looksRight(page, 'policy');
  await releaseAndClose(page);
  await onAPhone(browser, page);
  assert.deepEqual(page.complaints, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
