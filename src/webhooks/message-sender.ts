import type { GuardedClient } from '../fetch/guarded-client.ts';

/** What came back for a message. */
export type SendResult = {
  /** Null: nothing came back at all. */
  readonly status: number | null;
  /** Its first 2 KiB as text; null when there was nothing to read. */
  readonly body: string | null;
  /** Part of a sentence for people; null: it was taken. */
  readonly error: string | null;
  readonly retryAfter: string | undefined;
  readonly durationMillis: number;
};

const longestMillis = 10_000;
const mostBodyBytes = 2_048;

/**
 * Posts messages to addresses that owners named: only where the guard lets them, no redirect followed, ten seconds
 * and two KiB of answer at the most. Never throws, but for `signal`.
 */
export class MessageSender {
  readonly #client: Pick<GuardedClient, 'request'>;
  readonly #longestMillis: number;

  /** `longestSeconds`: what one attempt may take in all. */
  constructor(client: Pick<GuardedClient, 'request'>, longestSeconds = longestMillis / 1_000) {
    this.#client = client;
    this.#longestMillis = longestSeconds * 1_000;
  }

  /** @throws the signal's reason. */
  async send(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<SendResult> {
    const startedAtMillis = performance.now();
    const patience = AbortSignal.timeout(this.#longestMillis);
    const result = { status: null as number | null, body: null as string | null, retryAfter: undefined };
    const durationMillis = () => Math.round(performance.now() - startedAtMillis);
    try {
      const answer = await this.#client.request(new URL(url), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', connection: 'close' },
        body,
        // Left after the first 2 KiB, however much comes at once.
        maxBytes: Number.MAX_SAFE_INTEGER,
        signal: AbortSignal.any([signal, patience]),
      });
      const { status } = answer;
      const retryAfter = answer.headers['retry-after'];
      const text = await beginningOf(answer.body).catch(() => null);
      answer.discard();
      signal.throwIfAborted();
      return { status, body: text, error: complaintOf(status), retryAfter, durationMillis: durationMillis() };
    } catch (error) {
      signal.throwIfAborted();
      const reason = patience.aborted ? `no answer within ${this.#longestMillis / 1_000} s` : reasonOf(error);
      return { ...result, error: reason, durationMillis: durationMillis() };
    }
  }
}

/** What says that a message was taken: any 2xx. */
function complaintOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `answered ${status}: redirects are not followed`;
  return `answered ${status}`;
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece.subarray(0, mostBodyBytes - bytes));
    bytes += piece.length;
    if (bytes >= mostBodyBytes) break;
  }
  // Postgres' text has no zero characters.
  return bytes === 0 ? null : Buffer.concat(pieces).toString('utf8').replaceAll('\0', '');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
