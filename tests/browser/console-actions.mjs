// Actions in a browser, by keyboard: an approval that an agent asked for is changed and granted, another refused; a tool is defined, proposed in a
// conversation, approved and carried out; what nobody knows about is settled.
//
//   HOLDPOINT_BASE           origin of the server
//   HOLDPOINT_OWNER          e-mail address of the owner
//   HOLDPOINT_PASSWORD       their password
//   HOLDPOINT_FIRST          an approval that waits; another one waits behind it, and a draft before it
//   HOLDPOINT_CONVERSATION   a conversation
//   HOLDPOINT_TOOL           a tool's definition; its server takes one request and fails at the next
//   HOLDPOINT_SECRET         what that server wants to be shown
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, eventually, launchBrowser, looksRight, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password, HOLDPOINT_FIRST: first } = process.env;
const { HOLDPOINT_CONVERSATION: conversation, HOLDPOINT_TOOL: tool, HOLDPOINT_SECRET: secret } = process.env;

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
  await signIn(page, '/queue');
  const says = (words) => page.locator('.toast-words').filter({ hasText: words }).last().waitFor();
  const article = page.locator('[data-queue-item] [data-item]');
  const titled = (words) => article.getByRole('heading', { name: words }).waitFor();
  // A key pressed the moment something new appears was meant for what stood there before.
  const key = async (name) => { await page.waitForTimeout(400); await page.keyboard.press(name); };

  // Drafts and actions stand in one list, in the order in which they began to wait.
  await eventually('three wait', () => page.locator('[data-queue-count]').textContent(), (words) => words === '3 wait');
  assert.equal(await page.locator('[data-count="queue"] .count-number').textContent(), '3');
  assert.deepEqual(await page.locator('[data-row]').evaluateAll((rows) => rows.map((row) => 'rowAction' in row.dataset)), [false, true, true]);
  await key('j');
  await titled('issue_voucher');
  await page.waitForURL(`${base}/actions/${first}`);
  await page.getByText('Asked by the agent Otto').first().waitFor();
  await key('w');
  await article.getByText('exactly these arguments').waitFor();
  await looksRight(page, 'action');
  await key('w');
  step('seen');

  // What cannot be read is said beside its field; what the schema forbids is said by the server, and nothing that was typed is lost.
  await key('e');
  const amount = article.getByRole('textbox', { name: /^Amount in pounds/i });
  await amount.fill('twenty');
  await page.keyboard.press('Control+Enter');
  await article.getByText('Write a number, like 20 or 20.50.').waitFor();
  await amount.fill('2050');
  await page.keyboard.press('Control+Enter');
  await article.locator('[data-refused]').filter({ hasText: /100/ }).waitFor();
  assert.equal(await amount.inputValue(), '2050');
  await looksRight(page, 'action-edited');
  await amount.fill('20.5');
  await article.getByText('Before: 50', { exact: true }).waitFor();
  await page.keyboard.press('Control+Enter');
  await says('Approved with other arguments');
  await eventually('the next one', () => article.getAttribute('data-item'), (id) => id && id !== first);

  // Taken back, and what was typed is still there.
  await key('u');
  await eventually('back', () => article.getAttribute('data-item'), (id) => id === first);
  assert.equal(await amount.inputValue(), '20.5');
  await page.waitForTimeout(400);
  await page.keyboard.press('Control+Enter');
  await eventually('gone again', () => article.getAttribute('data-item'), (id) => id && id !== first);
  step('edited');

  // No, with a reason for whoever asked.
  if (await article.getAttribute('data-kind') !== 'action') await key('j');
  await titled('issue_voucher');
  await key('r');
  await article.getByLabel(/Why not/).fill('She has had one already.');
  await looksRight(page, 'action-rejected');
  await page.keyboard.press('Control+Enter');
  await says('Rejected');
  step('rejected');

  // A tool is defined: what is wrong with it is a sentence, and the text stays.
  await page.goto(`${base}/settings/models`);
  await page.getByRole('link', { name: 'Tools' }).press('Enter');
  await page.waitForURL(`${base}/settings/tools`);
  await looksRight(page, 'tools-empty');
  await page.getByRole('link', { name: 'A request to another machine' }).press('Enter');
  await page.waitForURL(/new-tool/);
  await looksRight(page, 'tool-new');
  const definition = page.getByRole('textbox', { name: 'As JSON' });
  const pretty = JSON.stringify(JSON.parse(tool), null, 2);
  await definition.fill(pretty.replace('"refund_order"', '"Refund Order"'));
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alert').getByText(/lower-case letters/).waitFor();
  assert.match(await definition.inputValue(), /Refund Order/);
  await definition.fill(pretty);
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(`${base}/settings/tools/refund_order`);
  await page.getByText('The secret shop_key is not set').waitFor();
  await looksRight(page, 'tool');
  await page.getByRole('link', { name: 'Set it' }).press('Enter');
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('shop_key');
  await page.getByLabel('Secret', { exact: true }).fill(secret);
  await page.keyboard.press('Enter');
  await says('The secret shop_key is set.');
  assert.ok(!(await page.content()).includes(secret), 'a secret is never shown');
  await looksRight(page, 'tools');
  step('tool');

  // A reviewer proposes it in a conversation, reads exactly what will be sent, and approves.
  const propose = async (pounds) => {
    await page.goto(`${base}/conversations/${conversation}`);
    await page.waitForLoadState('load');
    await eventually('shortcuts', async () => {
      if (!(await page.locator('[data-propose][open]').count())) await page.keyboard.press('p');
      return page.locator('[data-propose][open]').count();
    });
    const form = page.getByRole('form', { name: 'Refund an order' });
    await form.getByLabel(/Order number/).fill('20811');
    await form.getByLabel(/Amount in pounds/i).fill('400');
    await form.getByLabel(/Reason/).selectOption('late');
    await page.keyboard.press('Control+Enter');
    await form.getByText(/refunded by the owner/).waitFor();
    await form.getByLabel(/Amount in pounds/i).fill(pounds);
    if (pounds === '18') await looksRight(page, 'propose');
    await page.keyboard.press('Control+Enter');
    await says('It waits in the queue now.');
    await page.locator('[data-conversation-actions]').getByText('Waits for people').waitFor();
    await page.goto(`${base}/queue?actions=true`);
    await titled('Refund an order');
  };
  await propose('18');
  await key('w');
  await article.getByText('Bearer {secret:shop_key}').waitFor();
  await article.getByText('/orders/20811/refunds').waitFor();
  await looksRight(page, 'action-tool');
  await key('a');
  await says('Approved');
  await page.getByRole('heading', { name: 'Nothing is waiting' }).waitFor();
  step('approved');
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await page.waitForURL(`${base}/actions`);
  const row = page.locator('[data-action-row]').filter({ hasText: 'Refund an order' }).first();
  await row.getByText('Done', { exact: true }).waitFor();
  await row.getByRole('link').first().press('Enter');
  await page.getByText('approved it as it was proposed').waitFor();
  await page.getByText('{"refund":"r-1"}').waitFor();
  await looksRight(page, 'action-done');

  // The other machine breaks: nobody knows, and a person says what they found.
  await propose('19');
  await key('a');
  await says('Approved');
  step('approved again');
  await page.goto(`${base}/actions`);
  const unknown = page.getByRole('region', { name: 'Nobody knows whether these were done' });
  await unknown.waitFor();
  await looksRight(page, 'actions-unknown');
  await unknown.getByRole('link', { name: 'Refund an order' }).press('Enter');
  await page.getByRole('button', { name: 'It was not done' }).waitFor();
  await looksRight(page, 'action-unknown');
  await page.getByRole('button', { name: 'It was done' }).press('Enter');
  await page.locator('.page-head .tag').getByText('Done', { exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'It was done' }).count(), 0);
  await page.goto(`${base}/conversations/${conversation}`);
  await page.locator('[data-conversation-actions]').waitFor();
  await looksRight(page, 'conversation');
  await page.goto(`${base}/log`);
  await page.getByText(/found out that “refund_order” was done/).waitFor();
  await page.goto(`${base}/actions/leads`);
  await looksRight(page, 'leads');
  step('settled');

  const phone = await newPage(browser, PHONE);
  step('phone');
  await signIn(phone, '/actions');
  await looksRight(phone, 'actions');
  await phone.getByRole('link', { name: 'issue_voucher' }).first().waitFor();
  await phone.goto(`${base}/queue?actions=true`);
  await phone.getByRole('heading', { name: 'issue_voucher' }).waitFor();
  await looksRight(phone, 'action');
  await phone.getByRole('button', { name: /^Edit/ }).tap();
  await phone.getByRole('textbox', { name: /^Amount in pounds/i }).waitFor();
  await looksRight(phone, 'action-edited');
  for (const [path, name] of [['/settings/tools', 'tools'], ['/settings/tools/refund_order', 'tool'], [`/conversations/${conversation}`, 'conversation']]) {
    await phone.goto(`${base}${path}`);
    await looksRight(phone, name);
  }
  assert.deepEqual([...page.complaints, ...phone.complaints], []);
  step('done');
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
