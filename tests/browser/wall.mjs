// Live's wall in a browser, while visitors come to a shop on another site: figures, paths and what happened move without a reload; goals and leads are
// set by keyboard; nothing is said of whoever does not want it. Started by the integration test.
//
//   HOLDPOINT_BASE      origin of the server
//   HOLDPOINT_PAGE      address of a page with the widget
//   HOLDPOINT_OWNER     e-mail address of the owner
//   HOLDPOINT_PASSWORD  their password
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, eventually, launchBrowser, looksRight, newPage, step, whatFailed, widget } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_PAGE: shop, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;
const SIZES = [[360, 740], [768, 1024], [1440, 900]];

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}${path}`);
}

/** Light and dark, with axe, at every width. */
async function looksRightEverywhere(page, name) {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await looksRight(page, name);
  }
  await page.setViewportSize(DESKTOP.viewport);
}

const figure = (page, name) => page.locator(`[data-figure="${name}"]`);
const shows = (page, name, words) => eventually(`${name} is ${words}`, () => figure(page, name).textContent(), (text) => text === words);

const browser = await launchBrowser();
try {
  const page = await newPage(browser, DESKTOP);
  await signIn(page, '/settings/goals');
  // A goal, by keyboard.
  await page.getByRole('textbox', { name: 'Name' }).last().fill('Saw the shop');
  await page.getByRole('textbox', { name: 'Page; a * stands for anything' }).fill('/thanks*');
  await page.getByLabel('Worth').last().selectOption('fixed');
  await page.getByRole('textbox', { name: 'Value in EUR' }).fill('2,50');
  await page.keyboard.press('Enter');
  await page.getByText('worth 2.50 EUR each time').waitFor();
  await looksRightEverywhere(page, 'goals');
  step('goal');

  await page.goto(`${base}/live`);
  await page.locator('[data-link-state=live]').waitFor();
  await page.evaluate(() => { window.sameDocument = true; });
  await shows(page, 'visitors', '0');
  // Whoever asked not to be tracked is nobody.
  const hidden = await browser.newContext();
  await hidden.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
  const unseen = await hidden.newPage();
  const heard = [];
  unseen.on('request', (request) => { if (request.url().endsWith('/here')) heard.push(request.url()); });
  await unseen.goto(shop);
  await unseen.locator('holdpoint-chat .launcher').waitFor();

  const first = await newPage(browser, DESKTOP);
  await first.goto(shop);
  const chat = widget(first);
  await chat.launcher.waitFor();
  await shows(page, 'visitors', '1');
  await eventually('their page', () => page.locator('[data-paths]').textContent(), (text) => text.includes('/') && text.includes('1'));
  const second = await newPage(browser, DESKTOP);
  await second.goto(shop);
  await shows(page, 'visitors', '2');
  await second.goto('about:blank');
  await shows(page, 'visitors', '1');
  assert.deepEqual(heard, [], 'nothing is said of who does not want it');
  await hidden.close();
  step('seen');

  // What happens stands on top, as a sentence that leads to its conversation, and no line is said twice.
  await chat.open();
  await chat.write('Do you repair e-bikes?');
  const wrote = page.locator('[data-feed] li').filter({ hasText: 'wrote.' });
  await wrote.first().waitFor();
  assert.match(await wrote.first().locator('a').getAttribute('href'), /^\/conversations\/[0-9a-f-]{36}$/);
  const going = async () => Number(await figure(page, 'ai').textContent()) + Number(await figure(page, 'waiting').textContent());
  await eventually('one conversation goes on', going, (count) => count === 1);
  // The visitor reaches the goal on a page that changes its address by itself.
  await first.evaluate(() => history.pushState(null, '', '/thanks/17?order=1'));
  await eventually('where they are', () => page.locator('[data-paths]').textContent(), (text) => text.includes('/thanks/17'));
  assert.ok(!(await page.locator('[data-paths]').textContent()).includes('order'));
  await shows(page, 'conversions', '1');
  await page.locator('[data-feed] li').filter({ hasText: 'reached “Saw the shop”, as their page says.' }).waitFor();
  const lines = await page.locator('[data-feed] li').evaluateAll((all) => all.map((line) => Number(line.dataset.seq)));
  assert.deepEqual(lines, [...new Set(lines)].sort((a, b) => b - a));
  step('reached');

  const back = first.locator('holdpoint-chat');
  await back.getByRole('button', { name: 'Call me back' }).click();
  await back.getByText('We use what you write here only to call').waitFor();
  await back.getByLabel('Telephone number or e-mail').fill('0117 496 0011');
  await back.getByLabel('What is it about?').fill('A wheel that wobbles');
  await back.locator('.extra').getByRole('button', { name: 'Send' }).click();
  await shows(page, 'leads', '1');
  assert.ok(await page.evaluate(() => window.sameDocument), 'all of it without a reload');
  await looksRightEverywhere(page, 'live-wall');

  await page.goto(`${base}/actions/leads`);
  await page.getByText('A wheel that wobbles').waitFor();
  const card = page.locator('[data-lead]');
  const kept = () => page.waitForResponse((answer) => answer.request().method() === 'PATCH' && answer.ok());
  const [stage] = await Promise.all([kept(), card.getByLabel('Stage').selectOption('contacted')]);
  assert.equal((await stage.json()).stage, 'contacted');
  await Promise.all([kept(), card.getByLabel('Looked after by').selectOption({ label: 'Mia' })]);
  await looksRightEverywhere(page, 'leads');
  await page.getByLabel('Stage').first().selectOption('won');
  await page.getByRole('button', { name: 'Show', exact: true }).press('Enter');
  await page.getByText('Nobody fits').waitFor();
  await page.goto(`${base}/actions/leads?stage=contacted&owner=me`);
  await page.locator('[data-lead] a').first().press('Enter');
  await page.getByText('Agreed to: We use what you write here').waitFor();
  await looksRightEverywhere(page, 'lead');
  for (const one of [page, first]) assert.deepEqual(one.complaints, []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
