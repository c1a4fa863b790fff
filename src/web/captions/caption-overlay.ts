import './caption-overlay.css';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { LightElement } from '../elements/light-element.ts';
import { blockAt } from './caption-block.ts';
import type { CaptionFeed } from './caption-feed.ts';
import type { CaptionLook } from './caption-look.ts';
import { captionMeasure } from './caption-measure.ts';
import { beginsRow, type CaptionRow, captionRows } from './caption-rows.ts';
import { lastBegun } from './heard-captions.ts';
import { RollUp } from './roll-up.ts';

/** Where playback is, as captions need to know it. */
export interface Playhead {
  /** Media time; infinite where nothing is played and captions are shown as they come. */
  readonly seconds: number;
  /** Whether words come later than their picture. */
  readonly isAtLive: boolean;
  readonly isPaused: boolean;
}

const lookMillis = 100;
const rolledCaptions = 6;

/**
 * Captions over a picture, in step with it; at the live edge as soon as they come. Hidden from screen readers: the
 * transcript beside the picture is theirs.
 */
export class CaptionOverlay extends LightElement {
  static override properties = { feed: {}, look: {}, isRaised: {}, sample: {}, fontPx: {} };
  declare feed: CaptionFeed | undefined;
  declare look: CaptionLook;
  /** Whether the controls are in sight, which captions must not cover. */
  declare isRaised: boolean;
  /** Words to show while nobody speaks, so that a change of the look is seen. */
  declare sample: string;
  /** CSS pixels, where the size is not left to the picture's. */
  declare fontPx: number | undefined;
  /** Asked ten times a second. */
  playhead: (() => Playhead | undefined) | undefined;
  readonly #rollUp = new RollUp();
  readonly #resized = new ResizeObserver(() => this.requestUpdate());
  #rows: readonly CaptionRow[] = [];
  #isRolling = false;
  #seconds = Number.NaN;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.isRaised = false;
    this.sample = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#timer = setInterval(() => this.#look(), lookMillis);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    clearInterval(this.#timer);
  }

  override render() {
    const { isOn, position, background } = this.look;
    if (!isOn) return nothing;
    const isSample = this.#rows.length === 0 && this.sample !== '';
    const place = `${position} ${background} ${this.isRaised ? 'raised' : ''} ${this.#isRolling ? 'rolling' : ''}`;
    return html`<div
      class=${`lines ${place}`}
      data-testid="captions"
      aria-hidden="true"
      style=${`font-size: ${this.#measure.fontPx}px`}
    >
      ${isSample ? html`<p><span>${this.sample}</span></p>` : nothing}
      ${repeat(
        this.#rows,
        ({ key }) => key,
        ({ words }) => html`<p><span>${captionWords(words)}</span></p>`,
      )}
    </div>`;
  }

  get #measure() {
    const picture = { width: this.clientWidth, height: this.clientHeight };
    return captionMeasure(picture, this.fontPx ?? this.look.size);
  }

  #look(): void {
    const now = this.playhead?.();
    if (now === undefined || !this.look.isOn) return;
    // A picture that stands keeps its words, however long.
    if (now.isPaused && now.seconds === this.#seconds) return;
    if (Math.abs(now.seconds - this.#seconds) > 2) this.#rollUp.reset();
    this.#seconds = now.seconds;
    const rows = now.isAtLive ? this.#rolled(now.seconds) : this.#block(now.seconds);
    if (now.isAtLive === this.#isRolling && isSame(rows, this.#rows)) return;
    this.#isRolling = now.isAtLive;
    this.#rows = rows;
    this.requestUpdate();
  }

  #block(seconds: number): readonly CaptionRow[] {
    return blockAt(this.feed?.captions ?? [], seconds, this.#measure.rowLetters);
  }

  #rolled(seconds: number): readonly CaptionRow[] {
    const captions = this.feed?.captions ?? [];
    const end = lastBegun(captions, seconds) + 1;
    let begin = Math.max(0, end - rolledCaptions);
    while (!beginsRow(captions, begin)) begin -= 1;
    const rows = captionRows(captions.slice(begin, end), this.#measure.rowLetters);
    return this.#rollUp.show(rows, seconds, performance.now());
  }
}

/** The words of a row; those that may still change are lighter. */
export function captionWords(words: CaptionRow['words']) {
  const settled = words.filter(({ isSettled }) => isSettled).map(({ text }) => text);
  const tentative = words.filter(({ isSettled }) => !isSettled).map(({ text }) => text);
  if (tentative.length === 0) return settled.join(' ');
  return html`${settled.join(' ')}${settled.length > 0 ? ' ' : ''}<i>${tentative.join(' ')}</i>`;
}

function isSame(one: readonly CaptionRow[], other: readonly CaptionRow[]): boolean {
  return textOf(one) === textOf(other);
}

function textOf(rows: readonly CaptionRow[]): string {
  return rows
    .map(row => `${row.key} ${row.words.map(word => `${word.text}${word.isSettled ? '' : '~'}`).join(' ')}`)
    .join('\n');
}

customElements.define('lr-caption-overlay', CaptionOverlay);
