/**
 * Counts what a viewer suffers: a stall is a wait in the middle of playing that nobody asked for by seeking.
 */
export class PlaybackStats {
  readonly #video: HTMLVideoElement;
  readonly #abort = new AbortController();
  #stalls = 0;
  #longestStallSeconds = 0;
  #stalledAtMillis: number | undefined;
  /** Since the last seek. */
  #hasPlayed = false;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    const { signal } = this.#abort;
    video.addEventListener('waiting', () => this.#waiting(), { signal });
    video.addEventListener('playing', () => this.#goesOn(), { signal });
    video.addEventListener('timeupdate', () => this.#timeUpdate(), { signal });
    for (const name of ['pause', 'ended', 'emptied'])
      video.addEventListener(name, () => this.#forget(), { signal });
    video.addEventListener('seeking', () => this.#beginSeek(), { signal });
  }

  /** How often playback has stalled. */
  get stalls(): number {
    return this.#stalls;
  }

  /** The longest stall, the present one included. */
  get longestStallSeconds(): number {
    const present =
      this.#stalledAtMillis === undefined ? 0 : (performance.now() - this.#stalledAtMillis) / 1_000;
    return Math.max(this.#longestStallSeconds, present);
  }

  /** Whether it stands still now. */
  get isStalled(): boolean {
    return this.#stalledAtMillis !== undefined;
  }

  /** Stops counting. Safe to call twice. */
  close(): void {
    this.#abort.abort();
  }

  #waiting(): void {
    if (!this.#hasPlayed || this.#video.seeking || this.#video.paused || this.#video.ended) return;
    this.#stalledAtMillis ??= performance.now();
  }

  // The time moves on also without a `playing` event after very short waits.
  #timeUpdate(): void {
    if (this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.#goesOn();
  }

  #goesOn(): void {
    this.#hasPlayed = true;
    if (this.#stalledAtMillis === undefined) return;
    this.#longestStallSeconds = this.longestStallSeconds;
    this.#stalls += 1;
    this.#stalledAtMillis = undefined;
  }

  // Also what is waited for behind `seeked` until the first picture moves is the seek's.
  #beginSeek(): void {
    this.#hasPlayed = false;
    this.#forget();
  }

  #forget(): void {
    this.#stalledAtMillis = undefined;
  }
}
