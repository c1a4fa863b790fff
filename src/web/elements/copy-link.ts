import { html } from 'lit';
import { icon } from './icon.ts';
import { LightElement } from './light-element.ts';

const copiedShownMillis = 2_000;

/** A button that copies an address and says that it did; `show-address` puts the address beside it. */
export class CopyLink extends LightElement {
  static override properties = { href: {}, label: {}, showAddress: { type: Boolean } };
  declare href: string;
  declare label: string;
  declare showAddress: boolean;
  #state: 'ready' | 'copied' | 'refused' = 'ready';

  constructor() {
    super();
    this.href = '';
    this.label = 'Copy link';
    this.showAddress = false;
  }

  /** Copies the address; where the browser refuses, the words ask for doing it by hand. */
  async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.href);
      this.#state = 'copied';
    } catch {
      this.#state = 'refused';
    }
    this.requestUpdate();
    setTimeout(() => {
      this.#state = 'ready';
      this.requestUpdate();
    }, copiedShownMillis);
  }

  override render() {
    const words = { ready: this.label, copied: 'Link copied', refused: 'Copy it by hand' }[this.#state];
    return html`
      ${
        this.showAddress
          ? html`<a class="address" data-testid="watch-link" href=${this.href} target="_blank" rel="noopener"
              >${this.href.replace(/^https?:\/\//, '')}</a
            >`
          : null
      }
      <button class="button" data-testid="copy-link" @click=${() => this.copy()}>
        ${icon(this.#state === 'copied' ? 'check' : 'copy')}<span aria-live="polite">${words}</span>
      </button>
    `;
  }
}

customElements.define('lr-copy-link', CopyLink);
