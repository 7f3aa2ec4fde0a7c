// A reviewer's day, by keyboard alone, against a real server: set up, clear a queue of ten items, take a conversation over
// and hand it back. Then every page in light and dark, on a desk and on a phone: no accessibility problem, a picture of each.
// Started by the integration test, which has put the ten items into the queue and checks afterwards what reached the visitors.
//
//   HOLDPOINT_BASE          origin of the server, e.g. http://127.0.0.1:4000
//   HOLDPOINT_AGENT         the agent's public key
//   HOLDPOINT_SETUP_TOKEN   of a set-up link that is not used yet
//   HOLDPOINT_COLLEAGUE     e-mail address of another reviewer
//   HOLDPOINT_PASSWORD      their password; also the one that is chosen
//   HOLDPOINT_VISITOR       token of the visitor behind the eighth item
//   HOLDPOINT_OUT, HOLDPOINT_CHROMIUM: see lib.mjs
//
// Every step is one line of JSON; exit code 0 when all went well, 1 with `{"step":"failed","error":…}` otherwise.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, accessibilityProblems, eventually, launchBrowser, newPage, picture, step, whatFailed } from './lib.mjs';

const { HOLDPOINT_BASE: base, HOLDPOINT_AGENT: agent, HOLDPOINT_SETUP_TOKEN: setupToken, HOLDPOINT_COLLEAGUE: colleague, HOLDPOINT_PASSWORD: password, HOLDPOINT_VISITOR: visitorToken } = process.env;

/** Decision keys rest this long after an item appears: they were meant for the one before. */
const LOOK_FIRST_MS = 350;
/** A turn ends after two quiet seconds, then it is drafted. */
const DRAFT_WITHIN_MS = 120_000;

/** The queue as a reviewer's screen reader finds it. */
function queue(page) {
  const item = page.locator('article[data-item]');
  return {
    item,
    rows: page.locator('[data-row]'),
    question: item.locator('[data-part=question] .message-text'),
    draft: item.locator('[data-draft-text]'),
    text: item.locator('[data-text]'),
    panel: item.locator('[data-panel]'),
    notices: item.locator('[data-part=notices]'),
    toast: page.locator('.toast').last(),
    id: () => item.getAttribute('data-item'),
    /** Presses a key that decides, once this item may be decided: it has stood there long enough by the page's own clock. */
    async press(key) {
      await page.evaluate(async (lookFirstMs) => {
        const shown = () => document.querySelector('article[data-item]')?.dataset.item;
        let [item, since] = [shown(), Date.now()];
        while (Date.now() - since < lookFirstMs) {
          await new Promise((resolve) => setTimeout(resolve, 25));
          if (shown() !== item) [item, since] = [shown(), Date.now()];
        }
      }, LOOK_FIRST_MS);
      await page.keyboard.press(key);
    },
    async shows(words) {
      await eventually(`the item asks “${words}”`, () => this.question.first().textContent(), (text) => text.includes(words));
    },
    /** Moves down to the end, then up again, until an item asks `words`. */
    async goTo(words) {
      for (const [key, end] of [['j', this.rows.last()], ['k', this.rows.first()]]) {
        for (;;) {
          if ((await this.question.first().textContent()).includes(words)) return;
          const id = await this.id();
          if ((await end.getAttribute('data-row')) === id) break;
          await page.keyboard.press(key);
          await eventually('another item is shown', this.id, (now) => now !== id);
        }
      }
      throw new Error(`no item asks “${words}”`);
    },
    async count(expected) {
      await eventually(`${expected} items wait`, () => this.rows.count(), (count) => count === expected);
    },
    async says(words) {
      await eventually(`a notice says “${words}”`, () => page.locator('.toast').allTextContents(), (texts) => texts.some((text) => text.includes(words)));
    },
  };
}

