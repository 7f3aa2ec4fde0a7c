// A form in the conversation, as a visitor on another site meets it: its button, the form by keyboard and on a phone, what is wrong with it,
// and what comes of it. Started by the integration test.
//
//   HOLDPOINT_PAGE       address of a page with the widget
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed, widget } from './lib.mjs';

const { HOLDPOINT_PAGE: address } = process.env;

async function byKeyboard(browser) {
  const page = await newPage(browser, DESKTOP);
  await page.goto(address);
  const chat = widget(page);
  await chat.launcher.waitFor();
  await chat.open();
  const host = page.locator('holdpoint-chat');
  await host.getByRole('button', { name: 'Call me back' }).focus();
  await page.keyboard.press('Enter');
  const name = host.getByLabel('Name (optional)');
  await name.waitFor();
  await eventually('the first field has the focus', () => host.getByLabel('Telephone number or e-mail').evaluate((node) => node.getRootNode().activeElement === node));
  assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
  await picture(page, 'widget-form');
  // Nothing is sent while something is missing.
  await page.keyboard.press('Enter');
  assert.ok(await host.getByLabel('What is it about?').isVisible());
  await host.getByLabel('Telephone number or e-mail').fill('0117 496 0011');
  await host.getByLabel('What is it about?').fill('<b>A wheel</b> that wobbles');
  await host.locator('.extra').getByRole('button', { name: 'Send' }).click();
  await eventually('the form is gone', () => host.getByLabel('Telephone number or e-mail').count(), (count) => count === 0);
  await eventually('the owner\'s words', () => host.locator('.system .bubble').allTextContents(), (texts) => texts.some((text) => text.includes('We ring you at 0117 496 0011')));
  step('sent');
  // The same form again, while it waits: said in words, and nothing is lost.
  await host.getByRole('button', { name: 'Call me back' }).click();
  await host.getByLabel('Telephone number or e-mail').fill('0117 496 0011');
  await host.getByLabel('What is it about?').fill('The same');
  await host.locator('.extra').getByRole('button', { name: 'Send' }).click();
  await eventually('why not', () => host.locator('.extra .bad').textContent(), (text) => text.includes('is being looked at'));
  assert.equal(await host.getByLabel('What is it about?').inputValue(), 'The same');
  await host.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await host.getByLabel('What is it about?').count(), 0);
  // What can be done besides is still there.
  assert.ok(await host.getByRole('button', { name: 'Talk to a person' }).isVisible());
  await page.context().close();
}

async function onPhone(browser) {
  const page = await newPage(browser, PHONE);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(address);
  const chat = widget(page);
  await chat.launcher.waitFor();
  await chat.open();
  const host = page.locator('holdpoint-chat');
  await host.getByRole('button', { name: 'Call me back' }).tap();
  await host.getByLabel('What is it about?').waitFor();
  await picture(page, 'widget-form-phone');
  assert.deepEqual(await accessibilityProblems(page, 'holdpoint-chat'), []);
  const box = await host.locator('.extra').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= PHONE.viewport.width, JSON.stringify(box));
  await page.context().close();
}

const browser = await launchBrowser();
try {
  await byKeyboard(browser);
  await onPhone(browser);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
