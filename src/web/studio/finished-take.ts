import { html } from 'lit';
import { PublishError } from '../../client/publish-error.ts';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { readVideo, renameVideo, type VideoAnswer } from '../elements/video-api.ts';
import { clock, megabytes } from '../elements/words.ts';
import '../elements/copy-link.ts';

const pollMillis = 700;

/**
 * What is shown after stop: the take in a loop as soon as the server has made the video, and what to do next.
 * Event `record-another`.
 */
export class FinishedTake extends LightElement {
  static override properties = { videoId: {}, watchUrl: {}, still: {} };
  declare videoId: string;
  declare watchUrl: string;
  /** The last picture, to stand behind what does not fill the page. */
  declare still: string | undefined;
  #video: VideoAnswer | undefined;
  #problem: string | undefined;
  #canRename = false;
  #isRenaming = false;
  readonly #gone = new AbortController();

  constructor() {
    super();
    this.videoId = '';
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
            : html`<div class="making" role="status">${this.#waitingWords()}</div>`
        }
      </div>
      <section class="next" aria-label="Your video">
        ${this.#canRename ? this.#titleField() : html`<h1>${video?.title ?? 'Your video'}</h1>`}
        ${
          isReady
            ? html`<p class="facts number">
                ${clock(video.durationSeconds ?? 0)} · ${megabytes(video.sizeBytes ?? 0)} · everyone with the link can watch
              </p>`
            : html`<p class="facts">Everything is safe on the server. You may close this page.</p>`
        }
        <lr-copy-link .href=${this.watchUrl} .showAddress=${true}></lr-copy-link>
        <div class="actions">
          <a class="button primary" data-testid="open-video" href=${this.watchUrl}>Open video</a>
          ${
            isReady
              ? html`<a class="button" data-testid="download" href=${video.fileUrl as string} download=${`${video.title}.mp4`}
                  >${icon('download')}Download MP4</a
                >`
              : null
          }
          <button class="button" data-testid="record-another" @click=${this.#another}>Record another</button>
        </div>
      </section>
    `;
  }

  #waitingWords() {
    const video = this.#video;
    if (video?.state === 'failed') {
      return html`<div class="message">
        <h2 data-testid="error-message">The video could not be made</h2>
        <p>${video.error?.message ?? 'The server gave no reason.'} Record it again.</p>
      </div>`;
    }
    return html`<p>
      ${this.#problem ?? 'Making the video'} <span class="waiting-dots" aria-hidden="true"><i></i><i></i><i></i></span>
    </p>`;
  }

  #titleField() {
    return html`<label class="field title"
      ><span class="only-spoken">Title</span>
      <input
        data-testid="take-title"
        maxlength="200"
        .value=${this.#video?.title === 'Untitled' ? '' : (this.#video?.title ?? '')}
        placeholder="Give it a title"
        @change=${this.#rename}
      />
      <span class="only-spoken" role="status">${this.#isRenaming ? 'Saving' : ''}</span>
    </label>`;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#gone;
    while (!signal.aborted) {
      try {
        this.#video = await readVideo(this.videoId, signal);
        this.#problem = undefined;
        if (this.#video.state === 'ready' || this.#video.state === 'failed') {
          await this.#findOutAboutTitles();
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

  // A server that cannot rename says so to the title that it has already.
  async #findOutAboutTitles(): Promise<void> {
    this.requestUpdate();
    if (this.#video?.state !== 'ready') return;
    this.#canRename = await renameVideo(this.videoId, this.#video.title).catch(() => false);
    this.requestUpdate();
    await this.updateComplete;
    if (this.#canRename) this.querySelector<HTMLInputElement>('.title input')?.focus();
  }

  readonly #rename = async (event: Event): Promise<void> => {
    const title = (event.target as HTMLInputElement).value.trim() || 'Untitled';
    this.#isRenaming = true;
    this.requestUpdate();
    try {
      this.#canRename = await renameVideo(this.videoId, title);
      if (this.#video !== undefined) this.#video = { ...this.#video, title };
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : undefined;
    }
    this.#isRenaming = false;
    this.requestUpdate();
  };

  readonly #another = (): void => {
    this.dispatchEvent(new Event('record-another'));
  };
}

customElements.define('lr-finished-take', FinishedTake);
