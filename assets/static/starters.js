/*
 * Beside the chat widget, loaded where the agent has questions to begin with: buttons under the greeting until the visitor has written. A tap
 * sends the question as if the visitor had typed it.
 */

const STYLE = `.starters:not([hidden]){display:flex;flex-wrap:wrap;gap:8px;margin-block-start:12px}
.starters button{padding:8px 14px;min-height:40px;max-width:100%;border:1px solid #8a90a0;border-radius:18px;text-align:start;overflow-wrap:anywhere;color:var(--text)}
.starters button:hover{background:var(--bubble)}`;
const NAMES = { en: 'Questions to begin with', de: 'Fragen für den Anfang' };

/** `config` tells the agent's newest settings; `shadow` is where the chat stands. */
export function begin(config, shadow) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  const log = shadow.querySelector('.log');
  const box = shadow.querySelector('.foot .box textarea');
  // Beside the log, not in it: screen readers would read all of them out.
  const group = document.createElement('div');
  group.className = 'starters';
  group.setAttribute('role', 'group');
  log.after(group);
  let shown = null;

  function write(words) {
    // What is half written stays.
    const draft = box.value;
    box.value = words;
    box.form.requestSubmit();
    box.value = draft;
    box.dispatchEvent(new Event('input'));
    // On touch screens the keyboard would rise over the answer.
    if (matchMedia('(pointer:coarse)').matches) box.blur();
  }

  function show() {
    const starters = config()?.starters || [];
    const language = shadow.querySelector('.root').lang;
    if (shown !== (shown = JSON.stringify([language, starters]))) {
      group.setAttribute('aria-label', NAMES[language] ?? NAMES.en);
      group.replaceChildren(...starters.map((words) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.dir = 'auto';
        button.textContent = words;
        button.addEventListener('click', () => write(words));
        return button;
      }));
    }
    group.hidden = !starters.length || log.querySelector('.visitor') !== null;
  }

  // The greeting is put anew when the settings are; what the visitor writes stands in the log at once.
  new MutationObserver(show).observe(log, { childList: true });
  show();
}
