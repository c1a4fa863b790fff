import './transcript-panel.css';
import { html, nothing } from 'lit';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import type { CaptionFeed } from './caption-feed.ts';
import { captioningWords } from './captioning-words.ts';
import './language-choice.ts';
import type { TranscriptList } from './transcript-list.ts';
import { transcriptText } from './transcript-paragraphs.ts';
import './transcript-list.ts';
import { findInTranscript, type Match } from './transcript-search.ts';

const copiedShownMillis = 2_000;
const files = { vtt: 'WebVTT', srt: 'SubRip', txt: 'Text' } as const;

/** The transcript beside a video: its state in words, its language, a search, the text, and ways to take it along. */
export class TranscriptPanel extends LightElement {
  static override properties = {
    feed: {},
    videoId: {},
    videoTitle: {},
    isLive: { type: Boolean },
    isMade: { type: Boolean },
  };
  declare feed: CaptionFeed;
  declare videoId: string;
  declare videoTitle: string;
  declare isLive: boolean;
  declare isMade: boolean;
  playhead: (() => number | undefined) | undefined;
  #query = '';
  #chosen = 0;
  #copied: 'no' | 'yes' | 'refused' = 'no';

  override connectedCallback(): void {
    super.connectedCallback();
    this.feed.addEventListener('change', this.#redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.feed.removeEventListener('change', this.#redraw);
  }

  override render() {
    const { captions, language } = this.feed;
    const matches = findInTranscript(captions, this.#query);
    const state = this.#state();
    return html`<section class="transcript" aria-label="Transcript">
      <header>
        <h2>Transcript</h2>
        <lr-language-choice .videoId=${this.videoId} .language=${language}></lr-language-choice>
      </header>
      ${
        state === '' || captions.length === 0
          ? nothing
          : html`<p class="state number" data-testid="captions-state">${state}</p>`
      }
      <span class="only-spoken" role="status">${withoutNumbers(state)}</span>
      ${captions.length === 0 ? nothing : this.#search(matches)}
      <lr-transcript
        .captions=${captions}
        .language=${language}
        .found=${matches}
        .chosen=${matches[this.#chosen]}
        .empty=${state}
        .playhead=${this.playhead}
      ></lr-transcript>
      ${captions.length === 0 ? nothing : this.#takeAlong()}
    </section>`;
  }

  /** Puts the cursor into the search. */
  search(): void {
    this.querySelector<HTMLInputElement>('input[type=search]')?.focus();
  }

  #state(): string {
    const { captioning, correctedPercent, isKnown, isTranscript, captions } = this.feed;
    const hasCaptions = captions.length > 0;
    return captioningWords({
      captioning,
      correctedPercent,
      isLive: this.isLive,
      isMade: this.isMade,
      isKnown,
      hasCaptions,
      isTranscript,
    });
  }

  #search(matches: readonly Match[]) {
    const hasQuery = this.#query.trim() !== '';
    const at = matches.length === 0 ? 'not found' : `${this.#chosen + 1} of ${matches.length}`;
    return html`<div class="search" role="search">
      ${icon('search')}
      <input
        type="search"
        data-testid="transcript-search"
        aria-label="Find in the transcript"
        placeholder="Find in the transcript"
        autocomplete="off"
        enterkeyhint="search"
        .value=${this.#query}
        @input=${this.#onQuery}
        @keydown=${this.#onKey}
      />
      <span class="number" role="status" data-testid="matches">${hasQuery ? at : ''}</span>
      ${
        matches.length < 2
          ? nothing
          : html`<button class="step" aria-label="Match before" title="Match before" @click=${() => this.#step(-1)}>${icon('up')}</button>
              <button class="step" aria-label="Next match" title="Next match" @click=${() => this.#step(1)}>${icon('down')}</button>`
      }
    </div>`;
  }

  #takeAlong() {
    const words = { no: 'Copy', yes: 'Copied', refused: 'Copy it by hand' }[this.#copied];
    const names = Object.entries(files);
    return html`<footer>
      <button class="take copy" data-testid="copy-transcript" @click=${this.#copy}>
        ${icon(this.#copied === 'yes' ? 'check' : 'copy')}<span aria-live="polite">${words}</span>
      </button>
      <a class="take" data-testid="large-type" href=${`/captions/${this.videoId}`} target="_blank" rel="noopener"
        >${icon('letters')}Large type</a
      >
      <span class="gap"></span>
      ${icon('download')}
      ${names.map(
        ([extension, name]) => html`<a
          class="take"
          href=${`/videos/${this.videoId}/captions.${extension}`}
          download=${`${this.videoTitle}.${extension}`}
          title=${`Download as ${name}`}
          ><span class="only-spoken">Download </span>${extension.toUpperCase()}</a
        >`,
      )}
    </footer>`;
  }

  readonly #redraw = (): void => this.requestUpdate();

  readonly #onQuery = (event: InputEvent): void => {
    this.#query = (event.target as HTMLInputElement).value;
    const matches = findInTranscript(this.feed.captions, this.#query);
    // From where one is, not from the beginning.
    const now = this.playhead?.() ?? 0;
    this.#chosen = Math.max(
      0,
      matches.findIndex(({ start }) => start >= now - 1),
    );
    this.#show(matches);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    this.#step(event.shiftKey ? -1 : 1);
  };

  #step(by: number): void {
    const matches = findInTranscript(this.feed.captions, this.#query);
    this.#chosen = (this.#chosen + by + matches.length) % Math.max(1, matches.length);
    this.#show(matches);
  }

  #show(matches: readonly Match[]): void {
    this.requestUpdate();
    const match = matches[this.#chosen];
    void this.updateComplete.then(() => {
      if (match !== undefined) this.querySelector<TranscriptList>('lr-transcript')?.show(match);
    });
  }

  readonly #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(transcriptText(this.feed.captions));
      this.#copied = 'yes';
    } catch {
      this.#copied = 'refused';
    }
    this.requestUpdate();
    setTimeout(() => {
      this.#copied = 'no';
      this.requestUpdate();
    }, copiedShownMillis);
  };
}

// What counts up or down is not spoken with every step.
function withoutNumbers(state: string): string {
  return state.replace(/ by \d+ s/, '').replace(/: \d+ %/, '');
}

customElements.define('lr-transcript-panel', TranscriptPanel);
