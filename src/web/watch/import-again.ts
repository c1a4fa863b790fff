import { html, nothing } from 'lit';
import { AccountForm } from '../account/account-form.ts';
import { askServer } from '../elements/server-api.ts';
import type { VideoAnswer } from '../elements/video-api.ts';
import { holdOn } from './video-hold.ts';

/** The button that has a failed import tried again, for whoever it belongs to. Event `video-changed`. */
export class ImportAgain extends AccountForm {
  static override properties = { video: { attribute: false } };
  declare video: VideoAnswer | undefined;
  #isOwn = false;

  constructor() {
    super();
    this.video = undefined;
  }

  override firstUpdated(): void {
    const { video } = this;
    if (video === undefined) return;
    void holdOn(video).then(hold => {
      this.#isOwn = hold !== undefined;
      this.requestUpdate();
    });
  }

  override render() {
    if (!this.#isOwn) return nothing;
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
    if (await this.sendForm(() => askServer('POST', path), ''))
      this.dispatchEvent(new Event('video-changed'));
  };
}

customElements.define('lr-import-again', ImportAgain);
