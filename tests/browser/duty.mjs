// When nobody is there, seen by a visitor in the widget; and what the team has for whoever comes back. Against a real server.
// Started by the integration test, which moves the clock between the steps.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_AGENT      the agent's public key
//   HOLDPOINT_OWNER      e-mail address of the owner
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_QUESTION   a question that the knowledge answers
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs
//
// Every step is one line of JSON; exit code 0 when all went well, 1 with `{"step":"failed","error":…}` otherwise.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed, widget } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_AGENT: agent, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_QUESTION: question } = process.env;
const root = (page) => page.locator('holdpoint-chat');
const address = (page) => root(page).getByRole('textbox', { name: 'E-mail address' });
const found = [];

async function accessible(page, name, within) {
  for (const problem of await accessibilityProblems(page, within)) found.push(`${name}: ${problem}`);
}

async function asks(page) {
  await page.goto(`${base}/chat/${agent}`);
  const chat = widget(page);
  await chat.panel.waitFor();
  await chat.write(question);
  await chat.committed(question);
  return chat;
}

/** It is a Monday evening, and the business is closed. */
async function closed(page) {
  const chat = await asks(page);
  await eventually('it says when somebody is back', () => chat.status.textContent(), (words) => words.includes('back tomorrow (Tuesday) at 9:00'));
  const notice = root(page).locator('.msg.system').getByText('Leave your e-mail address');
  await notice.waitFor();
  await address(page).waitFor();
  await accessible(page, 'widget while closed', 'holdpoint-chat');
  await picture(page, 'duty-closed');
  await address(page).fill('vera@example.org');
  await address(page).press('Enter');
  await root(page).getByText('are sent to vera@example.org').waitFor();
  step('closed');
}

/** It is a Monday morning, and nobody has the console open: the deadline takes an e-mail address. */
async function takesEmail(page) {
  const chat = await asks(page);
  await eventually('a draft waits', () => chat.status.textContent(), (words) => words.includes('is checking this answer'));
  // Nobody is there to decide: an address may be left already, though nothing asks for one yet.
  await address(page).waitFor();
  step('held');
  await root(page).locator('.msg.system').getByText('nobody is free right now').waitFor();
  await address(page).waitFor();
  await accessible(page, 'widget that asks for an address', 'holdpoint-chat');
  await picture(page, 'duty-email');
  step('asked');
}

async function live(page) {
  await page.goto(`${base}/live`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/live`);
  const row = page.locator('[data-row]').filter({ hasText: 'money back' });
  await row.getByText('The visitor sounds angry').waitFor();
  await row.getByText('Sensitive topic: “refunds”').waitFor();
  assert.ok(await row.locator('.row-warn svg').first().isVisible(), 'not by colour alone');
  await accessible(page, 'live with what was noticed');
  await picture(page, 'duty-live');
  step('live');
}

async function byTopic(page) {
  await page.goto(`${base}/queue`);
  const count = page.locator('[data-queue-count]');
  await eventually('all wait', () => count.textContent(), (words) => words.startsWith('3 '));
  await page.keyboard.press('v');
  await page.getByRole('combobox', { name: 'Topic' }).selectOption('refunds');
  await page.getByLabel('Keep this view as').fill('Refund desk');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.waitForURL(/topic=refunds/);
  await eventually('one is about refunds', () => count.textContent(), (words) => words.startsWith('1 '));
  await eventually('the view has its name', () => page.locator('[data-view-name]').textContent(), (name) => name === 'refund desk');

  await page.goto(`${base}/queue?kind=handoff`);
  const brief = page.locator('[data-queue-item] [data-brief]');
  await brief.getByText(question).first().waitFor();
  await accessible(page, 'queue with a brief');
  await picture(page, 'duty-brief');
  step('sorted');
}

async function replies(page) {
  await page.goto(`${base}/settings/replies`);
  await page.getByLabel('Short name').fill('Opening Hours');
  await page.getByLabel('Text', { exact: true }).fill('We open at nine.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('letters, digits or hyphens').waitFor();
  await page.getByLabel('Short name').fill('hours');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: '/hours' }).waitFor();
  await accessible(page, 'canned replies');
  await page.getByRole('button', { name: 'Edit /hours' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type(' See you!');
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-replies]').getByText('We open at nine. See you!').waitFor();
  await picture(page, 'duty-replies');
  await page.getByRole('button', { name: 'Remove /hours' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await eventually('it is gone', () => page.locator('[data-reply]').count(), (count) => count === 0);
  step('replies');
}

const browser = await launchBrowser();
try {
  const evening = await newPage(browser, PHONE);
  const morning = await newPage(browser, DESKTOP);
  const console_ = await newPage(browser, DESKTOP);
  await closed(evening);
  await takesEmail(morning);
  await live(console_);
  await byTopic(console_);
  await replies(console_);
  assert.deepEqual([...evening.complaints, ...morning.complaints, ...console_.complaints], []);
  assert.deepEqual(found, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error), also: found });
  process.exitCode = 1;
}
await browser.close();
