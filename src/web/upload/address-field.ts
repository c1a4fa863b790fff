import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import './upload.css';
import { webAddress } from './web-address.ts';

/** An address was given that a video is to be fetched from. */
export class GivenAddress extends Event {
  readonly url: string;

  constructor(url: string) {
    super('address-given');
    this.url = url;
  }
}

/**
 * The field for the address of a video that is on the web; `is-folded`: a button until somebody wants it. Event
 * `address-given`.
 */
export class AddressField extends LightElement {
  static override properties = { isFolded: { type: Boolean, attribute: 'is-folded' } };
  declare isFolded: boolean;
  #isWrong = false;

  constructor() {
    super();
    this.isFolded = false;
  }

  override render() {
    if (this.isFolded) {
      return html`<button class="button over-video" data-testid="import-open" @click=${this.#unfold}>
        Paste an address
      </button>`;
    }
    return html`<form class="address-field" novalidate @submit=${this.#submit}>
      <label for="import-address">or paste an address</label>
      <div class="row">
        <input
          id="import-address"
          data-testid="import-address"
          type="text"
          inputmode="url"
          autocapitalize="off"
          autocomplete="off"
          spellcheck="false"
          maxlength="2048"
          placeholder="https://"
          aria-invalid=${this.#isWrong ? 'true' : nothing}
          aria-describedby=${this.#isWrong ? 'import-address-wrong' : nothing}
          @input=${this.#changed}
        />
        <button class="button" data-testid="import">Import</button>
      </div>
      ${
        this.#isWrong
          ? html`<p id="import-address-wrong" role="alert" data-testid="import-address-wrong">
              This is no web address. It begins with https://, like that of a video file or of a page with a video.
            </p>`
          : nothing
      }
    </form>`;
  }

  readonly #unfold = async (): Promise<void> => {
    this.isFolded = false;
    await this.updateComplete;
    this.querySelector('input')?.focus();
  };

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const input = this.querySelector('input') as HTMLInputElement;
    const url = webAddress(input.value);
    this.#isWrong = url === undefined;
    this.requestUpdate();
    if (url === undefined) input.focus();
    else this.dispatchEvent(new GivenAddress(url));
  };

  readonly #changed = (): void => {
    if (!this.#isWrong) return;
    this.#isWrong = false;
    this.requestUpdate();
  };
}

customElements.define('lr-address-field', AddressField);
