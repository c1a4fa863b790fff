import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { clock } from '../elements/words.ts';
import { readStoryboard, type Tile, tileAt } from './storyboard.ts';

/**
 * The still over the scrub bar: what is shown at the place under the pointer, or under the thumb while it is held.
 * It listens to the element around it, which is as wide as the bar. Nothing is loaded before it is wanted.
 */
export class ScrubStill extends LightElement {
  static override properties = { src: {}, endSeconds: {} };
  /** Address of the storyboard. */
  declare src: string;
  declare endSeconds: number;
  readonly #gone = new AbortController();
  #tiles: readonly Tile[] = [];
  #loaded = '';
  /** Of the bar's width; undefined while nobody points. */
  #at: number | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const bar = this.parentElement;
    const options = { signal: this.#gone.signal };
    for (const name of ['pointermove', 'pointerdown'] as const) {
      bar?.addEventListener(name, event => this.#point(event, bar), options);
    }
    for (const name of ['pointerleave', 'pointercancel'] as const) {
      bar?.addEventListener(name, () => this.#leave(), options);
    }
    // A finger that lets go points no more; a mouse does.
    bar?.addEventListener(
      'pointerup',
      ({ pointerType }) => pointerType !== 'mouse' && this.#leave(),
      options,
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gone.abort();
  }

  override render() {
    const at = this.#at;
    const tile = at === undefined ? undefined : tileAt(this.#tiles, at * this.endSeconds);
    if (at === undefined || tile === undefined) return nothing;
    const { url, x, y, width, height } = tile;
    return html`<figure
      class="scrub-still"
      data-testid="scrub-still"
      aria-hidden="true"
      style=${`--at: ${(at * 100).toFixed(2)}%; --tile-width: ${width}px`}
    >
      <i style=${`width: ${width}px; height: ${height}px; background: url("${url}") -${x}px -${y}px`}></i>
      <figcaption class="number">${clock(at * this.endSeconds)}</figcaption>
    </figure>`;
  }

  #point({ clientX }: PointerEvent, bar: HTMLElement): void {
    const { left, width } = bar.getBoundingClientRect();
    this.#at = Math.min(1, Math.max(0, (clientX - left) / Math.max(1, width)));
    this.requestUpdate();
    if (this.#loaded !== this.src) void this.#load();
  }

  #leave(): void {
    this.#at = undefined;
    this.requestUpdate();
  }

  async #load(): Promise<void> {
    const { src } = this;
    this.#loaded = src;
    try {
      const answer = await fetch(src, { signal: this.#gone.signal });
      if (answer.ok) this.#tiles = readStoryboard(await answer.text(), new URL(src, location.href).href);
      this.requestUpdate();
    } catch {
      // Scrubbing works without stills; the next time they are asked for again.
      this.#loaded = '';
    }
  }
}

customElements.define('lr-scrub-still', ScrubStill);
