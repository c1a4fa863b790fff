import type { SessionAnswer } from '../../api/session.ts';
import type { IceServer } from '../../client/peer-connection-class.ts';
import { PublishError } from '../../client/publish-error.ts';
import type { PublisherState } from '../../client/publisher.ts';
import type { SessionRequest } from '../../client/session-api.ts';
import { WhipPublisher } from '../../client/whip-publisher.ts';
import type { Broadcast } from './broadcast.ts';
import { instantWords } from './instant-words.ts';
import type { LiveWords } from './live-words.ts';

// Whoever has pressed the button wants to be told what is wrong, not to wait until it is right.
const longestStartMillis = 10_000;

/** A stream by WebRTC: viewers see it at once, and what a bad network swallows is gone. */
export class InstantBroadcast extends EventTarget implements Broadcast {
  readonly #publisher: WhipPublisher;
  #picture: MediaStreamTrack | undefined;
  #isStopping = false;
  #limitedSinceMillis: number | undefined;

  /** Creates the session; resolves when it is on air. @throws PublishError when it cannot be. */
  static async start(
    media: MediaStream,
    session: SessionRequest,
    iceServers: readonly IceServer[],
  ): Promise<InstantBroadcast> {
    const publisher = await WhipPublisher.create(location.origin, media, { session, iceServers });
    const tooLate = setTimeout(() => publisher.close(), longestStartMillis);
    await new Promise<void>((resolve, reject) => {
      let said: string | undefined;
      publisher.addEventListener('change', () => {
        said = publisher.problem ?? said;
        if (publisher.state === 'publishing') resolve();
        else if (publisher.error?.code === 'publisher-closed')
          reject(new PublishError('server-unreachable', said ?? publisher.error.message));
        else if (publisher.error !== undefined) reject(publisher.error);
      });
    }).finally(() => clearTimeout(tooLate));
    return new InstantBroadcast(media, publisher);
  }

  private constructor(media: MediaStream, publisher: WhipPublisher) {
    super();
    this.#publisher = publisher;
    this.#picture = media.getVideoTracks()[0];
    publisher.addEventListener('change', () => this.#onPublisher());
  }

  get session(): SessionAnswer {
    return this.#publisher.session;
  }

  get state(): PublisherState {
    return this.#publisher.state;
  }

  get canSwitch(): boolean {
    return true;
  }

  get isWatchable(): boolean {
    return true;
  }

  get keptBytes(): number {
    return 0;
  }

  words(): LiveWords {
    const { state, problem, stats } = this.#publisher;
    const limitedSeconds =
      this.#limitedSinceMillis === undefined ? 0 : (performance.now() - this.#limitedSinceMillis) / 1_000;
    const wantedHeight = this.#picture?.getSettings().height ?? 0;
    return instantWords({
      state,
      problem,
      stats,
      wantedHeight,
      limitedSeconds,
      isStopping: this.#isStopping,
    });
  }

  switchTo(track: MediaStreamTrack): void {
    this.#picture = track;
    void this.#publisher.replaceTrack(track);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#changed();
    await this.#publisher.end();
  }

  close(): void {
    this.#publisher.close();
  }

  #onPublisher(): void {
    const isLimited = this.#publisher.stats.limitedBy !== 'none';
    this.#limitedSinceMillis = isLimited ? (this.#limitedSinceMillis ?? performance.now()) : undefined;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
