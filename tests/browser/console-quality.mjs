// The quality page in a browser: the curve with its table, the planner by keyboard, the owner's limit saved and refused, the answers behind
// a figure; light and dark, on a desk and on a phone, with no accessibility problem.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;

async function signIn(page) {
  await page.goto(`${base}/quality`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/quality`);
}

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

/** What watches over quality, with its picture and its table. */
async function watchLooksRight(page) {
  for (const part of ['drift', 'reviewers']) {
    await page.locator(`#${part}-title`).evaluate((title) => title.scrollIntoView({ block: 'start' }));
    await page.evaluate(() => scrollBy(0, -80));
    await looksRight(page, `quality-${part}`);
  }
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page);
  assert.equal(await page.getByRole('img', { name: /By the last test \d.* could go out/ }).count(), 1, 'the curve says what it shows');
  await page.getByText('The curve as a table').click();
  await looksRight(page, 'quality');
  assert.equal(await page.getByRole('img', { name: /6 checks were judged, 3 of them bad/ }).count(), 1, 'the watch says what it shows');
  await page.getByText('Day by day').click();
  assert.equal(await page.getByRole('region', { name: 'The watch day by day' }).getByRole('row').count(), 7);
  assert.equal(await page.getByRole('link', { name: /verdicts of Noor/ }).count(), 1);
  await watchLooksRight(page);
  step('seen');

  const planner = page.getByRole('form', { name: 'Planner' });
  await planner.getByLabel('Conversations a day').fill('20');
  await planner.getByLabel('How sure').fill('7');
  await page.keyboard.press('Enter');
  await page.waitForURL(/confidence=7/);
  const wrong = planner.getByLabel('How sure');
  await eventually('the field that is wrong has the focus', () => hasFocus(wrong));
  assert.deepEqual([await wrong.inputValue(), await wrong.getAttribute('aria-invalid')], ['7', 'true']);
  assert.equal(await planner.getByLabel('Conversations a day').inputValue(), '20', 'what was typed stays');
  await wrong.fill('95');
  await page.keyboard.press('Enter');
  await page.waitForURL(/confidence=95/);
  assert.ok((await page.locator('[data-plan] li').first().textContent()).startsWith('The gate is '));
  step('planned');

  const form = page.getByRole('form', { name: 'Your limit' });
  const [limit, opens] = [form.getByLabel('Bad answers at most'), form.getByLabel('Let certificates open the gate')];
  await limit.fill('4,25');
  await page.keyboard.press('Enter');
  await form.locator('.field-problem').getByText('write a number like 4 or 4.5').waitFor();
  assert.equal(await limit.getAttribute('aria-invalid'), 'true');
  assert.ok(await hasFocus(limit), 'the field that is wrong has the focus');
  await looksRight(page, 'quality-refused');
  await limit.fill('60');
  await page.keyboard.press('Enter');
  await page.locator('[data-autonomy] [role="alert"]').getByText('limit has to lie between').waitFor();
  assert.equal(await form.locator('.field-problem').count(), 0);

  await limit.fill('3,5');
  await opens.check();
  await form.getByRole('button', { name: 'Save' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: /without anybody having read them/ });
  await dialog.waitFor();
  assert.ok(await hasFocus(dialog.getByRole('button', { name: 'Not yet' })), 'what changes nothing has the focus');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await eventually('nothing was switched on', async () => !(await opens.isChecked()));
  assert.equal(await page.locator('.toast-words').getByText('Saved.').count(), 0, 'nothing was saved');

  await opens.check();
  await form.getByRole('button', { name: 'Save' }).press('Enter');
  await dialog.getByRole('button', { name: 'Let certificates open the gate' }).press('Enter');
  await page.locator('.toast-words').getByText('Saved.').waitFor();
  await eventually('one goes on where one was on the new page', () => hasFocus(form.getByRole('button', { name: 'Save' })));
  assert.equal(await page.getByText('an owner has to allow that').count(), 0, 'the page says what is true now');
  await page.goto(`${base}/queue`);
  await page.keyboard.press('g');
  await page.keyboard.press('y');
  await page.waitForURL(`${base}/quality`);
  assert.equal(await form.getByLabel('Bad answers at most').inputValue(), '3.5');
  assert.ok(await form.getByLabel('Let certificates open the gate').isChecked());
  step('saved');

  await page.getByRole('link', { name: /sent in May 2026/ }).click();
  await page.getByRole('heading', { name: 'Answers sent without a person in May 2026' }).waitFor();
  await page.goto(`${base}/quality`);
  await page.getByRole('link', { name: /verdicts of Noor/ }).click();
  await page.getByRole('heading', { name: 'Answers judged by Noor in the last year' }).waitFor();
  await page.goto(`${base}/quality`);
  await page.getByText('Day by day').click();
  await page.getByRole('link', { name: /checks on/ }).first().click();
  await page.getByRole('heading', { name: /^Checks judged on \d+ \w+ \d{4}$/ }).waitFor();
  await page.goto(`${base}/quality/answers`);
  await page.locator('.answer-row').first().waitFor();
  await looksRight(page, 'quality-answers');

  const phone = await newPage(browser, PHONE);
  await signIn(phone);
  await phone.getByText('The curve as a table').click();
  await looksRight(phone, 'quality');
  await watchLooksRight(phone);
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
