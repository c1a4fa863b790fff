const windowMillis = 2_000;

/** The greatest of what was noted in the last two seconds: a saw-tooth read as the number that it stays below. */
export class RecentPeak {
  readonly #noted: { value: number; atMillis: number }[] = [];

  /** Notes `value` and gives the peak. `nowMillis` never goes back. */
  note(value: number, nowMillis: number): number {
    while (this.#noted[0] !== undefined && nowMillis - this.#noted[0].atMillis > windowMillis)
      this.#noted.shift();
    this.#noted.push({ value, atMillis: nowMillis });
    return Math.max(...this.#noted.map(noted => noted.value));
  }

  /** Begins anew. */
  forget(): void {
    this.#noted.length = 0;
  }
}
