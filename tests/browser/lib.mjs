// What the browser tests share: finding Chromium, starting it, reading the widget, saying what happened.
//
//   HOLDPOINT_CHROMIUM   the browser to run (default /usr/bin/chromium)
//   HOLDPOINT_OUT        where pictures go (default: none are kept)
//   HOLDPOINT_SLOWER     how many times slower the pages' processor is made to be (default 1): what a test takes for granted shows at 10

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// playwright-core is installed next to the other browser libraries, by install.sh.
const require = createRequire(new URL('../../assets/package.json', import.meta.url));

/** Chromium, headless, talking to nobody but the pages it is told to open. */
export async function launchBrowser() {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath: process.env.HOLDPOINT_CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Far more than anything takes: a busy machine must not fail a test. */
export const AMPLE_MS = 60_000;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** A page that fails the test when anything on it throws or a content policy is violated. */
export async function newPage(browser, options = DESKTOP) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(AMPLE_MS);
  context.on('page', slowDown);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (line) => {
    if (/Content Security Policy|Uncaught/.test(line.text())) page.complaints.push(line.text());
  });
  return page;
}

async function slowDown(page) {
  const rate = Number(process.env.HOLDPOINT_SLOWER || 1);
  if (rate === 1) return;
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/** Everything in the widget that a test reads or touches. Roles and labels, as a visitor's screen reader finds them. */
export function widget(page) {
  const root = page.locator('holdpoint-chat');
  return {
    launcher: root.locator('.launcher'),
    panel: root.getByRole('dialog'),
    box: root.locator('textarea'),
    log: root.getByRole('log'),
    connection: root.locator('.link'),
    status: root.locator('.status'),
    badge: root.locator('.badge'),
    async open() {
      await this.launcher.click();
      await this.panel.waitFor();
    },
    async write(text) {
      await this.box.fill(text);
      await this.box.press('Enter');
    },
    /** The texts in the log from top to bottom, the greeting left out. */
    async texts() {
      return root.locator('.msg[data-seq] .bubble, .msg.unsent .bubble').allTextContents();
    },
    bubble: (text) => root.locator('.msg').filter({ hasText: text }),
    /** Waits until `text` is there as a committed message. */
    async committed(text, timeout = AMPLE_MS) {
      await root.locator('.msg[data-seq]').filter({ hasText: text }).first().waitFor({ timeout });
    },
    /** Waits until the widget hears what the stand-in for the server streams, and will not ask for a snapshot by itself. */
    async connected(mock) {
      mock.setStatus({ phase: 'drafting' });
      await this.status.locator('.dots').waitFor();
      mock.setStatus({ phase: 'idle' });
      await eventually('events arrive', () => this.status.locator('.dots').count(), (dots) => dots === 0);
    },
    /** Questions to begin with that are shown. */
    starters: root.getByRole('group', { name: 'Questions to begin with' }).getByRole('button'),
    problem: root.getByRole('alert'),
  };
}

/** One line of JSON on standard output: how a test tells whoever started it where it is. */
export function step(name, more = {}) {
  process.stdout.write(`${JSON.stringify({ step: name, ...more })}\n`);
}

/** What went wrong and where in the script, short enough for the log of a build. */
export function whatFailed(error) {
  const where = /tests\/browser\/((?!lib)[\w-]+\.mjs:\d+)/.exec(error.stack ?? '')?.[1];
  return `${error.message}${where ? ` (${where})` : ''}`;
}

/** Whether one reads, or hears, what an answer rests on before one is asked for a verdict. */
export const sourcesComeFirst = (article) =>
  article.evaluate((article) => {
    const [sources, verdict] = ['[data-sources]', '[data-verdict]'].map((name) => article.querySelector(name));
    return Boolean(sources.compareDocumentPosition(verdict) & Node.DOCUMENT_POSITION_FOLLOWING);
  });

/** Keeps a picture when HOLDPOINT_OUT says where. */
export async function picture(page, name) {
  if (!process.env.HOLDPOINT_OUT) return;
  mkdirSync(process.env.HOLDPOINT_OUT, { recursive: true });
  await page.screenshot({ path: join(process.env.HOLDPOINT_OUT, `${name}.png`), animations: 'disabled' });
}

/**
 * What axe finds on the page or `within` an element of it, open shadow roots included: `rule: element, element`. It is evaluated, not added to the
 * page as a script, so it runs under any content policy.
 */
export async function accessibilityProblems(page, within = 'html') {
  // Half-faded elements have half a contrast.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(readFileSync(require.resolve('axe-core'), 'utf8'));
  const { violations } = await page.evaluate((selector) => window.axe.run(selector, { resultTypes: ['violations'] }), within);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(', ')}`);
}

/** In light and in dark: nothing that axe finds, nothing wider than the screen; and keeps a picture of each. */
export async function looksRight(page, name) {
  for (const look of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: look });
    assert.deepEqual(await accessibilityProblems(page), [], `${name} in ${look}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(width <= 0, `${name} is ${width} px too wide`);
    await picture(page, `${name}-${look}-${page.viewportSize().width}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Becomes the owner by the link that `init` prints, with the keyboard alone. */
export async function setUp(page) {
  const { HOLDPOINT_BASE: base, HOLDPOINT_SETUP_TOKEN: token, HOLDPOINT_PASSWORD: password } = process.env;
  await page.goto(`${base}/setup?token=${token}`);
  // A busy browser gives the name the focus a moment after the page is there.
  await page.locator('[name=name]:focus').waitFor();
  for (const words of ['Ada Quill', 'ada@quillhaven.example', password]) {
    await page.keyboard.type(words);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/queue`);
}

/** Polls `read` until `holds(value)`; fails with the last value, which says more than a time-out does. */
export async function eventually(what, read, holds = Boolean, timeout = AMPLE_MS) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
