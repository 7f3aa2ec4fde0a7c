// Real widgets while stories are played on the server: what they display is what was said, in committed order, at every moment, and
// whatever the network does meanwhile. Started by the integration test, which plays the stories from the step `open` on.
//
//   HOLDPOINT_BASE        origin of the server
//   HOLDPOINT_AGENT       the agent's public key
//   HOLDPOINT_VISITORS    the visitors' tokens, with commas between
//   HOLDPOINT_LAST_WORDS  what each visitor says at the end
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs

import assert from 'node:assert/strict';

import { DESKTOP, eventually, launchBrowser, newPage, step, whatFailed, widget } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_AGENT: agent, HOLDPOINT_VISITORS: visitors, HOLDPOINT_LAST_WORDS: lastWords } = process.env;

/** In the page, before the widget: every order in which messages ever stood that is not 1, 2, 3, …, and every text that changed. */
const watch = () => {
  window.outOfOrder = [];
  const texts = new Map();
  const look = (root) => {
    const all = [...root.querySelectorAll('.msg[data-seq]')];
    const seqs = all.map((node) => Number(node.dataset.seq));
    if (seqs.some((seq, at) => seq !== at + 1)) window.outOfOrder.push(seqs.join(' '));
    for (const node of all) {
      const text = `${node.dataset.author}: ${node.querySelector('.bubble').textContent}`;
      const before = texts.get(node.dataset.seq);
      if (before !== undefined && before !== text) window.outOfOrder.push(`${before} became ${text}`);
      texts.set(node.dataset.seq, text);
    }
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init);
    new MutationObserver(() => look(root)).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-seq'] });
    return root;
  };
};

/** What is displayed, from top to bottom. */
const displayed = (page) => page.locator('holdpoint-chat').locator('.msg[data-seq]').evaluateAll((nodes) => nodes.map((node) => `${node.dataset.seq} ${node.dataset.author}: ${node.querySelector('.bubble').textContent}`));

async function said(token) {
  const answer = await fetch(`${base}/widget/v1/conversation`, { headers: { Authorization: `Bearer ${token}` } });
  const { messages } = await answer.json();
  return messages.map(({ seq, author, text }) => `${seq} ${author}: ${text}`);
}

async function open(browser, token) {
  const page = await newPage(browser, DESKTOP);
  await page.addInitScript(watch);
  await page.addInitScript(([name, value]) => localStorage.setItem(name, value), [`holdpoint ${new URL(base).host} ${agent} token`, token]);
  await page.goto(`${base}/chat/${agent}`);
  await widget(page).panel.waitFor();
  return page;
}

/** Lines break and come back until everything is over. */
async function breakLines(pages, over) {
  for (let nth = 0; !over(); nth += 1) {
    const context = pages[nth % pages.length].context();
    await new Promise((resolve) => setTimeout(resolve, 150 + ((nth * 97) % 400)));
    await context.setOffline(true);
    await new Promise((resolve) => setTimeout(resolve, 50 + ((nth * 61) % 300)));
    await context.setOffline(false);
  }
}

const browser = await launchBrowser();
try {
  const tokens = visitors.split(',');
  const pages = [];
  for (const token of tokens) pages.push(await open(browser, token));
  step('open');
  let over = false;
  const breaking = breakLines(pages, () => over);
  for (const page of pages) await widget(page).committed(lastWords, 600_000);
  over = true;
  await breaking;
  let messages = 0;
  for (const [nth, page] of pages.entries()) {
    const expected = await said(tokens[nth]);
    messages += expected.length;
    await eventually('everything said is displayed', () => displayed(page), (shown) => shown.length === expected.length);
    assert.deepEqual(await displayed(page), expected);
    assert.deepEqual(await page.evaluate(() => window.outOfOrder), []);
    assert.deepEqual(page.complaints, []);
  }
  step('displayed', { widgets: pages.length, messages });
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
}
await browser.close();
