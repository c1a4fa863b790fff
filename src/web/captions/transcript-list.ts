import './transcript-list.css';
import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { clock } from '../elements/words.ts';
import { type HeardCaption, lastBegun } from './heard-captions.ts';
import { type Paragraph, transcriptParagraphs } from './transcript-paragraphs.ts';
import { type Match, wordKey } from './transcript-search.ts';

const lookMillis = 100;
const scrollKeys = new Set(['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End']);

/** Somebody has asked for a place in the video; event `seek`. */
export class SeekEvent extends Event {
  readonly seconds: number;

  constructor(seconds: number) {
    super('seek', { bubbles: true });
    this.seconds = seconds;
  }
}

/**
 * The words of a video as text: each can be clicked, the spoken one is lit and kept in sight until somebody scrolls.
 */
export class TranscriptList extends LightElement {
  static override properties = { captions: {}, language: {}, found: {}, chosen: {}, empty: {} };
  declare captions: readonly HeardCaption[];
  declare language: string | undefined;
  declare found: readonly Match[];
  /** Which of what was found one is at. */
  declare chosen: Match | undefined;
  /** What stands here while there are no words. */
  declare empty: string;
  /** The media time that is played; undefined before there is one. Asked ten times a second. */
  playhead: (() => number | undefined) | undefined;
  #isFollowing = true;
  #lit: Element | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.captions = [];
    this.found = [];
    this.empty = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#light(), lookMillis);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    const found = new Set(this.found.flatMap(({ words }) => words));
    const chosen = new Set(this.chosen?.words);
    return html`<div
        class="scroll"
        data-testid="transcript"
        role="region"
        aria-label="What is said"
        tabindex="0"
        lang=${this.language ?? nothing}
        @wheel=${this.#letGo}
        @touchmove=${this.#letGo}
        @keydown=${this.#onKey}
        @pointerdown=${this.#onPointer}
        @click=${this.#onClick}
      >
        ${this.captions.length === 0 ? html`<p class="empty" lang="en">${this.empty}</p>` : nothing}
        ${repeat(
          transcriptParagraphs(this.captions),
          ({ key }) => key,
          paragraph => this.#paragraph(paragraph, found, chosen),
        )}
      </div>
      ${
        this.#isFollowing || this.captions.length === 0
          ? nothing
          : html`<button class="button back-to-now" data-testid="back-to-now" @click=${this.follow}>
              ${icon('arrow-down')}Back to now
            </button>`
      }`;
  }

  /** Keeps the spoken word in sight again. */
  readonly follow = (): void => {
    this.#isFollowing = true;
    this.requestUpdate();
    this.#keepInSight(this.#lit);
  };

  /** Brings a match into sight, and stays there. */
  show(match: Match): void {
    this.#letGo();
    void this.updateComplete.then(() => {
      const [caption, word] = (match.words[0] ?? '').split('.').map(Number);
      this.#scrollTo(this.#wordElement(caption ?? 0, word ?? 0));
    });
  }

  #paragraph({ start, captions }: Paragraph, found: ReadonlySet<string>, chosen: ReadonlySet<string>) {
    const mark = (index: number, word: number) => {
      const key = wordKey(index, word);
      return chosen.has(key) ? 'found chosen' : found.has(key) ? 'found' : '';
    };
    const isSearched = found.size > 0;
    const marks = isSearched
      ? captions.map(({ index, words }) => words.map((_, word) => mark(index, word)))
      : [];
    // A word at a time is dear in a transcript of hours: only paragraphs that have changed are made anew.
    return guard(
      [...captions, marks.join()],
      () => html`<div class="paragraph">
        <button class="at number"><span class="only-spoken">Play from </span><time>${clock(start)}</time></button>
        <p>
          ${captions.map(
            ({ index, words, settledWords }, at) =>
              html`<span data-caption=${index}
                  >${words.map(
                    ({ text }, word) =>
                      html`<span class=${`${marks[at]?.[word] ?? ''} ${word < settledWords ? '' : 'tentative'}`}>${text}</span> `,
                  )}</span
                >`,
          )}
        </p>
      </div>`,
    );
  }

  #light(): void {
    const seconds = this.playhead?.();
    if (seconds === undefined) return;
    const caption = this.captions[lastBegun(this.captions, seconds)];
    const word = caption === undefined ? -1 : lastBegun(caption.words, seconds);
    const spoken = caption === undefined ? undefined : this.#wordElement(caption.index, word);
    if (spoken === this.#lit && spoken?.hasAttribute('data-now') !== false) return;
    this.#lit?.removeAttribute('data-now');
    spoken?.setAttribute('data-now', '');
    this.#lit = spoken;
    if (this.#isFollowing) this.#keepInSight(spoken);
  }

  #wordElement(captionIndex: number, word: number): Element | undefined {
    return this.querySelector(`[data-caption="${captionIndex}"]`)?.children[word];
  }

  get #scroller(): HTMLElement {
    return this.querySelector('.scroll') as HTMLElement;
  }

  #keepInSight(element: Element | undefined): void {
    // Whoever marks words would lose them.
    if (element === undefined || document.getSelection()?.isCollapsed === false) return;
    const view = this.#scroller.getBoundingClientRect();
    const { top, bottom } = element.getBoundingClientRect();
    if (bottom > view.bottom - 0.2 * view.height || top < view.top + 0.06 * view.height)
      this.#scrollTo(element);
  }

  #scrollTo(element: Element | undefined): void {
    if (element === undefined) return;
    const scroller = this.#scroller;
    const view = scroller.getBoundingClientRect();
    const by = element.getBoundingClientRect().top - view.top - 0.4 * view.height;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches || Math.abs(by) > 2 * view.height;
    scroller.scrollBy({ top: by, behavior: isCalm ? 'instant' : 'smooth' });
  }

  readonly #letGo = (): void => {
    const { scrollHeight, clientHeight } = this.#scroller;
    if (!this.#isFollowing || scrollHeight <= clientHeight) return;
    this.#isFollowing = false;
    this.requestUpdate();
  };

  // The page's arrows are for the sound; here they scroll.
  readonly #onKey = (event: KeyboardEvent): void => {
    if (!scrollKeys.has(event.key)) return;
    event.stopPropagation();
    this.#letGo();
  };

  // The scroll bar is the only part of the scroller that is no text.
  readonly #onPointer = (event: PointerEvent): void => {
    if (event.target === this.#scroller && event.offsetX > this.#scroller.clientWidth) this.#letGo();
  };

  readonly #onClick = (event: MouseEvent): void => {
    if (document.getSelection()?.isCollapsed === false) return;
    const target = event.target as Element;
    const paragraph = target.closest('.paragraph');
    const captionElement = target.closest('[data-caption]') ?? paragraph?.querySelector('[data-caption]');
    if (captionElement === null || captionElement === undefined) return;
    const isTime = target.closest('.at') !== null;
    if (!isTime && target.closest('[data-caption]') === null) return;
    const index = Number(captionElement.getAttribute('data-caption'));
    const word = [...captionElement.children].indexOf(target);
    const caption = this.captions.find(caption => caption.index === index);
    const seconds = caption?.words[Math.max(0, word)]?.start;
    if (seconds === undefined) return;
    this.follow();
    this.dispatchEvent(new SeekEvent(seconds));
  };
}

customElements.define('lr-transcript', TranscriptList);
