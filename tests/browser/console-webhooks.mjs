// Webhooks in a browser, by keyboard: an address is told what happens, its secret is shown once, it is tried, paused, exchanged and removed.
//
//   HOLDPOINT_BASE           origin of the server
//   HOLDPOINT_OWNER          e-mail address of the owner
//   HOLDPOINT_PASSWORD       their password
//   HOLDPOINT_RECEIVER       an address that may be told
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_RECEIVER: receiver } = process.env;

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${path}**`);
}

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, '/settings/tools');
  const says = (words) => page.locator('.toast-words').filter({ hasText: words }).last().waitFor();
  const agrees = (label) => page.getByRole('button', { name: label }).press('Enter');
  await page.getByRole('link', { name: 'Webhooks' }).press('Enter');
  await page.waitForURL(`${base}/settings/webhooks`);
  await looksRight(page, 'webhooks-empty');

  // What may not be asked is refused in a sentence, and what was typed stays.
  const address = page.getByRole('textbox', { name: 'Address' });
  await address.fill('https://127.0.0.1/hooks');
  await page.keyboard.press('Enter');
  await says('inside this machine');
  await address.fill(receiver);
  await page.getByLabel('What for').fill('The shop’s own system');
  await page.getByLabel('Everything').press('Space');
  await page.getByRole('button', { name: 'Tell it' }).press('Enter');
  await says('Tick at least one');
  await page.getByLabel('conversation.created').press('Space');
  await looksRight(page, 'webhook-new');
  await page.getByRole('button', { name: 'Tell it' }).press('Enter');
  const secret = page.getByLabel('The secret', { exact: true });
  await secret.waitFor();
  const first = await secret.textContent();
  assert.match(first, /^whsec_/);
  await looksRight(page, 'webhook-secret');
  await page.getByRole('link', { name: 'It is kept, go on' }).press('Enter');
  await page.waitForURL(/settings\/webhooks\/[0-9a-f-]{36}$/);
  assert.ok(!(await page.content()).includes('whsec_'), 'a secret is shown once');
  step('subscribed');

  await page.getByRole('button', { name: 'Send a test' }).press('Enter');
  await says('A test is on its way');
  await eventually('the test was delivered', async () => {
    await page.reload();
    return page.getByText('Delivered', { exact: true }).count();
  });
  await page.locator('.delivery summary').first().press('Enter');
  await page.getByText('Answered 204').waitFor();
  await looksRight(page, 'webhook');
  await page.getByRole('button', { name: /^Send again/ }).press('Enter');
  await says('It is on its way again.');
  step('tried');

  await page.getByRole('button', { name: 'Make a new secret' }).press('Enter');
  await agrees('Make a new one');
  await secret.waitFor();
  assert.notEqual(await secret.textContent(), first);
  await page.getByRole('link', { name: 'It is kept, go on' }).press('Enter');
  await page.getByText('The secret before signs as well until').waitFor();
  await page.getByRole('button', { name: 'Pause' }).press('Enter');
  await agrees('Pause it');
  await page.getByText('What happens now is not sent.').waitFor();
  await looksRight(page, 'webhook-paused');
  await page.getByRole('button', { name: 'Resume' }).press('Enter');
  await says('It is told again what happens.');
  await page.getByLabel('What for').fill('Reports');
  await page.getByLabel('message.created').press('Space');
  await page.getByRole('button', { name: 'Save' }).press('Enter');
  await page.getByRole('heading', { name: 'Reports' }).waitFor();
  await page.getByText('2 types of events').waitFor();
  await page.getByRole('button', { name: 'Send it' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Send it' }).press('Enter');
  await says('queued');
  step('changed');

  const phone = await newPage(browser, PHONE);
  await signIn(phone, '/settings/webhooks');
  await looksRight(phone, 'webhooks-phone');
  await phone.getByRole('main').getByRole('link', { name: 'Reports' }).tap();
  await phone.getByRole('heading', { name: 'Reports' }).waitFor();
  await looksRight(phone, 'webhook-phone');

  await page.getByRole('button', { name: 'Remove' }).press('Enter');
  await agrees('Remove it');
  await page.waitForURL(`${base}/settings/webhooks`);
  await page.getByText('Nobody is told anything yet.').waitFor();
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('removed');
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
