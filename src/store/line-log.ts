import { appendFileSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';

/** A file of entries, each a line of JSON: what a crash must not lose. Owned by whoever opened it. */
export class LineLog<Entry> {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens the log at `path` and reads what is there; a last line that was cut is dropped. */
  static async open<Entry>(path: string): Promise<{ log: LineLog<Entry>; entries: Entry[] }> {
    const handle = await open(path, 'a+');
    const text = await readFile(path, 'utf8');
    const entries: Entry[] = [];
    let length = 0;
    for (const line of text.split('\n').slice(0, -1)) {
      try {
        entries.push(JSON.parse(line));
      } catch {
        // A machine that lost power leaves a line of zeros: what follows was not flushed either.
        break;
      }
      length += Buffer.byteLength(line) + 1;
    }
    await handle.truncate(length);
    return { log: new LineLog(handle), entries };
  }

  async append(...entries: readonly Entry[]): Promise<void> {
    this.appendNow(...entries);
  }

  /**
   * As `append`. Also on a disk that is nearly full: all of it is written, or it throws. On this thread: a line takes
   * microseconds, handing it to another thread and back takes ten times that.
   */
  appendNow(...entries: readonly Entry[]): void {
    appendFileSync(this.#handle.fd, textOf(entries));
  }

  /** Forgets all that stands behind `kept`, the first entries that `open` read. */
  async cutBehind(kept: readonly Entry[]): Promise<void> {
    await this.#handle.truncate(Buffer.byteLength(textOf(kept)));
  }

  async flush(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function textOf(entries: readonly unknown[]): string {
  return entries.map(entry => `${JSON.stringify(entry)}\n`).join('');
}
