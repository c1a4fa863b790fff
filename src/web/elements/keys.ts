import { html, type TemplateResult } from 'lit';
import { icon } from './icon.ts';

/** A key that does something on this page: what it does, the names on its cap, and the `key` values of events. */
export type KeyAction = {
  readonly does: string;
  readonly caps: readonly string[];
  readonly keys: readonly string[];
  readonly run: () => void;
};

/** Runs the action of a key press; not while somebody types, a dialog is open or a shortcut of the browser is meant. */
export function runKey(event: KeyboardEvent, actions: readonly KeyAction[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  if (target.closest('input:not([type=range]), select, textarea, dialog[open]') !== null) return;
  // On a focused button or link these keys are its own.
  if ((event.key === ' ' || event.key === 'Enter') && target.closest('button, a') !== null) return;
  const action = actions.find(({ keys }) => keys.includes(event.key));
  if (action === undefined) return;
  event.preventDefault();
  action.run();
}

/** The list of keys, as a dialog; `showModal` opens it. */
export function keysDialog(actions: readonly KeyAction[]): TemplateResult {
  return html`<dialog id="keys" aria-labelledby="keys-title">
    <header>
      <h2 id="keys-title">Keys</h2>
      <form method="dialog"><button class="button round" aria-label="Close">${icon('close')}</button></form>
    </header>
    <dl class="keys">
      ${actions.map(
        ({ does, caps }) => html`<dt>${does}</dt>
          <dd>${caps.map(cap => html`<kbd>${cap}</kbd>`)}</dd>`,
      )}
    </dl>
  </dialog>`;
}
