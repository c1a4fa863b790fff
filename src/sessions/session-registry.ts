import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreateSessionRequest, VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { randomId } from '../store/random-id.ts';
import type { CaptionedSessions } from './captioned-sessions.ts';
import type { FinishedSessions } from './finished-session.ts';
import { Session } from './session.ts';
import type { SessionSettings } from './session-parts.ts';
import type { SessionRecord, SessionRecords } from './session-records.ts';

/** Whom and how much the server takes. */
export type RegistrySettings = SessionSettings & {
  readonly maxSessions: number;
  readonly maxSessionsPerAddress: number;
  readonly minFreeDiskBytes: number;
  /** 0 to 1, of the whole file system. */
  readonly minFreeDiskRatio: number;
};

/** Who publishes. `address`: an IP address, or `unknown`; `ownerId`: the account, null without one. */
export type SessionClient = { readonly address: string; readonly ownerId: string | null };

/** Makes the record of a new session's video. @throws LivereelError `validation-failed`. */
export interface NewSessionRecords extends SessionRecords {
  insert(
    record: SessionRecord &
      Omit<CreateSessionRequest, 'replyTo' | 'mimeType' | 'frameRate' | 'input'> & {
        readonly ingestTokenHash: Buffer;
        readonly mimeType: string | null;
        readonly replyTo: string | null;
        /** The account that publishes; null: nobody's. */
        readonly ownerId: string | null;
      },
  ): Promise<unknown>;
}

const diskCheckMillis = 5_000;
const retryAfterSeconds = 30;

/** All sessions that take part of the machine's room; creates them, finds them, brings them back after a crash. */
export class SessionRegistry {
  readonly #settings: RegistrySettings;
  readonly #content: ContentDirectory;
  readonly #records: NewSessionRecords;
  readonly #finished: FinishedSessions;
  readonly #events: VideoEvents;
  readonly #captioned: Pick<CaptionedSessions, 'open'> | null;
  readonly #webRtcUnavailable: () => string | null;
  readonly #log: Log;
  readonly #sessions = new Map<string, Session>();
  readonly #diskTimer: NodeJS.Timeout;
  /** The address of each request that is under way: it takes a place before there is a session. */
  readonly #reserved: string[] = [];
  #isDiskLow = false;
  #isDraining = false;
  #playlistRenders = 0;

  constructor(parts: {
    readonly settings: RegistrySettings;
    readonly content: ContentDirectory;
    readonly records: NewSessionRecords;
    readonly finished: FinishedSessions;
    readonly events: VideoEvents;
    /** Null: sessions are not captioned. */
    readonly captioned: Pick<CaptionedSessions, 'open'> | null;
    /** Why nobody can publish by WebRTC, a sentence for people; null: they can. */
    readonly webRtcUnavailable: () => string | null;
    readonly log: Log;
  }) {
    this.#settings = parts.settings;
    this.#content = parts.content;
    this.#records = parts.records;
    this.#finished = parts.finished;
    this.#events = parts.events;
    this.#captioned = parts.captioned;
    this.#webRtcUnavailable = parts.webRtcUnavailable;
    this.#log = parts.log;
    this.#diskTimer = setInterval(() => void this.#checkDisk(), diskCheckMillis);
    this.#diskTimer.unref();
  }

  /** How often a playlist was rendered, for the metrics. */
  get playlistRenders(): number {
    return this.#playlistRenders;
  }

