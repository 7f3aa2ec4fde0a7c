// How soon the next item is painted after a decision, with a long queue: from the keydown until the browser has painted the next
// item, read from the page's own clock. Started by the integration test, which has filled the queue.
//
//   HOLDPOINT_BASE, HOLDPOINT_OWNER, HOLDPOINT_PASSWORD: the server, an e-mail address, its password
//   HOLDPOINT_DECISIONS: how many are taken (default 100)
//
// Its last step is the result: {"step":"painted","waiting":…,"decisions":…,"p50_ms":…,"p95_ms":…,"worst_ms":…}

import { eventually, launchBrowser, newPage, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_OWNER: owner, HOLDPOINT_PASSWORD: password } = process.env;
const decisions = Number(process.env.HOLDPOINT_DECISIONS || 100);

/** A person reads before deciding; keys rest for a moment after an item appears. By the page's own clock. */
const READS_MS = 800;

/** In the page: resolves when the item has stood there for a while. */
const read = async (readsMs) => {
  const shown = () => document.querySelector('article[data-item]')?.dataset.item;
  let [item, since] = [shown(), performance.now()];
  while (performance.now() - since < readsMs) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    if (shown() !== item) [item, since] = [shown(), performance.now()];
  }
};

/** In the page, before the key: `painted` will be the milliseconds from the next keydown to the frame after the one that shows another item. */
const measure = () => void (window.painted = new Promise((resolve, reject) => {
  const shown = () => document.querySelector('article[data-item]')?.dataset.item;
  const before = shown();
  addEventListener('keydown', (event) => {
    const began = event.timeStamp;
    const look = () => {
      if (performance.now() - began > 60_000) return reject(new Error('the key changed nothing'));
      if (shown() === before) return requestAnimationFrame(look);
      // What the next frame begins with has been painted.
      requestAnimationFrame(() => resolve(performance.now() - began));
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true });
}));

async function main(browser) {
  const page = await newPage(browser);
  await page.goto(`${base}/login?next=/queue`);
  await page.getByLabel('E-mail').fill(owner);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.locator('article[data-item]').waitFor();
  const waiting = await page.locator('[data-queue-count]').textContent();
  step('opened', { waiting });
  const taken = [];
  for (let n = 0; n < decisions; n += 1) {
    await page.evaluate(read, READS_MS);
    // Waited for: a key can overtake what is to listen for it.
    await page.evaluate(measure);
    await page.keyboard.press('a');
    taken.push(await page.evaluate(() => window.painted));
    if (n % 10 === 9) step('decided', { decisions: n + 1 });
  }
  await eventually('nothing is complained about', () => page.complaints.length, (count) => count === 0, 1);
  taken.sort((a, b) => a - b);
  const at = (share) => Math.round(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]);
  step('painted', { waiting, decisions, p50_ms: at(0.5), p95_ms: at(0.95), worst_ms: at(1) });
}

const browser = await launchBrowser();
try {
  await main(browser);
} catch (error) {
  step('failed', { error: whatFailed(error) });
  process.exitCode = 1;
} finally {
  await browser.close();
}
