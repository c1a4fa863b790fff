import './overlay-page.css';
import { html } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { VideoUpdates } from '../elements/video-updates.ts';
import './caption-overlay.ts';
import type { OverlayOptions } from './overlay-options.ts';

/** Captions on nothing, to be laid over another picture (a browser source of OBS): no word but what is said. */
export class OverlayPage extends LightElement {
  static override properties = { videoId: {}, options: {} };
  declare videoId: string;
  declare options: OverlayOptions;
  #updates: VideoUpdates | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = 'Captions - livereel';
    document.documentElement.classList.add('see-through');
    this.#updates = new VideoUpdates(this.videoId, false);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#updates?.close();
  }

  override render() {
    const { look, fontPx, color } = this.options;
    return html`<main class="overlay" style=${`--caption-color: ${color}`}>
      <lr-caption-overlay
        .feed=${this.#updates?.captions}
        .look=${look}
        .fontPx=${fontPx}
        .playhead=${asItComes}
      ></lr-caption-overlay>
    </main>`;
  }
}

const asItComes = () => ({ seconds: Number.POSITIVE_INFINITY, isAtLive: true, isPaused: false });

customElements.define('lr-caption-page-overlay', OverlayPage);
