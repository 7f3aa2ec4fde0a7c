// An agent's settings in a browser, by keyboard: what is changed is shown before it is sent; what can change answers is tried and published; a
// version of before is one key away.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${path}`);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, '/settings/models');
  await page.getByRole('link', { name: 'Agents' }).press('Enter');
  await page.waitForURL(`${base}/agents`);
  await looksRight(page, 'agents');
  await page.getByRole('link', { name: /Juno/ }).press('Enter');
  await page.waitForURL(/\/agents\/[0-9a-f-]{36}$/);
  const agent = page.url();
  const [model, adapter] = ['[data-model]', '[data-adapter]'].map((field) => page.locator(field));
  const models = await model.locator('option').allTextContents();
  assert.ok(models.length === 2 && models[0].startsWith('What this machine uses') && /^writer \(\d+ kB\)$/.test(models[1]), models.join());
  assert.match(await adapter.locator('option[value="tone"]').textContent(), /fits no model here/);
  assert.ok(await adapter.locator('option[value="tone"]').isDisabled(), 'an adapter for another model cannot be chosen');
  await model.selectOption('writer');
  await page.getByRole('region', { name: 'What you changed' }).getByText('chat models').waitFor();
  await model.selectOption('');
  await looksRight(page, 'agent');
  step('page');

  // Looks alone are live at once.
  const preview = page.getByRole('region', { name: 'What you changed' });
  const greeting = page.getByRole('textbox', { name: 'First line', exact: true });
  await greeting.fill('Good day! What can I do for you?');
  await page.getByRole('textbox', { name: /^Questions to begin with/ }).fill('When do you open?\n\n Do you deliver? ');
  await preview.getByText('Live as soon as you save:').waitFor();
  assert.equal(await preview.locator('[data-at-once] [data-names]').textContent(), 'first line, questions to begin with');
  const save = page.locator('[data-save]');
  assert.equal(await save.textContent(), 'Save');
  await save.press('Enter');
  await page.locator('.toast-words').getByText('Version 2 is in force.').waitFor();
  assert.equal(await page.getByRole('textbox', { name: /^Questions to begin with/ }).inputValue(), 'When do you open?\nDo you deliver?');
  step('at once');

  // What can change answers is tried first, and nothing else is lost on the way.
  const instructions = page.getByRole('textbox', { name: /^Instructions/ });
  await instructions.fill('Answer in one short sentence.');
  await page.getByLabel('How it speaks').selectOption('formal');
  for (const kind of [/Quotes of the best passage/, /that the chat model writes/]) await page.getByRole('checkbox', { name: kind }).press('Space');
  await preview.getByText(/is tried on about? ?\d+ questions? first|is tried on \d+ question first/).waitFor();
  assert.equal(await preview.locator('[data-tried] [data-names]').textContent(), 'instructions, tone, kinds of answers');
  assert.ok((await preview.locator('[data-diff] ins').count()) > 0, 'what is told otherwise is marked');
  assert.equal(await save.textContent(), 'Try it');
  await looksRight(page, 'agent-changed');
  await save.press('Enter');
  await page.waitForURL(/\/improve\/[0-9a-f-]{36}$/);
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  await page.getByText('Settings of an agent').waitFor();
  await page.getByText('no answer any more').waitFor();
  await looksRight(page, 'agent-tried');
  await page.goto(agent);
  await page.getByRole('link', { name: 'Juno: instructions, tone, kinds of answers' }).press('Enter');
  await page.waitForURL(/\/improve\/[0-9a-f-]{36}$/);
  await page.getByLabel('Why').fill('Quotes read badly.');
  await page.keyboard.press('Enter');
  await page.locator('[data-candidate][data-state="published"]').waitFor();
  step('published');

  // Back to how it answered before: tried and published like everything else.
  await page.goto(agent);
  await page.getByText('What it changed').first().press('Enter');
  await page.getByText('From then on').first().waitFor();
  await looksRight(page, 'agent-versions');
  await page.getByRole('button', { name: 'Answer as in version 2 again' }).press('Enter');
  await page.waitForURL(/\/improve\/[0-9a-f-]{36}$/);
  await page.locator('[data-candidate][data-state="waiting"]').waitFor();
  await page.getByRole('button', { name: 'Publish' }).press('Enter');
  await page.locator('[data-candidate][data-state="published"]').waitFor();
  step('returned');

  // In a hurry, with a reason; without one nothing happens.
  await page.goto(agent);
  await page.getByRole('textbox', { name: /^Instructions/ }).fill('Say that the bakery is closed today.');
  await page.getByText('It cannot wait').press('Enter');
  const now = page.getByRole('button', { name: 'Publish it untried' });
  await now.press('Enter');
  await page.locator('.toast-words').getByText('Say why it cannot wait.').waitFor();
  await page.getByLabel('Why').fill('The oven is broken.');
  await now.press('Enter');
  await page.locator('.toast-words').getByText(/It is live, and is compared/).waitFor();
  assert.equal(await page.getByRole('textbox', { name: /^Instructions/ }).inputValue(), 'Say that the bakery is closed today.');

  // What the server refuses stands at the top, and nothing that was typed is lost.
  await page.getByRole('textbox', { name: /^Web sites/ }).fill('shop.example');
  await page.locator('[data-save]').press('Enter');
  await page.getByRole('alert').getByText(/This must be changed first/).waitFor();
  assert.equal(await page.getByRole('textbox', { name: /^Web sites/ }).inputValue(), 'shop.example');
  await page.getByRole('button', { name: 'Undo my changes' }).press('Enter');
  await eventually('nothing is changed', () => preview.isHidden());
  step('hurry');

  const phone = await newPage(browser, PHONE);
  await signIn(phone, '/agents');
  await looksRight(phone, 'agents');
  await phone.goto(agent);
  await looksRight(phone, 'agent');
  await phone.getByRole('textbox', { name: /^Instructions/ }).fill('Short.');
  await phone.getByRole('region', { name: 'What you changed' }).waitFor();
  await looksRight(phone, 'agent-changed');

  // A new one.
  await page.goto(`${base}/agents`);
  const made = page.getByRole('form', { name: 'A new agent' });
  await made.getByRole('textbox', { name: /^Name/ }).fill('Otto');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Otto' }).waitFor();
  await page.getByText('they are live as soon as you save').first().waitFor();
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
