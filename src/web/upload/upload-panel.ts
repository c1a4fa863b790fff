import './upload.css';
import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { megabytes } from '../elements/words.ts';
import { FileUpload } from './file-upload.ts';
import { remainingWords } from './upload-words.ts';

/**
 * One file on its way to the server: what it is, how far it is, and what is wrong. Goes on to the watch page when all
 * is there. Event `closed` when the person gave it up.
 */
export class UploadPanel extends LightElement {
  static override properties = { file: { attribute: false } };
  declare file: File | undefined;
  #upload: FileUpload | undefined;

  constructor() {
    super();
    this.file = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('beforeunload', this.#onLeave);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('beforeunload', this.#onLeave);
    this.#upload?.pause();
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('file') || this.file === undefined) return;
    this.#upload?.cancel();
    const upload = new FileUpload(this.file, '');
    this.#upload = upload;
    upload.addEventListener('change', () => this.#changed(upload));
  }

  override render() {
    const upload = this.#upload;
    if (upload === undefined) return nothing;
    const percent = Math.floor(upload.ratio * 100);
    const hasFailed = upload.state === 'failed';
    return html`<section class="upload message centre" data-state=${upload.state} aria-label="Upload">
      <h2 data-testid="upload-title">${titleOf(upload)}</h2>
      <p class="name">${upload.file.name}</p>
      <div
        class="bar"
        role="progressbar"
        aria-label="Uploaded"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${percent}
      >
        <i style=${`transform: scaleX(${upload.ratio.toFixed(4)})`}></i>
      </div>
      <p class="facts number" data-testid="upload-facts" role="status">${hasFailed ? upload.reason : factsOf(upload)}</p>
      <div class="actions">
        ${
          hasFailed
            ? html`<button class="button primary" data-testid="upload-again" @click=${() => upload.retry()}>
                Try again
              </button>`
            : nothing
        }
        <button class="button" data-testid="upload-cancel" @click=${this.#cancel}>
          ${hasFailed ? 'Back' : 'Cancel'}
        </button>
      </div>
    </section>`;
  }

  readonly #cancel = (): void => {
    this.#upload?.cancel();
    this.#upload = undefined;
    this.dispatchEvent(new Event('closed', { bubbles: true }));
  };

  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (['starting', 'sending', 'waiting'].includes(this.#upload?.state ?? '')) event.preventDefault();
  };

  #changed(upload: FileUpload): void {
    if (upload !== this.#upload) return;
    if (upload.state === 'done' && upload.videoId !== undefined) location.assign(`/watch/${upload.videoId}`);
    this.requestUpdate();
  }
}

function titleOf({ state }: FileUpload): string {
  if (state === 'failed') return 'This file was not uploaded';
  if (state === 'waiting') return 'Connection lost, trying again';
  return state === 'done' ? 'Uploaded' : 'Uploading';
}

function factsOf(upload: FileUpload): string {
  const sent = `${megabytes(upload.sentBytes)} of ${megabytes(upload.file.size)}`;
  if (upload.state === 'waiting') return `${sent} sent. It goes on by itself.`;
  const left = upload.remainingSeconds;
  return left === undefined ? sent : `${sent} · ${remainingWords(left)}`;
}

customElements.define('lr-upload', UploadPanel);
