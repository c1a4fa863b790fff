import type { SessionAnswer } from '../../api/session.ts';
import { Publisher, type PublisherState, type PublisherWarning } from '../../client/publisher.ts';
import { RecorderSource } from '../../client/recorder-source.ts';
import type { SessionRequest } from '../../client/session-api.ts';
import { type Broadcast, BroadcastNotice } from './broadcast.ts';
import { type LiveWords, liveWords } from './live-words.ts';
import { RecentPeak } from './recent-peak.ts';
import { SwitchableVideo } from './switchable-video.ts';

const slowTab = 'This tab was hidden, and the browser slowed the recording down. Keep it in view.';

// Between two acknowledgements, which come every 500 ms.
const caughtUpSeconds = 1;

/** The browser's recorder into a publisher that keeps what is not yet safe. */
export class SafeBroadcast extends EventTarget implements Broadcast {
  readonly #publisher: Publisher;
  readonly #source: RecorderSource;
  readonly #switchable: SwitchableVideo | undefined;
  readonly #unsafePeak = new RecentPeak();
  #isStopping = false;
  #isCatchingUp = false;

  /** Creates the session and starts to record at once. @throws PublishError, or what MediaRecorder throws. */
  static async start(media: MediaStream, mimeType: string, session: SessionRequest): Promise<SafeBroadcast> {
    const publisher = await Publisher.create(location.origin, { session: { ...session, mimeType } });
    try {
      return new SafeBroadcast(media, mimeType, publisher);
    } catch (error) {
      publisher.close();
      throw error;
    }
  }

  private constructor(media: MediaStream, mimeType: string, publisher: Publisher) {
    super();
    this.#publisher = publisher;
    const camera = media.getVideoTracks()[0];
    this.#switchable = SwitchableVideo.isSupported && camera ? new SwitchableVideo(camera) : undefined;
    const tracks = this.#switchable ? [this.#switchable.track, ...media.getAudioTracks()] : media.getTracks();
    this.#source = new RecorderSource(new MediaStream(tracks), publisher, {
      mimeType,
      ...camera?.getSettings(),
    });
    publisher.addEventListener('change', () => this.#onPublisher());
    publisher.addEventListener('warning', event => {
      const { code, message } = event as PublisherWarning;
      this.dispatchEvent(new BroadcastNotice(code, message));
    });
    this.#source.addEventListener('slow', () => this.dispatchEvent(new BroadcastNotice('slow-tab', slowTab)));
    this.#source.addEventListener('stopped', () => {
      if (!this.#isStopping) this.dispatchEvent(new Event('stopped'));
    });
  }

  get session(): SessionAnswer {
    return this.#publisher.session;
  }

  get state(): PublisherState {
    return this.#publisher.state;
  }

  get canSwitch(): boolean {
    return this.#switchable !== undefined;
  }

  get isWatchable(): boolean {
    return this.#publisher.safeBytes > 0;
  }

  get keptBytes(): number {
    return this.#publisher.keptBytes;
  }

  words(): LiveWords {
    const { state, waitingSeconds, keptSeconds, keptBytes, safeBytes, problem } = this.#publisher;
    // What was behind during an outage says nothing about now.
    if (this.#isCatchingUp) this.#unsafePeak.forget();
    const unsafeSeconds = this.#unsafePeak.note(this.#publisher.unsafeSeconds, performance.now());
    const isStopping = this.#isStopping;
    const isCatchingUp = this.#isCatchingUp;
    const kept = { waitingSeconds, keptSeconds, keptBytes };
    return liveWords({ state, problem, safeBytes, ...kept, unsafeSeconds, isStopping, isCatchingUp });
  }

  switchTo(track: MediaStreamTrack): void {
    this.#switchable?.switchTo(track);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#changed();
    await this.#source.stop();
    this.#switchable?.close();
    await this.#publisher.end();
  }

  close(): void {
    this.#isStopping = true;
    this.#switchable?.close();
    void this.#source.stop();
    this.#publisher.close();
  }

  #onPublisher(): void {
    const { state, waitingSeconds } = this.#publisher;
    if (state === 'reconnecting') this.#isCatchingUp = true;
    else if (state === 'publishing' && waitingSeconds < caughtUpSeconds) this.#isCatchingUp = false;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
