// Sound that is with its decoder is waited for as long as a busy machine may need to decode it.
const decodingPatienceSeconds = 15;
// A block of sound is known by when it begins.
const blockSeconds = 0.1;

/**
 * Decides when the sound of a part is not waited for any longer: its stream may have lost it, or never had it.
 * Waits for one part at a time, the oldest. Times are seconds on the run's own clock.
 */
export class SoundPatience {
  readonly #onLost: () => void;
  #isLost = false;
  #decodingUntilSeconds = Number.NEGATIVE_INFINITY;
  #waiting: { readonly part: object; readonly endSeconds: number; readonly sinceMillis: number } | null =
    null;
  #timer: NodeJS.Timeout | null = null;

  /** `onLost` is called when a part was waited for in vain; from then on no part is, until sound comes again. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Parts need not wait: no sound comes. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The stream begins, or begins anew from an earlier place. */
  begin(): void {
    this.stop();
    this.#isLost = false;
    this.#decodingUntilSeconds = Number.NEGATIVE_INFINITY;
  }

  /** Sound until `seconds` went to its decoder: it will come, however late. */
  decoding(seconds: number): void {
    this.#decodingUntilSeconds = Math.max(this.#decodingUntilSeconds, seconds);
  }

  /** Sound came. */
  came(): void {
    this.#isLost = false;
  }

  /** No more sound comes, that is certain. */
  lose(): void {
    this.stop();
    this.#isLost = true;
  }

  /** `part`, whose sound reaches to `endSeconds`, waits at most so long; asking again for the same part changes nothing. */
  wait(part: object, endSeconds: number, patienceSeconds: number): void {
    if (this.#waiting?.part === part) return;
    this.stop();
    this.#waiting = { part, endSeconds, sinceMillis: performance.now() };
    this.#arm(patienceSeconds);
  }

  /** Nothing waits any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
  }

  #arm(seconds: number): void {
    this.#timer = setTimeout(() => this.#decide(), seconds * 1_000);
  }

  #decide(): void {
    const { endSeconds, sinceMillis } = this.#waiting ?? { endSeconds: 0, sinceMillis: 0 };
    const leftSeconds = decodingPatienceSeconds - (performance.now() - sinceMillis) / 1_000;
    if (this.#decodingUntilSeconds >= endSeconds - blockSeconds && leftSeconds > 0) this.#arm(leftSeconds);
    else {
      this.lose();
      this.#onLost();
    }
  }
}
