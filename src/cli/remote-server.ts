import { LivereelError } from '../errors.ts';

const patienceSeconds = 30;
const usualServer = 'http://127.0.0.1:8000';

/** The API of a livereel server somewhere, called as its clients do. */
export class RemoteServer {
  /** No slash at the end. */
  readonly url: string;
  readonly #token: string | undefined;

  /** `url`: without it the one of this machine. @throws LivereelError `bad-configuration` for what is no address. */
  constructor(url: string | undefined, token: string | undefined) {
    this.url = (url ?? usualServer).replace(/\/+$/, '');
    this.#token = token;
    if (!/^https?:\/\//.test(this.url) || !URL.canParse(this.url)) {
      const message = `"${this.url}" is no address of a server. Write it as http://host:port (--server).`;
      throw new LivereelError('bad-configuration', message);
    }
  }

  /**
   * Calls the API; gives the JSON that it answers, null for none.
   * @throws LivereelError `program-failed` with what the server said, or that it does not answer; the signal's reason.
   */
  async call(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#ask(method, path, body, signal);
    const text = await answer.text();
    const told: unknown = text === '' ? null : parsed(text);
    if (answer.ok) return told;
    const { detail, code } = (told ?? {}) as { detail?: unknown; code?: unknown };
    const reason = typeof detail === 'string' ? `${detail} (${code})` : `HTTP ${answer.status}`;
    throw new LivereelError('program-failed', `The server refused: ${reason}`);
  }

  async #ask(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(patienceSeconds * 1_000)]),
      });
    } catch (cause) {
      signal.throwIfAborted();
      const message = `The server at ${this.url} does not answer. Is it running, and is the address right (--server)?`;
      throw new LivereelError('program-failed', message, { cause });
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
