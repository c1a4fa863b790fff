import { html, nothing } from 'lit';
import { PublishError } from '../../client/publish-error.ts';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { renameVideo } from '../elements/video-api.ts';

const againMillis = 2_000;

/**
 * The title of one's own video: saved when the field is left or with Enter, and it says so; tried again while
 * the server is away. Event `renamed` when `savedTitle` has changed.
 */
export class TitleField extends LightElement {
  static override properties = { videoId: {}, ingestToken: {}, savedTitle: {} };
  declare videoId: string;
  declare ingestToken: string;
  /** What the server has; empty while there is no title. */
  declare savedTitle: string;
  #wanted = '';
  #isSaving = false;
  #note: 'saving' | 'saved' | undefined;
  #problem: string | undefined;
  readonly #gone = new AbortController();

  constructor() {
    super();
    this.videoId = '';
    this.ingestToken = '';
    this.savedTitle = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gone.abort();
  }

  override firstUpdated(): void {
    const input = this.#input as HTMLInputElement;
    // Once: what somebody types must never be replaced.
    input.value = this.savedTitle;
    // On a phone the keyboard would cover the take.
    if (matchMedia('(pointer: fine)').matches) input.focus({ preventScroll: true });
  }

  override render() {
    return html`<label class="field title"
        ><span>Title</span>
        <input
          data-testid="take-title"
          maxlength="200"
          autocomplete="off"
          enterkeyhint="done"
          placeholder="Give it a title"
          @input=${this.#edited}
          @change=${this.#commit}
          @keydown=${this.#onKey}
        />
      </label>
      <p class="note" data-testid="title-note" role="status">${this.#noteWords()}</p>`;
  }

  #noteWords() {
    if (this.#problem !== undefined) return html`Not saved. ${this.#problem}`;
    if (this.#note === 'saved') return html`${icon('check')}Saved`;
    return this.#note === 'saving' ? 'Saving' : nothing;
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector('input');
  }

  get #typed(): string {
    return this.#input?.value.trim() ?? '';
  }

  // "Saved" beside words that are not would be a lie.
  readonly #edited = (): void => {
    if (this.#note === 'saved') this.#tell(undefined);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // Enter that ends a composition (Japanese, Chinese) chooses a word, nothing more.
    if (event.key === 'Enter' && !event.isComposing) this.#commit();
  };

  readonly #commit = (): void => {
    this.#wanted = this.#typed;
    if (this.#wanted === this.savedTitle && this.#wanted !== '' && !this.#isSaving) this.#tell('saved');
    else void this.#save();
  };

  async #save(): Promise<void> {
    if (this.#isSaving) return;
    this.#isSaving = true;
    while (this.#wanted !== this.savedTitle && !this.#gone.signal.aborted) {
      if (!(await this.#saveOnce(this.#wanted))) break;
    }
    this.#isSaving = false;
  }

  /** Gives whether to go on: not after a refusal, which would come again. */
  async #saveOnce(title: string): Promise<boolean> {
    if (this.#problem === undefined) this.#tell('saving');
    try {
      await renameVideo(this.videoId, title || 'Untitled', this.ingestToken);
      this.savedTitle = title;
      this.#tell(this.#typed === title ? 'saved' : undefined);
      this.dispatchEvent(new Event('renamed'));
      return true;
    } catch (error) {
      const isAway = error instanceof PublishError && error.code === 'server-unreachable';
      this.#tell(undefined, error instanceof Error ? error.message : String(error));
      if (isAway) await new Promise(resolve => setTimeout(resolve, againMillis));
      return isAway;
    }
  }

  #tell(note: 'saving' | 'saved' | undefined, problem?: string): void {
    this.#note = note;
    this.#problem = problem;
    this.requestUpdate();
  }
}

customElements.define('lr-title-field', TitleField);
