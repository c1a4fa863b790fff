import { html } from 'lit';
import { PublishError } from '../../client/publish-error.ts';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { readVideo, type VideoAnswer } from '../elements/video-api.ts';
import { clock, megabytes, sentence } from '../elements/words.ts';
import type { TitleField } from './title-field.ts';
import '../elements/copy-link.ts';
import './title-field.ts';

const pollMillis = 700;
const audienceWords = {
  public: 'everyone can watch',
  unlisted: 'everyone with the link can watch',
  private: 'only you can watch',
} as const;

/**
 * What is shown after stop: the take in a loop as soon as the server has made the video, and what to do next.
 * Event `record-another`.
 */
export class FinishedTake extends LightElement {
  static override properties = { videoId: {}, ingestToken: {}, savedTitle: {}, watchUrl: {}, still: {} };
  declare videoId: string;
  /** Of the video's session: who holds it may name the video. */
  declare ingestToken: string;
  /** The title that the server has; empty without one. */
  declare savedTitle: string;
  declare watchUrl: string;
  /** The last picture, to stand behind what does not fill the page. */
  declare still: string | undefined;
  #video: VideoAnswer | undefined;
  #problem: string | undefined;
  readonly #gone = new AbortController();

  constructor() {
    super();
    this.videoId = '';
    this.ingestToken = '';
    this.savedTitle = '';
    this.watchUrl = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gone.abort();
  }

  override render() {
    const video = this.#video;
    if (video?.state === 'failed') return this.#failure(video);
    const isReady = video?.state === 'ready' && video.fileUrl !== null;
    return html`
      <div class="take" style=${this.still === undefined ? '' : `--still: url(${this.still})`}>
        ${
          isReady
            ? html`<video
                data-testid="video"
                src=${video.fileUrl as string}
                autoplay
                loop
                muted
                playsinline
                controls
              ></video>`
            : html`<p class="making" role="status">
                ${this.#problem ?? 'Making the video'}
                <span class="waiting-dots" aria-hidden="true"><i></i><i></i><i></i></span>
              </p>`
        }
      </div>
      <section class="next" aria-label="Your video">
        <h1>Your video</h1>
        ${this.#titleField()} ${this.#facts()}
        <lr-copy-link .href=${this.watchUrl} .showAddress=${true}></lr-copy-link>
        <div class="actions">
          <a class="button primary" data-testid="open-video" href=${this.watchUrl}>Open video</a>
          ${
            isReady
              ? html`<a class="button" data-testid="download" href=${video.fileUrl as string} download=${`${this.savedTitle || 'Untitled'}.mp4`}
                  >${icon('download')}Download MP4</a
                >`
              : null
          }
          <button class="button" data-testid="record-another" @click=${this.#another}>Record another</button>
        </div>
      </section>
    `;
  }

  #facts() {
    const video = this.#video;
    if (video?.state !== 'ready') {
      return html`<p class="facts">Everything is safe on the server. You may close this page.</p>`;
    }
    return html`<p class="facts number">
      ${clock(video.durationSeconds ?? 0)} · ${megabytes(video.sizeBytes ?? 0)} · ${audienceWords[video.visibility]}
    </p>`;
  }

  #failure(video: VideoAnswer) {
    return html`<div class="message alone" role="alert">
      <h1 data-testid="error-message">The video could not be made</h1>
      <p>${sentence(video.error?.message ?? 'The server gave no reason')}</p>
      <div class="actions">
        <button class="button primary" data-testid="record-another" @click=${this.#another}>Record another</button>
      </div>
    </div>`;
  }

  #titleField() {
    return html`<lr-title-field
      .videoId=${this.videoId}
      .ingestToken=${this.ingestToken}
      .savedTitle=${this.savedTitle}
      @renamed=${(event: Event) => {
        this.savedTitle = (event.target as TitleField).savedTitle;
      }}
    ></lr-title-field>`;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      try {
        this.#video = await readVideo(this.videoId, signal, this.ingestToken);
        this.#problem = undefined;
        if (this.#video.state === 'ready' || this.#video.state === 'failed') {
          this.requestUpdate();
          return;
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = error instanceof PublishError ? error.message : 'Waiting for the server';
      }
      this.requestUpdate();
      await new Promise(resolve => setTimeout(resolve, pollMillis));
    }
  }

  readonly #another = (): void => {
    this.dispatchEvent(new Event('record-another'));
  };
}

customElements.define('lr-finished-take', FinishedTake);
