import { PublishError, Publisher, type PublisherWarning } from '../../client/publisher.ts';
import { reachableUrl } from '../../client/reachable-url.ts';
import { RecorderSource } from '../../client/recorder-source.ts';
import { rememberOwnVideo } from '../elements/own-videos.ts';
import { ScreenLock } from '../elements/screen-lock.ts';
import type { LiveFacts } from './live-words.ts';
import { RecentPeak } from './recent-peak.ts';
import { RecordingCaptions } from './recording-captions.ts';
import { SwitchableVideo } from './switchable-video.ts';

/** What is asked of the server for a recording; an empty title is none. */
export type RecordingWishes = {
  readonly title: string;
  readonly captions: boolean;
  readonly language: string;
};

const slowTab = 'This tab was hidden, and the browser slowed the recording down. Keep it in view.';

// Between two acknowledgements, which come every 500 ms.
const caughtUpSeconds = 1;

/**
 * One recording from the button to the server's last word: owns the publisher, the recorder and the wish that
 * the screen stays on. Event `change` whenever something shown may have changed; `stopped` when the recorder
 * has ended although nobody pressed stop.
 */
export class Recording extends EventTarget {
  readonly publisher: Publisher;
  /** What it was called when it began; empty for no title. */
  readonly title: string;
  /** What viewers read; undefined when it is not captioned. */
  readonly captions: RecordingCaptions | undefined;
  readonly #source: RecorderSource;
  readonly #switchable: SwitchableVideo | undefined;
  readonly #startedAtMillis = performance.now();
  #stoppedAtMillis: number | undefined;
  #notice: string | undefined;
  readonly #screenLock = new ScreenLock();
  #isClosed = false;
  #isCatchingUp = false;
  readonly #unsafePeak = new RecentPeak();

  /** Creates the session and starts to record at once. @throws PublishError, or what MediaRecorder throws. */
  static async start(media: MediaStream, mimeType: string, wishes: RecordingWishes): Promise<Recording> {
    const { title, captions, language } = wishes;
    const session = { mimeType, captions, language, ...(title === '' ? {} : { title }) };
    const publisher = await Publisher.create(location.origin, { session });
    try {
      return new Recording(media, mimeType, publisher, wishes);
    } catch (error) {
      publisher.close();
      throw error;
    }
  }

  private constructor(
    media: MediaStream,
    mimeType: string,
    publisher: Publisher,
    { title, captions }: RecordingWishes,
  ) {
    super();
    this.publisher = publisher;
    this.title = title;
    rememberOwnVideo(publisher.session.id, publisher.session.ingestToken);
    const camera = media.getVideoTracks()[0];
    this.#switchable = SwitchableVideo.isSupported && camera ? new SwitchableVideo(camera) : undefined;
    const tracks = this.#switchable ? [this.#switchable.track, ...media.getAudioTracks()] : media.getTracks();
    this.#source = new RecorderSource(new MediaStream(tracks), publisher, {
      mimeType,
      ...camera?.getSettings(),
    });
    publisher.addEventListener('change', () => this.#onPublisher());
    this.captions = captions ? new RecordingCaptions(publisher.session) : undefined;
    this.captions?.addEventListener('change', () => this.#changed());
    publisher.addEventListener('warning', event => this.#onWarning(event as PublisherWarning));
    this.#source.addEventListener('slow', () => this.#say(slowTab));
    this.#source.addEventListener('stopped', () => {
      if (this.#stoppedAtMillis === undefined) this.dispatchEvent(new Event('stopped'));
    });
  }

  /** Whether the camera can be changed now. */
  get canSwitch(): boolean {
    return this.#switchable !== undefined;
  }

  /** Since the recorder's start, standing still after its stop. */
  get elapsedSeconds(): number {
    return ((this.#stoppedAtMillis ?? performance.now()) - this.#startedAtMillis) / 1_000;
  }

  /** What the pill tells, as it is now. */
  facts(): LiveFacts {
    const { state, waitingSeconds, keptSeconds, keptBytes, safeBytes, problem } = this.publisher;
    // What was behind during an outage says nothing about now.
    if (this.#isCatchingUp) this.#unsafePeak.forget();
    const unsafeSeconds = this.#unsafePeak.note(this.publisher.unsafeSeconds, performance.now());
    const isStopping = this.#stoppedAtMillis !== undefined;
    const isCatchingUp = this.#isCatchingUp;
    const kept = { waitingSeconds, keptSeconds, keptBytes };
    return { state, problem, safeBytes, ...kept, unsafeSeconds, isStopping, isCatchingUp };
  }

  /** Something to know about this recording that does not stop it. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Where it can be watched, live and after. */
  get watchUrl(): string {
    return reachableUrl(this.publisher.session.watchUrl, location.origin);
  }

  /** Goes on with another camera or a screen. */
  switchTo(track: MediaStreamTrack): void {
    this.#switchable?.switchTo(track);
  }

  /** Stops recording; resolves when the server has everything. @throws PublishError when it will not have it. */
  async stop(): Promise<void> {
    this.#stoppedAtMillis ??= performance.now();
    this.#changed();
    await this.#source.stop();
    this.#switchable?.close();
    try {
      await this.publisher.end();
    } finally {
      this.close();
    }
  }

  /**
   * For a page that goes away: tells the server that nothing more will come, so that viewers need not wait
   * for the reconnect window.
   */
  abandon(): void {
    if (this.publisher.state === 'ended' || this.publisher.state === 'failed') return;
    const { id, ingestToken } = this.publisher.session;
    void fetch(`/api/v1/sessions/${id}/end`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ingestToken}` },
      keepalive: true,
    }).catch(() => {});
  }

  /** Lets go of everything. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#screenLock.close();
    this.captions?.close();
    this.#switchable?.close();
    void this.#source.stop();
    this.publisher.close();
  }

  #onPublisher(): void {
    const { state, waitingSeconds } = this.publisher;
    if (state === 'reconnecting') this.#isCatchingUp = true;
    else if (state === 'publishing' && waitingSeconds < caughtUpSeconds) this.#isCatchingUp = false;
    this.#changed();
  }

  #onWarning({ code, message }: PublisherWarning): void {
    if (this.captions?.warn(code) !== true) this.#say(message);
  }

  #say(notice: string): void {
    this.#notice = notice;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Why a recording could not start or go on: a sentence, and what to do. */
export function recordingProblem(error: unknown): { title: string; advice: string } {
  if (error instanceof PublishError) {
    const title = titles[error.code] ?? 'The server refused the recording';
    return { title, advice: error.code === 'server-unreachable' ? nothingRecorded : error.message };
  }
  return {
    title: 'The recorder did not start',
    advice: `The browser says: ${error instanceof Error ? error.message : String(error)}. Reload the page, or choose another resolution in the settings.`,
  };
}

const nothingRecorded =
  'Nothing is being recorded yet. Check that you are connected and that the server runs, then try again.';

const titles: Record<string, string> = {
  'server-unreachable': 'The server does not answer',
  'server-full': 'The server is full',
  'server-draining': 'The server is about to restart',
  'disk-full': "The server's disk is full",
  'too-many-sessions': 'Too many recordings at once',
  'session-ended': 'The recording was ended',
  'session-superseded': 'The recording goes on elsewhere',
  'bytes-lost': 'The server lost a part',
  unauthorized: 'Sign in to record',
};
