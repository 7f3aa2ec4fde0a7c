// What forms have in common: one thing at a time, what the server refuses is said, and what is missing is asked for.

import { toast } from "/static/toast.js";

const say = (problem) => toast(problem.message, { bad: true, lastsMs: 0 });

/** Does what a button is for; the button rests meanwhile. `refused` is told what went wrong. */
export async function alone(button, work, refused = say) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await work();
  } catch (problem) {
    refused(problem);
  } finally {
    button.disabled = false;
  }
}

/** The same for a page whose keys and buttons all wait for one another. */
export function oneAtATime() {
  let busy = false;
  return {
    isBusy: () => busy,
    async alone(work) {
      if (busy) return;
      busy = true;
      try {
        await work();
      } catch (problem) {
        toast(problem.message, { bad: true });
      } finally {
        busy = false;
      }
    },
  };
}

/** What a field holds; none, and the person is brought there, where something has to stand. */
export function filled(field, words) {
  field.removeAttribute("aria-invalid");
  const value = field.value.trim();
  if (value) return value;
  toast(words);
  field.setAttribute("aria-invalid", "true");
  field.focus();
  return null;
}
