import './upload.css';
import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { megabytes } from '../elements/words.ts';
import { AddressImport } from './address-import.ts';

/**
 * One video on its way from an address to the server: its place in the queue, how far it is, and what is wrong. Goes on
 * to the watch page when all is there. Event `closed` when the person gave it up.
 */
export class ImportPanel extends LightElement {
  static override properties = { url: { attribute: false } };
  declare url: string | undefined;
  #import: AddressImport | undefined;

  constructor() {
    super();
    this.url = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#import?.close();
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('url') || this.url === undefined) return;
    this.#import?.cancel();
    const begun = new AddressImport(this.url);
    this.#import = begun;
    begun.addEventListener('change', () => this.#changed(begun));
  }

  override render() {
    const shown = this.#import;
    if (shown === undefined) return nothing;
    const percent = percentOf(shown);
    const hasFailed = shown.stage === 'failed';
    return html`<section class="upload message centre" data-state=${shown.stage} aria-label="Import">
      <h2 data-testid="import-title">${titleOf(shown)}</h2>
      <p class="name">${shown.url}</p>
      <div
        class="bar"
        role="progressbar"
        aria-label="Fetched"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${percent}
      >
        <i style=${`transform: scaleX(${percent / 100})`}></i>
      </div>
      <p class="facts number" data-testid="import-facts" role="status">${hasFailed ? shown.reason : factsOf(shown)}</p>
      <div class="actions">
        ${
          hasFailed
            ? html`<button class="button primary" data-testid="import-again" @click=${() => shown.retry()}>
                Try again
              </button>`
            : nothing
        }
        <button class="button" data-testid="import-cancel" @click=${this.#cancel}>
          ${hasFailed ? 'Back' : 'Cancel'}
        </button>
      </div>
    </section>`;
  }

  readonly #cancel = (): void => {
    this.#import?.cancel();
    this.#import = undefined;
    this.dispatchEvent(new Event('closed', { bubbles: true }));
  };

  #changed(changed: AddressImport): void {
    if (changed !== this.#import) return;
    if (changed.stage === 'done') location.assign(`/watch/${changed.videoId}`);
    this.requestUpdate();
  }
}

/** Of the bytes where their number is known: the task's own percentage is told more rarely. */
function percentOf({ answer }: AddressImport): number {
  if (answer === undefined) return 0;
  const { bytes, totalBytes, percent } = answer;
  return totalBytes === null || totalBytes === 0 ? percent : Math.floor((100 * bytes) / totalBytes);
}

function titleOf({ stage }: AddressImport): string {
  if (stage === 'failed') return 'This address was not imported';
  if (stage === 'waiting') return 'Waiting in the queue';
  if (stage === 'lost') return 'Connection lost, trying again';
  return stage === 'done' ? 'Imported' : 'Importing';
}

function factsOf({ stage, answer }: AddressImport): string {
  if (stage === 'lost') return 'The server goes on fetching meanwhile, as far as it can.';
  if (answer === undefined) return 'Asking the server';
  const { queuePosition, error, bytes, totalBytes } = answer;
  // Why it is tried again is told for as long as it waits for that.
  const trouble = error === null ? '' : `${error} It is tried again by itself. `;
  if (stage === 'waiting') {
    return `${trouble}${queuePosition <= 1 ? 'It is the next one.' : `Place ${queuePosition}.`} You may leave this page.`;
  }
  if (stage === 'done') return 'The video is being made';
  return totalBytes === null ? megabytes(bytes) : `${megabytes(bytes)} of ${megabytes(totalBytes)}`;
}

customElements.define('lr-import', ImportPanel);
