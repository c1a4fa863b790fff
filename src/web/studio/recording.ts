import { PublishError } from '../../client/publish-error.ts';
import { reachableUrl } from '../../client/reachable-url.ts';
import { endSession } from '../../client/session-api.ts';
import { rememberOwnVideo } from '../elements/own-videos.ts';
import { ScreenLock } from '../elements/screen-lock.ts';
import type { Broadcast, BroadcastNotice } from './broadcast.ts';
import type { LiveWords } from './live-words.ts';
import { RecordingCaptions } from './recording-captions.ts';

/** What is asked of the server for a recording; an empty title is none. */
export type RecordingWishes = {
  readonly title: string;
  readonly captions: boolean;
  readonly language: string;
};

/** What the server is asked for, so that a recording may begin. */
export function sessionRequest({ title, captions, language }: RecordingWishes) {
  return { captions, language, ...(title === '' ? {} : { title }) };
}

/**
 * One recording from the button to the server's last word: owns the broadcast, the captions of it and the wish that
 * the screen stays on. Event `change` whenever something shown may have changed; `stopped` when the broadcast
 * has ended although nobody pressed stop.
 */
export class Recording extends EventTarget {
  readonly broadcast: Broadcast;
  /** What it was called when it began; empty for no title. */
  readonly title: string;
  /** What viewers read; undefined when it is not captioned. */
  readonly captions: RecordingCaptions | undefined;
  readonly #startedAtMillis = performance.now();
  #stoppedAtMillis: number | undefined;
  #notice: string | undefined;
  readonly #screenLock = new ScreenLock();
  #isClosed = false;

  /** Takes over a broadcast that has begun. */
  constructor(broadcast: Broadcast, { title, captions }: RecordingWishes) {
    super();
    this.broadcast = broadcast;
    this.title = title;
    rememberOwnVideo(broadcast.session.id, broadcast.session.ingestToken);
    this.captions = captions ? new RecordingCaptions(broadcast.session) : undefined;
    this.captions?.addEventListener('change', () => this.#changed());
    broadcast.addEventListener('change', () => this.#changed());
    broadcast.addEventListener('notice', event => this.#onNotice(event as BroadcastNotice));
    broadcast.addEventListener('stopped', () => this.dispatchEvent(new Event('stopped')));
  }

  /** Since the beginning, standing still after its stop. */
  get elapsedSeconds(): number {
    return ((this.#stoppedAtMillis ?? performance.now()) - this.#startedAtMillis) / 1_000;
  }

  /** What the pill tells, as it is now. */
  words(): LiveWords {
    return this.broadcast.words();
  }

  /** Whether it goes out now. */
  get isLive(): boolean {
    return this.broadcast.state === 'publishing' && this.#stoppedAtMillis === undefined;
  }

  /** Something to know about this recording that does not stop it. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Where it can be watched, live and after. */
  get watchUrl(): string {
    return reachableUrl(this.broadcast.session.watchUrl, location.origin);
  }

  /** Stops recording; resolves when the server has everything. @throws PublishError when it will not have it. */
  async stop(): Promise<void> {
    this.#stoppedAtMillis ??= performance.now();
    try {
      await this.broadcast.stop();
    } finally {
      this.close();
    }
  }

  /**
   * For a page that goes away: tells the server that nothing more will come, so that viewers need not wait
   * for the reconnect window.
   */
  abandon(): void {
    const { state, session } = this.broadcast;
    if (state === 'ended' || state === 'failed') return;
    void endSession(location.origin, session.id, session.ingestToken).catch(() => {});
  }

  /** Lets go of everything. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#screenLock.close();
    this.captions?.close();
    this.broadcast.close();
  }

  #onNotice({ code, words }: BroadcastNotice): void {
    if (this.captions?.warn(code) === true) return;
    this.#notice = words;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Why a recording could not start or go on: a sentence, and what to do. */
export function recordingProblem(error: unknown): { title: string; advice: string; needsOtherWay?: boolean } {
  if (error instanceof PublishError) {
    const title = titles[error.code] ?? 'The server refused the recording';
    if (otherWayCodes.has(error.code)) {
      return { title, advice: `${error.message} ${otherWay}`, needsOtherWay: true };
    }
    return { title, advice: error.code === 'server-unreachable' ? nothingRecorded : error.message };
  }
  return {
    title: 'The recorder did not start',
    advice: `The browser says: ${error instanceof Error ? error.message : String(error)}. Reload the page, or choose another resolution in the settings.`,
  };
}

const nothingRecorded =
  'Nothing is being recorded yet. Check that you are connected and that the server runs, then try again.';
const otherWay = 'The safe way gets through wherever this page does.';
const otherWayCodes = new Set([
  'udp-unreachable',
  'webrtc-unavailable',
  'webrtc-unsupported',
  'webrtc-failed',
  'no-common-codec',
]);

const titles: Record<string, string> = {
  'server-unreachable': 'The server does not answer',
  'server-full': 'The server is full',
  'server-draining': 'The server is about to restart',
  'disk-full': "The server's disk is full",
  'too-many-sessions': 'Too many recordings at once',
  'session-ended': 'The recording was ended',
  'session-superseded': 'The recording goes on elsewhere',
  'bytes-lost': 'The server lost a part',
  'udp-unreachable': 'The instant way does not get through',
  'webrtc-unavailable': 'The server has no instant way now',
  'webrtc-unsupported': 'This browser has no instant way',
  'webrtc-failed': 'The instant way did not start',
  'no-common-codec': 'The instant way did not start',
  unauthorized: 'Sign in to record',
};
