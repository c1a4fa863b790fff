import type { Publisher, PublisherWarning } from '../client/publisher.ts';
import { readIngestStatus } from '../client/session-api.ts';
import type { Output } from './output.ts';

const liveEveryMillis = 150;
const progressEveryMillis = 1_000;

/**
 * Tells how publishing goes, from its beginning until `close`: when viewers can come, what is safe each second,
 * lost and regained connections, what the server warns of.
 */
export class PushReport {
  readonly #publisher: Publisher;
  readonly #output: Output;
  readonly #addresses: { readonly watchUrl: string; readonly ingestUrl: string };
  readonly #isTerminal: boolean;
  readonly #progress: ReturnType<typeof setInterval>;
  readonly #look: ReturnType<typeof setInterval>;
  #isLooking = false;
  #isConnected = true;

  /** `isTerminal`: a line that is written over can be seen. */
  constructor(
    publisher: Publisher,
    output: Output,
    addresses: { readonly watchUrl: string; readonly ingestUrl: string },
    isTerminal: boolean,
  ) {
    this.#publisher = publisher;
    this.#output = output;
    this.#addresses = addresses;
    this.#isTerminal = isTerminal && !output.isJson;
    publisher.addEventListener('change', this.#changed);
    publisher.addEventListener('warning', this.#warned);
    this.#progress = setInterval(() => this.#tellProgress(), progressEveryMillis);
    this.#look = setInterval(() => void this.#lookWhetherLive(), liveEveryMillis);
  }

  /** Safe to call twice. */
  close(): void {
    clearInterval(this.#progress);
    clearInterval(this.#look);
    this.#publisher.removeEventListener('change', this.#changed);
    this.#publisher.removeEventListener('warning', this.#warned);
    this.#clearLine();
  }

  async #lookWhetherLive(): Promise<void> {
    if (this.#isLooking || this.#publisher.safeBytes === 0) return;
    this.#isLooking = true;
    const status = await readIngestStatus(this.#addresses.ingestUrl).catch(() => undefined);
    this.#isLooking = false;
    if (status === undefined || ['created', 'interrupted'].includes(status.state)) return;
    clearInterval(this.#look);
    if (status.state !== 'live') return;
    const { watchUrl } = this.#addresses;
    this.#clearLine();
    this.#output.result(
      { type: 'live', id: this.#publisher.session.id, watchUrl },
      `Live: watch at ${watchUrl}`,
    );
  }

  readonly #changed = (): void => {
    const { state, problem } = this.#publisher;
    if (state === 'reconnecting' && this.#isConnected) {
      this.#isConnected = false;
      this.#clearLine();
      this.#output.remark(
        { type: 'reconnecting', problem },
        `The connection is lost: ${problem} Trying again; nothing is lost.`,
      );
    } else if (state === 'publishing' && !this.#isConnected) {
      this.#isConnected = true;
      this.#clearLine();
      this.#output.remark({ type: 'reconnected' }, 'Connected again; going on where the server stands.');
    }
  };

  readonly #warned = (event: Event): void => {
    const { code, message } = event as PublisherWarning;
    this.#clearLine();
    this.#output.remark({ type: 'warning', code, message }, `The server warns: ${message}`);
  };

  #tellProgress(): void {
    const { state, safeBytes, keptBytes } = this.#publisher;
    if (this.#output.isJson) this.#output.remark({ type: 'progress', state, safeBytes, keptBytes }, '');
    else if (this.#isTerminal) {
      process.stderr.write(
        `\r\u001b[K${state} · ${megabytes(safeBytes)} safe · ${megabytes(keptBytes)} only here`,
      );
    }
  }

  #clearLine(): void {
    if (this.#isTerminal) process.stderr.write('\r\u001b[K');
  }
}

/** `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
