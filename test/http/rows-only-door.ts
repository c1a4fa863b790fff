import type { CreateSessionRequest } from '../../src/api/session.ts';
import { LivereelError } from '../../src/errors.ts';
import type { SessionDoor } from '../../src/http/routes/sessions.ts';
import type { VideoStore } from '../../src/library/video-store.ts';

/** A door behind which nothing is recorded: sessions are rows of the real store, the token is `token-of-<id>`. */
export class RowsOnlyDoor implements SessionDoor {
  readonly #videos: VideoStore;
  /** What the API handed in last. */
  lastRequest: CreateSessionRequest | undefined;
  lastAddress: string | undefined;
  /** Thrown by the next `create`. */
  refusal: Error | undefined;

  constructor(videos: VideoStore) {
    this.#videos = videos;
  }

  async create(request: CreateSessionRequest, client: { address: string; ownerId: string | null }) {
    this.lastRequest = request;
    this.lastAddress = client.address;
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) throw refusal;
    const id = newId();
    const { mimeType = null, frameRate = null, replyTo = null, ...rest } = request;
    const { ownerId } = client;
    const row = { ...rest, ownerId, id, state: 'created' as const, mimeType, frameRate, replyTo };
    const { state } = await this.#videos.insert(row);
    return { id, state, ingestToken: `token-of-${id}` };
  }

  async end(id: string, token: string) {
    if ((await this.#videos.find(id)) === undefined) throw new LivereelError('session-not-found', 'none');
    if (token !== `token-of-${id}`) throw new LivereelError('bad-token', 'wrong');
    return await this.endNow(id);
  }

  async endNow(id: string) {
    await this.#videos.update(id, { state: 'processing' });
    return { id, state: 'processing' as const };
  }

  async authorizes(id: string, token: string): Promise<boolean> {
    return token === `token-of-${id}` && (await this.#videos.find(id)) !== undefined;
  }
}

let made = 0;

/** 12 letters and digits, another one each time. */
export function newId(): string {
  made += 1;
  return `video${String(made).padStart(7, '0')}`;
}