/** What a visitor's widget does, without one. */
async function visitor(path, body, token) {
  const answer = await fetch(`${base}/widget/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

async function setUp(page) {
  await page.goto(`${base}/setup?token=${setupToken}`);
  await looksRight(page, 'setup');
  // A busy browser gives the name the focus a moment after the page is there.
  await page.locator('[name=name]:focus').waitFor();
  for (const words of ['Ada Quill', 'ada@quillhaven.example', password]) {
    await page.keyboard.type(words);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/queue`);
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

async function review(browser, page) {
  const q = queue(page);
  await q.count(10);
  await page.locator('[data-link-state=live]').waitFor();
  step('queue');

  await page.keyboard.press('?');
  await page.locator('[data-help][open]').waitFor();
  await looksRight(page, 'help');
  await page.keyboard.press('Escape');

  await q.shows('How much does a tune-up cost?');
  await page.keyboard.press('j');
  await q.shows('Sundays and bank holidays');
  await page.keyboard.press('k');
  await q.shows('tune-up');
  await q.goTo('My old chain jumps');
  await looksRight(page, 'queue');
  await q.goTo('tune-up');
  step('moved');

  await q.press('a');
  await q.says('Approved');
  await q.shows('Sundays and bank holidays');
  await q.count(9);
  step('approved');

  await edit(page, q);
  await correct(page, q);
  await reject(page, q);
  await respond(page, q);
  await undo(page, q);
  await leased(browser, page, q);
  await wroteAgain(page, q);
  await arrivesLive(page, q);
  await takeOver(page, q);
}

async function edit(page, q) {
  await q.press('e');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Happy riding!');
  const diff = q.panel.locator('[data-diff] ins');
  await eventually('the change is shown', () => diff.allTextContents(), (texts) => texts.join('').includes('Happy riding!'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('4');
  assert.equal(await q.panel.locator('[value=acceptable]').isChecked(), true, 'a matter of tone alone could have gone out');
  await page.keyboard.press('n');
  assert.equal(await q.panel.locator('[value=bad]').isChecked(), true);
  await page.keyboard.press('y');
  await looksRight(page, 'queue-edit');
  await page.keyboard.press('Control+Enter');
  await q.says('Edited answer on its way');
  await q.shows('My old chain jumps');
  step('edited');
}

/** A draft of the LLM: what no source supports is marked, and so is the model. */
async function correct(page, q) {
  await q.item.locator('.mode-compose').first().waitFor();
  assert.deepEqual(await q.draft.locator('mark').allTextContents(), ['£42']);
  const flags = await q.item.locator('.flag').allTextContents();
  assert.ok(flags.some((flag) => flag.includes('“£42” does not occur in the sources')), String(flags));
  assert.ok(flags.some((flag) => flag.includes('has not been found fit')), String(flags));
  assert.ok(await q.item.locator('.source mark').count(), 'the words it rests on are marked in the source');
  await q.press('e');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('A chain that jumps is usually worn. A new one costs from £28 fitted.');
  await page.keyboard.press('Escape');
  await page.keyboard.press('1');
  assert.equal(await q.panel.locator('[value=bad]').isChecked(), true, 'a wrong fact could not have gone out');
  await page.keyboard.press('Control+Enter');
  await q.shows('Do you repair e-bikes?');
  step('corrected');
}

async function reject(page, q) {
  const id = await q.id();
  await q.press('r');
  await looksRight(page, 'queue-reject');
  await page.keyboard.press('2');
  assert.equal(await q.panel.locator('[value=outdated]').isChecked(), true);
  await page.keyboard.press('Enter');
  await q.says('Rejected');
  assert.notEqual(await q.id(), id);
  await q.shows('recommend a restaurant');
  step('rejected');
}

async function respond(page, q) {
  assert.equal(await q.draft.count(), 0, 'nothing in the knowledge answers this');
  await q.press('a');
  await q.press('e');
  assert.equal(await q.panel.isVisible(), false, 'what is not there can be neither approved nor edited');
  await looksRight(page, 'queue-handoff');
  await q.press('s');
  await page.keyboard.type('The tourist office on the quay knows best.');
  await page.keyboard.press('Control+Enter');
  await q.says('Your answer is on its way');
  await q.shows('repair a puncture');
  step('responded');
}

async function undo(page, q) {
  const id = await q.id();
  await q.press('a');
  await eventually('the next item is shown', q.id, (now) => now !== id);
  await page.keyboard.press('u');
  await eventually('the item is back', q.id, (now) => now === id);
  await q.press('a');
  await q.shows('How long does a repair take?');
  step('undone');
}

async function leased(browser, page, q) {
  const id = await q.id();
  await q.goTo('borrow a bike');
  const other = await newPage(browser, DESKTOP);
  await signIn(other, `/queue/${id}`);
  await eventually('the list shows who has it open', () => page.locator(`[data-row="${id}"] .row-held`).textContent(), (name) => name.includes('Jonas'));
  await q.goTo('How long does a repair take?');
  await eventually('the item says so too', () => q.notices.textContent(), (words) => words.includes('Jonas is looking at this'));
  await looksRight(page, 'queue-leased');
  await q.press('a');
  await q.says('Jonas is looking at this');
  assert.equal(await q.id(), id, 'nothing was decided');

  // Jonas decides; the item leaves the other reviewer's screen by itself.
  await queue(other).press('a');
  await q.says('decided by somebody else');
  await eventually('another item is shown', q.id, (now) => now !== id);
  // Jonas goes to another page, so that he has nothing open any more; a browser that is closed may not get to say so.
  await other.goto(`${base}/log`);
  assert.deepEqual(other.complaints, []);
  await other.context().close();
  step('leased');
}

async function wroteAgain(page, q) {
  await q.goTo('borrow a bike');
  await eventually('nobody else has it open', () => q.item.getAttribute('data-held-by'), (name) => !name);
  await q.press('e');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' And a helmet comes with it.');
  // The news is held up on its way to this screen, so that the decision is made on what stood there before.
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  let heldUp = 0;
  await page.route((url) => url.pathname.startsWith('/parts/queue'), async (route) => {
    heldUp += 1;
    await released;
    await route.continue();
  });
  await visitor('/messages', { client_id: 'again', text: 'And does it cost anything?' }, visitorToken);
  const refused = page.waitForResponse((response) => response.url().endsWith('/outcome'));
  await page.keyboard.press('Control+Enter');
  assert.equal((await refused).status(), 409, 'the visitor wrote again');
  await eventually('the news is held up', () => heldUp, (count) => count > 0);
  release();
  await eventually('both messages are shown', () => q.question.allTextContents(), (texts) => texts.length === 2);
  assert.match(await q.text.inputValue(), /And a helmet comes with it\.$/, 'what was typed is kept');
  await eventually('the new draft is there', () => q.item.locator('[data-part=draft]').getAttribute('aria-busy'), (busy) => busy !== 'true', DRAFT_WITHIN_MS);
  await page.waitForTimeout(1600);
  await page.keyboard.press('Control+Enter');
  await q.says('Edited answer on its way');
  step('wrote again');
}

async function arrivesLive(page, q) {
  await q.goTo('talk to a person');
  const before = await q.rows.count();
  const { token } = await visitor(`/agents/${agent}/conversations`, {});
  await visitor('/messages', { client_id: 'live', text: 'Where is the shop?' }, token);
  await eventually('it arrives by itself', () => q.rows.count(), (count) => count === before + 1, DRAFT_WITHIN_MS);
  await q.shows('talk to a person');
  step('arrived live');
}

async function takeOver(page, q) {
  await q.goTo('What does a full service cost?');
  await q.press('t');
  await page.waitForURL(/\/conversations\//);
  const text = page.locator('[data-reply] [data-text]');
  await text.waitFor();
  await page.keyboard.press('e');
  await page.keyboard.type('Hello, this is Ada from the workshop.');
  await page.keyboard.press('Control+Enter');
  await page.locator('.message-person').filter({ hasText: 'Hello, this is Ada' }).waitFor();
  await looksRight(page, 'conversation');
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await eventually('the AI answers again', () => page.locator('[data-owner]').getAttribute('data-owner'), (owner) => owner === 'ai');
  step('taken over and handed back');
}

/** What remains is answered, until nothing waits. */
async function empty(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.waitForURL(`${base}/queue**`);
  const q = queue(page);
  // The handed-back conversation and the rejected question come back for an answer.
  await eventually('everything that comes back is back', () => q.rows.count(), (count) => count >= 3, DRAFT_WITHIN_MS);
  for (;;) {
    const waiting = await q.rows.count();
    if (waiting === 0) break;
    const id = await q.id();
    if (await q.draft.count()) {
      await q.press('a');
    } else {
      await q.press('s');
      await page.keyboard.type('A colleague will call you.');
      await page.keyboard.press('Control+Enter');
    }
    await eventually('one less waits', () => q.rows.count(), (count) => count < waiting);
    await eventually('another item is shown, or none', () => q.item.evaluateAll((all) => all[0]?.dataset.item), (now) => now !== id);
  }
  await page.locator('[data-queue-empty]').waitFor();
  await looksRight(page, 'queue-empty');
  step('empty');
}

async function knowledge(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.waitForURL(`${base}/knowledge`);
  await looksRight(page, 'knowledge');
  await page.keyboard.press('/');
  await page.keyboard.type('How much is a puncture?');
  await page.locator('.hit').first().waitFor();
  await looksRight(page, 'knowledge-found');
  await page.goto(`${base}/knowledge#import`);
  await page.locator('[data-paste]').focus();
  await page.keyboard.type('## Do you sell tandems?\nYes, two of them.');
  await page.keyboard.press('Tab');
  await page.keyboard.type('tandems.md');
  await page.keyboard.press('Enter');
  await eventually('the import is told', () => page.locator('[data-import-result]').textContent(), (words) => words.includes('1 added'));
  // The whole file goes at once; before that it is asked, and a dry run changes nothing.
  await page.locator('[data-paste]').fill('## Do you sell tandems?\nNot any more.');
  await page.locator('[data-name]').fill('tandems.md');
  await page.locator('[data-try]').focus();
  await page.keyboard.press('Enter');
  await eventually('what would change is told', () => page.locator('[data-import-result]').textContent(), (words) => words.includes('It would be: 0 added, 1 changed') && words.includes('+Not any more.'));
  await looksRight(page, 'import-dry-run');
  await page.locator('[data-import] summary').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-owner]').fill('Mia');
  await looksRight(page, 'import-more');
  const imported = page.locator('.entry').filter({ hasText: 'tandems' });
  await imported.focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/knowledge\/documents\//);
  await looksRight(page, 'document');
  await page.locator('[data-remove]').focus();
  await page.keyboard.press('Enter');
  await page.locator('dialog.ask[open]').waitFor();
  await looksRight(page, 'remove');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/knowledge`);
  await eventually('it is gone', () => page.locator('.entry').filter({ hasText: 'tandems' }).count(), (count) => count === 0);

  await page.goto(`${base}/knowledge/verified`);
  const answers = page.locator('.verified');
  const before = await answers.count();
  assert.ok(before >= 3, `the corrections are verified answers now: ${before}`);
  await looksRight(page, 'verified');
  await answers.last().locator('[data-remove]').focus();
  await page.keyboard.press('Enter');
  await page.locator('dialog.ask[open]').waitFor();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await eventually('it is retired', () => answers.count(), (count) => count === before - 1);
  // The page has come anew by then, and hears keys again.
  await page.locator('.toast-words').getByText('Done.').waitFor();
  step('knowledge');
}

async function rest(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.waitForURL(`${base}/conversations`);
  await page.locator('.conversation-row').first().waitFor();
  await looksRight(page, 'conversations');
  const edited = page.locator('.conversation-row').filter({ hasText: 'Happy riding!' });
  await edited.focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/conversations\//);
  await page.locator('.trace summary').focus();
  await page.keyboard.press('Enter');
  await looksRight(page, 'conversation-edited');
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.waitForURL(`${base}/log`);
  await looksRight(page, 'log');
  await page.goto(`${base}/log?verify=1`);
  await page.getByText('The chain is whole.').waitFor();
  await looksRight(page, 'log-verified');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.waitForURL(`${base}/settings/models`);
  await page.locator('[data-check=embedder]').focus();
  await page.keyboard.press('Enter');
  await page.locator('.fitness').getByText('German').first().waitFor();
  await page.getByText('Measuring now').waitFor({ state: 'detached' });
  await looksRight(page, 'models');
  await page.goto(`${base}/conversations/01981b2e-7c1a-7000-8000-000000000000`);
  await looksRight(page, 'problem');
  step('rest');
}

async function signOut(page) {
  await page.goto(`${base}/queue`);
  await page.locator('form[action="/logout"] button').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/login`);
  await looksRight(page, 'login');
  await page.goto(`${base}/log`);
  await page.waitForURL(`${base}/login?next=/log`);
  step('signed out');
}

/** The page as it stands in light and dark, on a desk and on a phone: a picture and no accessibility problem in each. */
async function looksRight(page, name) {
  const problems = [];
  for (const [width, height] of [[DESKTOP.viewport.width, DESKTOP.viewport.height], [PHONE.viewport.width, PHONE.viewport.height]]) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await picture(page, `${name}-${colorScheme}-${width}`);
      for (const problem of await accessibilityProblems(page)) problems.push(`${name}, ${colorScheme}, ${width} px: ${problem}`);
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (tooWide > 0) problems.push(`${name}, ${width} px: ${tooWide} px wider than the screen`);
    }
  }
  await page.setViewportSize(DESKTOP.viewport);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  found.push(...problems);
}

const found = [];
const browser = await launchBrowser();
const page = await newPage(browser, DESKTOP);
try {
  await setUp(page);
  await review(browser, page);
  await empty(page);
  await knowledge(page);
  await rest(page);
  await signOut(page);
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(found, []);
  step('done');
} catch (error) {
  const state = await page.evaluate(() => ({
    at: location.pathname,
    toasts: Array.from(document.querySelectorAll('.toast'), (toast) => toast.textContent),
    focus: document.activeElement?.outerHTML.slice(0, 200),
    item: { ...document.querySelector('article[data-item]')?.dataset },
    desk: document.querySelector('[data-panel]')?.hidden === false,
    text: document.querySelector('[data-text]')?.value,
  }));
  step('failed', { error: whatFailed(error), also: found, state });
  process.exitCode = 1;
}
await browser.close();
