import { html, nothing, type TemplateResult } from 'lit';
import { LightElement } from '../elements/light-element.ts';

/** How sending a form stands, in words for a person. */
type Outcome = { readonly kind: 'idle' | 'sending' | 'done' | 'failed'; readonly words: string };

const idle: Outcome = { kind: 'idle', words: '' };
const doneShownMillis = 4_000;

/** A form that says what became of it: one that is sent, one that worked, why one did not. */
export abstract class AccountForm extends LightElement {
  #outcome: Outcome = idle;

  protected get isSending(): boolean {
    return this.#outcome.kind === 'sending';
  }

  /** Sends; `done` is what is said when it worked. Answers whether it did. */
  protected async sendForm(send: () => Promise<void>, done: string): Promise<boolean> {
    if (this.isSending) return false;
    this.#show({ kind: 'sending', words: '' });
    try {
      await send();
    } catch (error) {
      this.#show({ kind: 'failed', words: error instanceof Error ? error.message : String(error) });
      return false;
    }
    this.#show({ kind: 'done', words: done });
    setTimeout(() => this.#outcome.kind === 'done' && this.#show(idle), doneShownMillis);
    return true;
  }

  /** What became of it; read out when it changes. */
  protected outcome(): TemplateResult {
    const { kind, words } = this.#outcome;
    return html`<p class=${`outcome ${kind}`} role=${kind === 'failed' ? 'alert' : 'status'} data-testid="outcome"
      >${words === '' ? nothing : words}</p
    >`;
  }

  #show(outcome: Outcome): void {
    this.#outcome = outcome;
    this.requestUpdate();
  }
}

/** The fields of a form that was sent, by name. */
export function fieldsOf(event: Event): Record<string, string> {
  event.preventDefault();
  const data = new FormData(event.currentTarget as HTMLFormElement);
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
}

/** A field for a password; `isNew`: the browser may propose one. */
export function passwordField(label: string, name: string, isNew = false): TemplateResult {
  return html`<label class="field"
    >${label}
    <input
      type="password"
      name=${name}
      required
      maxlength="1000"
      minlength=${isNew ? 8 : nothing}
      autocomplete=${isNew ? 'new-password' : 'current-password'}
    />
  </label>`;
}
