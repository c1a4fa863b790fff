import { html, nothing } from 'lit';
import type { CaptionFeed } from '../captions/caption-feed.ts';
import type { CaptionLook } from '../captions/caption-look.ts';
import '../captions/caption-overlay.ts';
import { LightElement } from '../elements/light-element.ts';
import { fillsPage, stillOf } from './picture-fit.ts';

// Small: who speaks must not read along, only see that it works.
const captionPx = 17;
const captionLook: CaptionLook = { isOn: true, size: 'small', position: 'bottom', background: 'shade' };
const asItComes = () => ({ seconds: Number.POSITIVE_INFINITY, isAtLive: true, isPaused: false });

/** What the camera sees, over the whole page, and what viewers read under it. */
export class StudioPicture extends LightElement {
  static override properties = { stream: {}, isScreen: {}, isMirrored: {}, captions: {}, trouble: {} };
  declare stream: MediaStream;
  declare isScreen: boolean;
  declare isMirrored: boolean;
  /** Undefined: none are shown. */
  declare captions: CaptionFeed | undefined;
  /** What is wrong with the captions, in words; empty when nothing is. */
  declare trouble: string;
  #fills = true;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('resize', this.#fit);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('resize', this.#fit);
  }

  override render() {
    const isWhole = this.isScreen || !this.#fills;
    return html`<div class=${`picture ${isWhole ? 'whole' : ''} ${this.isMirrored ? 'mirrored' : ''}`}>
        <video class="fill" muted autoplay playsinline aria-hidden="true" tabindex="-1"></video>
        <video class="sharp" data-testid="preview" @resize=${this.#fit} muted autoplay playsinline aria-label="What your camera sees"></video>
      </div>
      <div class="said">
        ${
          this.captions === undefined
            ? nothing
            : html`<lr-caption-overlay
                .feed=${this.captions}
                .look=${captionLook}
                .fontPx=${captionPx}
                .playhead=${asItComes}
              ></lr-caption-overlay>`
        }
        <p class="trouble" role="status" data-testid="captions-trouble">${this.trouble}</p>
      </div>`;
  }

  override updated(): void {
    for (const video of this.querySelectorAll('video')) {
      if (video.srcObject !== this.stream) video.srcObject = this.stream;
    }
  }

  /** A small still of what is seen now; undefined while there is nothing. */
  get still(): string | undefined {
    return stillOf(this.#preview);
  }

  get #preview(): HTMLVideoElement | null {
    return this.querySelector('.sharp');
  }

  readonly #fit = (): void => {
    const preview = this.#preview;
    if (preview === null) return;
    const page = { width: window.innerWidth, height: window.innerHeight };
    this.#fills = fillsPage({ width: preview.videoWidth, height: preview.videoHeight }, page);
    this.requestUpdate();
  };
}

customElements.define('lr-studio-picture', StudioPicture);
