// From a gap to an answer in a browser: what visitors asked in vain stands on the page Improve with what a person replied; it is approved, tried
// on questions of the past, published, and the page says what came of it. Then it is taken back and published again over a regression, with a reason.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_GAP        the gap's questions, as JSON
//   HOLDPOINT_REPLY      what a person replied
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_REPLY: reply } = process.env;
const questions = JSON.parse(process.env.HOLDPOINT_GAP);

async function signIn(page) {
  await page.goto(`${base}/improve`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/improve`);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page);
  const gap = page.locator('[data-gap]');
  assert.equal(await gap.count(), 1, 'one gap, whatever words they used');
  assert.match(await gap.locator('.row-meta').textContent(), /3 visitors, 3 questions/);
  await gap.getByText('What they asked').click();
  for (const question of questions) await gap.getByRole('link', { name: question }).waitFor();
  const [question, answer] = ['Question', 'Answer'].map((name) => gap.getByRole('textbox', { name }));
  assert.equal(await answer.inputValue(), reply, 'what a person replied is proposed');
  await looksRight(page, 'improve');
  step('gap');

  // What is emptied by mistake is asked for, and nothing is lost.
  await answer.fill('');
  await gap.getByRole('button', { name: 'Approve and try it' }).press('Enter');
  await page.locator('.toast-words').getByText('Write the answer first.').waitFor();
  await answer.fill(reply);
  await question.focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/improve\/[0-9a-f-]{36}$/);
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  assert.match(await page.locator('[data-says]').textContent(), /3 of 3 questions of the gap are answered with it; before it was 0/);
  assert.equal(await page.locator('.sides > div:last-child .source-text').first().textContent(), reply);
  await looksRight(page, 'candidate');
  step('tried');

  await page.getByRole('button', { name: 'Publish' }).press('Enter');
  await page.locator('[data-candidate][data-state="published"]').waitFor();
  await page.locator('.toast-words').getByText('It is live.').waitFor();
  await page.goto(`${base}/queue`);
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await page.waitForURL(`${base}/improve`);
  await page.locator('[data-results]').getByText(/3 of 3 questions of this gap are answered now; before it was 0/).waitFor();
  assert.equal(await page.locator('[data-gap]').count(), 0, 'the gap is closed');
  await looksRight(page, 'improve-learnt');
  step('published');

  // A question that must stay answered, and a change that takes its answer away.
  const set = page.getByRole('form', { name: 'Add a question to the regression set' });
  await set.getByRole('textbox', { name: 'Question' }).fill(questions[0]);
  await set.getByRole('textbox', { name: 'Answer' }).fill(reply);
  await set.getByRole('button', { name: 'Add' }).press('Enter');
  await page.getByRole('button', { name: `Take out: ${questions[0]}` }).waitFor();
  await page.goto(`${base}/knowledge/verified`);
  await page.getByRole('button', { name: /^Retire/ }).first().press('Enter');
  await page.getByRole('button', { name: 'Retire', exact: true }).last().press('Enter');
  await page.locator('.toast-words').getByText(/must stay answered/).waitFor();
  await page.goto(`${base}/improve`);
  await page.locator('[data-waiting] a').first().click();
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  await page.getByText('not right any more').first().waitFor();
  await looksRight(page, 'candidate-worse');
  await page.getByRole('button', { name: 'Publish' }).press('Enter');
  await page.locator('.toast-words').getByText('Say why it is right all the same.').waitFor();
  await page.getByLabel('Why').fill('The tours have ended.');
  await page.keyboard.press('Enter');
  await page.locator('[data-candidate][data-state="published"]').waitFor();
  await page.getByText('published it on').getByText('The tours have ended.').waitFor();
  await page.getByRole('button', { name: 'Take it back' }).press('Enter');
  await page.locator('[data-candidate][data-state="rolled_back"]').waitFor();
  step('taken back');

  const phone = await newPage(browser, PHONE);
  await signIn(phone);
  await looksRight(phone, 'improve');
  await phone.locator('[data-done] a').first().click();
  await eventually('a change on a phone', () => phone.locator('[data-candidate]').count());
  await looksRight(phone, 'candidate');
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
