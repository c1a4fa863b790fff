/** What a paced writer writes to. */
export type PacedOutput<Item> = {
  /** False when the reader has not taken all of it yet; it is kept and sent later all the same. */
  readonly write: (text: string) => boolean;
  readonly textOf: (item: Item) => string;
  /** Sent now and then to a reader that has not taken everything, to find out; means nothing. */
  readonly probe: string;
  /** The reader takes nothing, or less than comes: let go of it. */
  readonly giveUp: () => void;
};

const pieceCharacters = 32_768;
const probeMillis = 250;
const patienceMillis = 30_000;
// A day's captions, and what is said meanwhile.
const mostWaiting = 32_000;

/**
 * Writes items to one reader at its own pace: they wait as they are and become text only when the reader has taken
 * what came before, so that a slow one costs little. Owned by whoever answers the reader.
 */
export class PacedWriter<Item> {
  readonly #output: PacedOutput<Item>;
  #waiting: Item[] = [];
  #blockedAtMillis: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(output: PacedOutput<Item>) {
    this.#output = output;
  }

  /** Whether the reader has taken everything. */
  get isIdle(): boolean {
    return this.#blockedAtMillis === null && this.#waiting.length === 0;
  }

  add(items: readonly Item[]): void {
    if (this.#isClosed) return;
    this.#waiting = this.#waiting.length === 0 ? [...items] : this.#waiting.concat(items);
    if (this.#waiting.length > mostWaiting) this.#giveUp();
    else this.#pump();
  }

  /** Writes nothing more. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#blockedAtMillis === null && !this.#isClosed) {
      let [text, count] = ['', 0];
      while (count < this.#waiting.length && text.length < pieceCharacters) {
        text += this.#output.textOf(this.#waiting[count] as Item);
        count += 1;
      }
      this.#waiting.splice(0, count);
      if (!this.#output.write(text)) this.#block();
    }
  }

  #block(): void {
    this.#blockedAtMillis = performance.now();
    this.#timer ??= setInterval(() => this.#probe(), probeMillis);
  }

  #probe(): void {
    if (this.#blockedAtMillis === null) return;
    if (this.#output.write(this.#output.probe)) {
      this.#blockedAtMillis = null;
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      this.#pump();
    } else if (performance.now() - this.#blockedAtMillis > patienceMillis) this.#giveUp();
  }

  #giveUp(): void {
    this.close();
    this.#output.giveUp();
  }
}
