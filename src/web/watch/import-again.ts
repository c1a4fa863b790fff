import { html, nothing } from 'lit';
import { askServer } from '../elements/server-api.ts';
import { OwnersControl } from './owners-control.ts';

/** The button that has a failed import tried again. */
export class ImportAgain extends OwnersControl {
  override render() {
    if (this.hold === undefined) return nothing;
    return html`<button
        class="button primary"
        data-testid="import-again"
        ?disabled=${this.isSending}
        @click=${this.#again}
      >
        Try again
      </button>
      ${this.outcome()}`;
  }

  readonly #again = async (): Promise<void> => {
    const path = `/api/v1/imports/${this.video?.id}/retry`;
    if (await this.sendForm(() => askServer('POST', path), '')) this.changed();
  };
}

customElements.define('lr-import-again', ImportAgain);