  /** How many sessions are there, by state. */
  get counts(): ReadonlyMap<VideoState, number> {
    const counts = new Map<VideoState, number>();
    for (const { state } of this.#sessions.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  /** A session that is live or being finished. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** @throws LivereelError `server-full`, `server-draining`, `disk-full`, `too-many-sessions`, `input-not-supported`, `validation-failed`. */
  async create(
    request: CreateSessionRequest,
    client: SessionClient,
  ): Promise<{ id: string; ingestToken: string; state: VideoState }> {
    this.#admit(request, client.address);
    // Counted before anything is waited for: a burst of requests must not slip in together.
    this.#reserved.push(client.address);
    try {
      await this.#checkDisk();
      if (this.#isDiskLow)
        throw new LivereelError('disk-full', 'the disk is nearly full: free some space, then try again');
      const id = randomId();
      const ingestToken = randomBytes(24).toString('base64url');
      const { input, frameRate, mimeType, replyTo, ...rest } = request;
      const record = {
        ...rest,
        id,
        input,
        state: 'created' as const,
        frameRate: input === 'frames' ? (frameRate ?? null) : null,
        mimeType: mimeType ?? null,
        replyTo: replyTo ?? null,
        ingestTokenHash: hashOf(ingestToken),
        clientAddress: client.address,
        ownerId: client.ownerId,
        createdAt: new Date(),
      };
      await this.#records.insert(record);
      // Whoever is let in now would be closed by nobody.
      if (this.#isDraining) throw serverDraining();
      await this.#open(record);
      await this.#refuseIfDeleted(id);
      return { id, ingestToken, state: 'created' };
    } finally {
      this.#reserved.splice(this.#reserved.indexOf(client.address), 1);
    }
  }

  /** The session that `token` may publish to. @throws LivereelError `session-not-found`, `bad-token`, `session-ended`. */
  async authorize(id: string, token: string): Promise<Session> {
    const record = await this.#recordFor(id, token);
    const session = this.#sessions.get(record.id);
    if (session === undefined) {
      throw new LivereelError('session-ended', 'the session is over; create a new one');
    }
    return session;
  }

  /** Ends a session; one that has ended stays ended. @throws LivereelError `session-not-found`, `bad-token`. */
  async end(id: string, token: string): Promise<{ id: string; state: VideoState }> {
    const record = await this.#recordFor(id, token);
    return this.#end(record);
  }

  /** The same for somebody who may end it without its token: its owner. @throws LivereelError `session-not-found`. */
  async endNow(id: string): Promise<{ id: string; state: VideoState }> {
    const record = await this.#records.find(id);
    if (record === undefined) throw noSuchSession();
    return this.#end(record);
  }

  async #end({ id, state }: SessionRecord): Promise<{ id: string; state: VideoState }> {
    const session = this.#sessions.get(id);
    if (session === undefined) return { id, state };
    await session.end();
    return { id, state: session.state };
  }

  /** Whether `token` is the ingest token of `id`. */
  async authorizes(id: string, token: string): Promise<boolean> {
    const record = await this.#records.find(id);
    return record !== undefined && isTokenOf(record, token);
  }

  /** Brings back what a stopped server left: each goes on from its journal. */
  async recover(): Promise<void> {
    for (const record of await this.#records.unfinished()) {
      if (record.ingestTokenHash === null || this.#sessions.has(record.id)) continue;
      try {
        await this.#open(record);
        this.#log.info({ sessionId: record.id, state: record.state }, 'session recovered');
      } catch (error) {
        this.#log.error({ err: error, sessionId: record.id }, 'session not recovered');
        const errorMessage = 'what was recorded cannot be read back; its files are kept';
        await this.#records.update(record.id, {
          state: 'failed',
          errorCode: 'internal',
          errorMessage,
          journalKept: true,
        });
      }
    }
  }

  /** Publishers can come from now on: how long a start takes is not taken from the time that they have. */
  reachable(): void {
    for (const session of this.#sessions.values()) session.reachable();
  }

  /**
   * Lets a session whose video was deleted go: no video is made of it, its publisher and viewers are told `why`.
   * Nothing happens when there is none. Never throws.
   */
  async discard(id: string, why: LivereelError): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    await session.close(why);
  }

  /** Takes no new session, tells publishers, and lets all go; journals go on at the next start. Never throws. */
  async close(): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#diskTimer);
    await Promise.all([...this.#sessions.values()].map(session => session.close()));
  }

  #admit(request: CreateSessionRequest, address: string): void {
    if (this.#isDraining) throw serverDraining();
    const webRtcUnavailable = request.input === 'webrtc' ? this.#webRtcUnavailable() : null;
    if (webRtcUnavailable !== null) throw new LivereelError('input-not-supported', webRtcUnavailable);
    const active = [...this.#sessions.values()].filter(session => session.state !== 'processing');
    if (active.length + this.#reserved.length >= this.#settings.maxSessions) {
      throw new LivereelError('server-full', 'all places are taken: try again in a while', {
        retryAfterSeconds,
      });
    }
    const taken = [...active.map(session => session.clientAddress), ...this.#reserved];
    const fromAddress = taken.filter(taker => taker === address).length;
    if (fromAddress >= this.#settings.maxSessionsPerAddress) {
      throw new LivereelError(
        'too-many-sessions',
        'too many sessions from this address: end one of them first',
        { retryAfterSeconds },
      );
    }
  }

  async #recordFor(id: string, token: string): Promise<SessionRecord> {
    const record = /^[0-9A-Za-z]{12}$/.test(id) ? await this.#records.find(id) : undefined;
    if (record === undefined) throw noSuchSession();
    if (!isTokenOf(record, token))
      throw new LivereelError('bad-token', 'the ingest token is missing or wrong');
    return record;
  }

  async #open(record: SessionRecord): Promise<void> {
    const { id } = record;
    const content = this.#content;
    const renditionDirectory = content.renditionDir(id, 'main');
    await mkdir(renditionDirectory, { recursive: true });
    const session = await Session.open(
      {
        settings: this.#settings,
        places: {
          journalDirectory: content.journalDir(id),
          renditionDirectory,
          timelineFile: join(renditionDirectory, 'timeline.log'),
          multivariantFile: content.multivariantPlaylistFile(id),
          mediaFile: content.mediaPlaylistFile(id, 'main'),
          captionsDirectory: content.renditionDir(id, 'captions'),
        },
        records: this.#records,
        finished: this.#finished,
        events: this.#events,
        captioned: this.#captioned,
        onRender: () => {
          this.#playlistRenders += 1;
        },
        log: this.#log.child({ sessionId: id }),
      },
      record,
    );
    this.#sessions.set(id, session);
    void session.over.then(async () => {
      // While the server stops, viewers are told so by the session, not that there is none.
      if (!this.#isDraining) this.#sessions.delete(id);
      // A session in which nothing was ever sent leaves nothing.
      if (session.isEmpty && !this.#isDraining) await content.removeVideo(id).catch(() => undefined);
    });
  }

  /** Deleted while it was being opened, with its account perhaps: there was no session yet that could be discarded. */
  async #refuseIfDeleted(id: string): Promise<void> {
    if ((await this.#records.find(id)) !== undefined) return;
    const why = new LivereelError('session-not-found', 'this session was deleted at once; create a new one');
    await this.discard(id, why);
    throw why;
  }

  async #checkDisk(): Promise<void> {
    const { freeBytes, totalBytes } = await this.#content.freeBytes();
    const isLow =
      freeBytes < this.#settings.minFreeDiskBytes || freeBytes < totalBytes * this.#settings.minFreeDiskRatio;
    if (isLow && !this.#isDiskLow)
      this.#log.warn({ freeBytes, totalBytes }, 'disk nearly full: sessions end');
    this.#isDiskLow = isLow;
    if (!isLow) return;
    const error = new LivereelError(
      'disk-full',
      'the disk is nearly full: the recording ends here and is kept',
    );
    await Promise.all(
      [...this.#sessions.values()]
        .filter(session => !session.isEmpty)
        .map(session => session.endBecause(error)),
    );
  }
}

function serverDraining(): LivereelError {
  return new LivereelError('server-draining', 'the server is stopping: try again in a moment', {
    retryAfterSeconds: 10,
  });
}

function noSuchSession(): LivereelError {
  return new LivereelError('session-not-found', 'there is no such session; create one first');
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function isTokenOf(record: SessionRecord, token: string): boolean {
  return record.ingestTokenHash !== null && timingSafeEqual(hashOf(token), record.ingestTokenHash);
}
