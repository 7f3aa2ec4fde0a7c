// A person in charge, seen from both sides at once: a visitor in the widget and a colleague in the console, against a real server.
// Started by the integration test.
//
//   HOLDPOINT_BASE       origin of the server
//   HOLDPOINT_AGENT      the agent's public key
//   HOLDPOINT_COLLEAGUE  e-mail address of a reviewer called Jonas
//   HOLDPOINT_PASSWORD   their password
//   HOLDPOINT_QUESTION   a question that the knowledge answers
//   HOLDPOINT_LINK       a link as it stands in an e-mail to another visitor, whose answer says "Your bicycle is ready."
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs
//
// Every step is one line of JSON; exit code 0 when all went well, 1 with `{"step":"failed","error":…}` otherwise.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed, widget } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_AGENT: agent, HOLDPOINT_COLLEAGUE: colleague, HOLDPOINT_PASSWORD: password, HOLDPOINT_QUESTION: question, HOLDPOINT_LINK: link } = process.env;
const root = (page) => page.locator('holdpoint-chat');
const found = [];

async function accessible(page, name, within) {
  for (const problem of await accessibilityProblems(page, within)) found.push(`${name}: ${problem}`);
}

async function asksForPerson(page) {
  await page.goto(`${base}/chat/${agent}`);
  const chat = widget(page);
  await chat.panel.waitFor();
  await chat.write(question);
  await chat.committed(question);
  await root(page).getByRole('button', { name: 'Talk to a person' }).click();
  await chat.committed('I would like to talk to a person.');
  await eventually('it says that a person will answer', () => root(page).locator('.line').textContent(), (words) => words.includes('A person will answer'));
  step('asked');

  const address = root(page).getByRole('textbox', { name: 'E-mail address' });
  await address.fill('vera');
  await address.press('Enter');
  await eventually('what is no address is refused in words', () => root(page).locator('.extra .bad').textContent(), (words) => words.includes('e-mail'));
  await accessible(page, 'widget with the form', 'holdpoint-chat');
  await picture(page, 'override-email');
  await address.fill('vera@example.org');
  await address.press('Enter');
  await root(page).getByText('are sent to vera@example.org').waitFor();
  step('address left');
}

async function signIn(page, next) {
  await page.goto(`${base}${next}`);
  // A busy browser gives it the focus a moment after the page is there.
  await page.locator('[name=email]:focus').waitFor();
  await page.keyboard.type(colleague);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${next}`);
}

async function takesOverLive(page, visitor) {
  await signIn(page, '/live');
  const row = page.locator('[data-row]').first();
  await row.getByText('I would like to talk to a person.').waitFor();
  await page.locator('[data-link-state=live]').waitFor();
  await accessible(page, 'live');
  await picture(page, 'override-live');
  await page.keyboard.press('t');
  await row.getByText('Jonas answers').waitFor();
  await eventually('the visitor sees whom they talk to', () => root(visitor).locator('.line').textContent(), (words) => words.includes('Jonas, a person'));
  await page.keyboard.press('o');
  await page.waitForURL(/\/conversations\//);
  await page.locator('[data-brief]').getByText(question).waitFor();
  step('taken over');
}

async function answers(page, visitor) {
  const text = page.locator('[data-reply] [data-text]');
  await page.keyboard.press('c');
  await page.locator('[data-suggestion]').getByText('The AI suggests').waitFor();
  await page.locator('[data-insert]').waitFor();
  await picture(page, 'override-conversation');
  await accessible(page, 'conversation');
  await page.keyboard.press('i');
  assert.notEqual(await text.inputValue(), '', 'the suggestion is in the text');
  const before = await widget(visitor).texts();
  assert.equal(before.length, 3, `a suggestion is sent to nobody: ${before}`);

  await text.fill('');
  await page.keyboard.type('/ho');
  await page.locator('[data-canned] li').first().waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await text.inputValue(), 'We open at nine, dear visitor.');
  await page.keyboard.press('Control+Enter');
  await widget(visitor).committed('We open at nine, dear visitor.');
  await eventually('under the name of the person', () => root(visitor).locator('.msg.person .meta b').first().textContent(), (name) => name === 'Jonas');

  // What is typed while a message is on its way stays.
  const messages = /\/api\/v1\/conversations\/[^/]+\/messages$/;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(messages, async (route) => { await released; await route.continue(); });
  const [sending, answered] = [page.waitForRequest(messages), page.waitForResponse(messages)];
  await page.keyboard.type('One moment.');
  await page.keyboard.press('Control+Enter');
  await sending;
  await page.keyboard.type(' I look it up');
  release();
  await (await answered).finished();
  await widget(visitor).committed('One moment.');
  await page.waitForTimeout(300);
  assert.equal(await text.inputValue(), 'One moment. I look it up');
  await page.unroute(messages);
  await text.fill('');

  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.type('Careful: the journalist.');
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-note]').getByText('Careful: the journalist.').waitFor();
  await page.keyboard.press('Escape');
  step('answered');
}

async function handsBack(page, visitor) {
  await page.keyboard.press('h');
  await page.keyboard.type('Was told when we open.');
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await page.locator('[data-note]').getByText('Was told when we open.').waitFor();
  const chat = widget(visitor);
  await eventually('the AI is back', () => root(visitor).locator('.line').textContent(), (words) => !words.includes('Jonas'));
  await chat.write(question);
  await chat.committed(question);
  // The AI drafts again, and on the page that shows everything live it appears without a reload.
  const live = await page.context().newPage();
  await live.goto(`${base}/live`);
  await live.locator('[data-row]').first().getByText('A draft waits for a person').waitFor();
  await chat.status.locator('.wait').waitFor();
  assert.ok(!(await chat.texts()).join(' ').includes('journalist'));
  await live.close();
  step('handed back');
}

async function ends(page, visitor) {
  await page.keyboard.press('x');
  const form = root(visitor).getByRole('group', { name: /How was this conversation/ });
  await form.waitFor();
  await accessible(visitor, 'widget with the rating', 'holdpoint-chat');
  await picture(visitor, 'override-rating');
  await form.getByRole('radio', { name: '4' }).check();
  await root(visitor).getByRole('textbox', { name: /What was good/ }).fill('Quick and kind.');
  await root(visitor).getByRole('button', { name: 'Send', exact: true }).click();
  await root(visitor).getByText('Thank you for your rating.').waitFor();
  await page.getByText('Rated 4 of 5').waitFor();
  step('rated');
}

async function comesBack(browser) {
  const page = await newPage(browser, PHONE);
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(link);
  await widget(page).committed('Your bicycle is ready.');
  assert.equal(new URL(page.url()).hash, '', 'the key does not stay in the address');
  const key = link.split('holdpoint=')[1];
  assert.ok(requests.every((url) => !url.includes(key)), 'no request carries the key in its address');
  assert.deepEqual(page.complaints, []);
  step('came back');
}

const browser = await launchBrowser();
try {
  const visitor = await newPage(browser, DESKTOP);
  const console_ = await newPage(browser, DESKTOP);
  await asksForPerson(visitor);
  await takesOverLive(console_, visitor);
  await answers(console_, visitor);
  await handsBack(console_, visitor);
  await ends(console_, visitor);
  await comesBack(browser);
  assert.deepEqual([...visitor.complaints, ...console_.complaints], []);
  assert.deepEqual(found, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error), also: found });
  process.exitCode = 1;
}
await browser.close();
