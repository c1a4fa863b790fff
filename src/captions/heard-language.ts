// So much of a language, and nearly nothing of others, is enough to keep it; after the second the most heard is kept.
const certainSeconds = 3;
const certainShare = 0.75;
const decidedSeconds = 10;

/** Finds out a session's language in the first 10 s of speech, and keeps it then. */
export class HeardLanguage {
  #kept: string | null;
  readonly #seconds = new Map<string, number>();

  /** `given`: BCP-47 primary language when it is known; null: to be found out. */
  constructor(given: string | null) {
    this.#kept = given;
  }

  /** Null while it is not certain. */
  get kept(): string | null {
    return this.#kept;
  }

  /** The recogniser took this much new speech for this language. True when that decided it. */
  heard(language: string | null, seconds: number): boolean {
    if (this.#kept !== null || language === null) return false;
    this.#seconds.set(language, (this.#seconds.get(language) ?? 0) + seconds);
    const [most] = [...this.#seconds].sort(([, one], [, other]) => other - one);
    const total = [...this.#seconds.values()].reduce((sum, each) => sum + each, 0);
    const [leader, led] = most!;
    const isCertain = led >= certainSeconds && led >= certainShare * total;
    if (!isCertain && total < decidedSeconds) return false;
    this.#kept = leader;
    return true;
  }

  /** Somebody knows better. */
  correct(language: string): void {
    this.#kept = language;
  }
}
