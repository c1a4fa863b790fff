import type { ImportAnswer, ImportedVideo } from '../../api/import.ts';
import { PublishError } from '../../client/publish-error.ts';
import { freshLogin } from '../account/current-login.ts';
import { askServer } from '../elements/server-api.ts';

/** How far an import is. `lost`: the server does not answer; it is asked again. */
export type ImportStage = 'asking' | 'waiting' | 'fetching' | 'lost' | 'done' | 'failed' | 'cancelled';

const lookMillis = 700;
const imports = '/api/v1/imports';

/**
 * Has the server fetch a video from an address, and looks how far it is. The server goes on without this page. Event
 * `change`. Owned by the page that shows it.
 */
export class AddressImport extends EventTarget {
  readonly url: string;
  readonly #gone = new AbortController();
  #stage: ImportStage = 'asking';
  #answer: ImportAnswer | undefined;
  #videoId: string | undefined;
  #reason: string | undefined;

  constructor(url: string) {
    super();
    this.url = url;
    void this.#follow(() => this.#begin());
  }

  get stage(): ImportStage {
    return this.#stage;
  }

  /** As the server told it last. */
  get answer(): ImportAnswer | undefined {
    return this.#answer;
  }

  /** Of the video that it becomes; known once the server has taken it. */
  get videoId(): string | undefined {
    return this.#videoId;
  }

  /** Why it failed, for people. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Tries again after a failure. */
  retry(): void {
    if (this.#stage !== 'failed') return;
    this.#become('asking');
    const id = this.#videoId;
    void this.#follow(() => (id === undefined ? this.#begin() : this.#again(id)));
  }

  /** The server fetches it no more. Safe to call twice. */
  cancel(): void {
    this.close();
    if (this.#stage === 'done' || this.#stage === 'cancelled') return;
    this.#become('cancelled');
    const id = this.#videoId;
    if (id !== undefined) void call('DELETE', `${imports}/${id}`).catch(() => undefined);
  }

  /** Looks no more; the server goes on. Safe to call twice. */
  close(): void {
    this.#gone.abort();
  }

  async #begin(): Promise<void> {
    const made = await call<ImportedVideo>('POST', imports, { url: this.url });
    this.#videoId = made.id;
    // Cancelled before the server had answered.
    if (this.#stage === 'cancelled') await call('DELETE', `${imports}/${made.id}`);
  }

  async #again(id: string): Promise<void> {
    this.#told(await call('POST', `${imports}/${id}/retry`));
  }

  async #follow(begin: () => Promise<void>): Promise<void> {
    const { signal } = this.#gone;
    try {
      await begin();
      while (!signal.aborted && !['done', 'failed'].includes(this.#stage)) {
        await this.#look();
        await new Promise(resolve => setTimeout(resolve, lookMillis));
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error instanceof PublishError ? error.message : 'The page failed. Reload it.');
    }
  }

  async #look(): Promise<void> {
    try {
      this.#told(await call('GET', `${imports}/${this.#videoId}`));
    } catch (error) {
      if (!(error instanceof PublishError) || !isPassing(error)) throw error;
      this.#become('lost');
    }
  }

  #told(answer: ImportAnswer): void {
    if (this.#gone.signal.aborted) return;
    this.#answer = answer;
    if (answer.state === 'failed') this.#fail(answer.error ?? 'It could not be fetched.');
    else if (answer.state === 'cancelled') this.#fail('The import was cancelled.');
    else this.#become(answer.state === 'running' ? 'fetching' : answer.state);
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#become('failed');
  }

  #become(stage: ImportStage): void {
    this.#stage = stage;
    this.dispatchEvent(new Event('change'));
  }
}

function isPassing({ code, facts }: PublishError): boolean {
  return code === 'server-unreachable' || (facts.status ?? 0) >= 500;
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  await freshLogin();
  return await askServer(method, path, body);
}
