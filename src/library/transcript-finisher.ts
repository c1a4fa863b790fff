import type { OpenedRecogniser } from '../captions/local-recogniser.ts';
import type { SpeechDetector } from '../captions/speech-detector.ts';
import { type Transcript, transcribe } from '../captions/transcriber.ts';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { decodeSpeech } from '../ffmpeg/decoded-speech.ts';
import type { Log } from '../log.ts';
import type { FinishedSession } from '../sessions/finished-session.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { TaskStore, VideoTask } from './task-store.ts';
import type { VideoRow, VideoStore } from './video-store.ts';

/** Where transcripts go. */
export interface Transcripts {
  /** Keeps the final transcript of a video in place of what was known of it; safe to repeat. */
  keep(videoId: string, transcript: Transcript & { readonly model: string }): Promise<void>;
}

/** What transcripts are made with and kept in. */
export type TranscriptFinisherParts = {
  /** Rejects while no recogniser is to be had. */
  readonly openRecogniser: (signal: AbortSignal) => Promise<OpenedRecogniser>;
  readonly newDetector: () => SpeechDetector;
  readonly tasks: TaskStore;
  readonly videos: Pick<VideoStore, 'find' | 'update'>;
  readonly transcripts: Transcripts;
  readonly content: Pick<ContentDirectory, 'videoFile'>;
  readonly events: VideoEvents;
  readonly run: Omit<RunSettings, 'signal'>;
  readonly log: Log;
  /** How long to wait before the second attempt; each further one waits four times as long. */
  readonly retrySeconds?: number;
};

const task = 'transcript';
const mostAttempts = 5;
const presetRetrySeconds = 10;
const retryGrowth = 4;
// Without a recogniser there is nothing to do but to ask again now and then.
const withoutRecogniserMillis = 30_000;
const progressMillis = 1_000;
const longestTimerMillis = 2_147_483_647;

/**
 * Makes the final transcripts of videos, one at a time and behind all that is live. What is to be made is in the
 * database and goes on after a restart. A file that cannot be decoded fails once, with its reason; a recogniser
 * that fails is asked again later. One per server.
 */
export class TranscriptFinisher {
  readonly #parts: TranscriptFinisherParts;
  readonly #run: RunSettings;
  readonly #closing = new AbortController();
  readonly #wakeUp = new WakeUp();
  #working: { readonly videoId: string; readonly abort: AbortController } | null = null;
  #work: Promise<void> = Promise.resolve();
  #lastComplaint = '';

  constructor(parts: TranscriptFinisherParts) {
    this.#parts = parts;
    this.#run = { ...parts.run, signal: this.#closing.signal };
  }

  /** Goes on with what an earlier life of the server left, and waits for more. */
  start(): void {
    this.#work = this.#workOn();
  }

  /** A session is over: its video will want a transcript once it is ready. Safe to repeat, never throws. */
  async wanted({ id, result }: FinishedSession): Promise<void> {
    const { videos, tasks, log } = this.#parts;
    try {
      if (result.tracks.audio === null || (await videos.find(id))?.captions !== true) return;
      await tasks.add(id, task);
    } catch (error) {
      log.error({ err: error, sessionId: id }, 'no transcript will be made of this video');
    }
  }

  /** A video's transcript, if it has one, is made anew: its language is known better. */
  async again(videoId: string): Promise<void> {
    await this.#parts.tasks.again(videoId, task);
    if (this.#working?.videoId === videoId)
      this.#working.abort.abort(new LivereelError('session-closed', 'begun anew'));
    this.look();
  }

  /** A video is deleted: its transcript is made no more. */
  stop(videoId: string, why: LivereelError): void {
    if (this.#working?.videoId === videoId) this.#working.abort.abort(why);
  }

  /** There may be work now: a video is ready. */
  look(): void {
    this.#wakeUp.now();
  }

  /** Stops at once; what is not finished is made at the next start. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#closing.abort(new LivereelError('server-draining', 'the server is stopping'));
    this.look();
    await this.#work;
  }

  async #workOn(): Promise<void> {
    let isRecovered = false;
    while (!this.#closing.signal.aborted) {
      try {
        if (!isRecovered) await this.#recover();
        isRecovered = true;
        await this.#wakeUp.within(await this.#makeAll());
      } catch (error) {
        isRecovered = false;
        this.#complain(error);
        await this.#wakeUp.within(withoutRecogniserMillis);
      }
    }
  }

  /** What was under way when the server died may be what killed it: it gets a few more attempts, later. */
  async #recover(): Promise<void> {
    for (const left of await this.#parts.tasks.interrupted(task)) {
      await this.#retry(left.videoId, left.attempts, 'the server stopped while it worked on it');
    }
  }

  /** Makes all that is due; resolves with how long there is nothing to do, milliseconds. */
  async #makeAll(): Promise<number> {
    let next = await this.#parts.tasks.next(task);
    if (next === undefined || millisUntil(next) > 0) return millisUntil(next);
    const opened = await this.#parts.openRecogniser(this.#closing.signal);
    this.#lastComplaint = '';
    try {
      while (next !== undefined && millisUntil(next) <= 0 && !this.#closing.signal.aborted) {
        await this.#make(next, opened);
        next = await this.#parts.tasks.next(task);
      }
    } finally {
      await opened.close();
    }
    return millisUntil(next);
  }

  async #make(due: VideoTask, opened: OpenedRecogniser): Promise<void> {
    const { tasks, videos, log } = this.#parts;
    const { videoId } = due;
    const abort = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, abort.signal]);
    await tasks.begin(due);
    this.#working = { videoId, abort };
    try {
      const video = await videos.find(videoId);
      if (video !== undefined) await this.#transcribe(video, opened, signal);
      await tasks.finish(videoId, task);
    } catch (error) {
      if (this.#closing.signal.aborted) await tasks.release(due);
      else if (abort.signal.aborted) return;
      // A file that no further attempt can decode.
      else if (error instanceof LivereelError && error.code === 'media-unusable') {
        await tasks.fail(videoId, task, error.message);
        log.warn({ err: error, sessionId: videoId }, 'no transcript: the sound cannot be decoded');
      } else {
        log.warn({ err: error, sessionId: videoId, attempt: due.attempts + 1 }, 'transcript not made');
        await this.#retry(videoId, due.attempts + 1, error instanceof Error ? error.message : String(error));
      }
    } finally {
      this.#working = null;
    }
  }

  async #retry(videoId: string, attempts: number, reason: string): Promise<void> {
    const { tasks, retrySeconds = presetRetrySeconds } = this.#parts;
    if (attempts >= mostAttempts) {
      await tasks.fail(videoId, task, `given up after ${attempts} attempts: ${reason}`);
      return;
    }
    const delayMillis = retrySeconds * 1_000 * retryGrowth ** Math.max(0, attempts - 1);
    await tasks.retry(videoId, task, reason, new Date(Date.now() + delayMillis));
  }

  async #transcribe(video: VideoRow, opened: OpenedRecogniser, signal: AbortSignal): Promise<void> {
    const { content, transcripts, videos, newDetector, log } = this.#parts;
    const { recogniser, modelName: model } = opened;
    const startedAtMillis = performance.now();
    const language = video.language === 'auto' ? null : (video.language.split('-')[0] as string);
    const parts = { recogniser, detector: newDetector(), language, onProgress: this.#progressOf(video) };
    const sound = decodeSpeech(this.#run, content.videoFile(video.id), signal);
    const transcript = await transcribe(sound, parts, signal);
    await transcripts.keep(video.id, { ...transcript, model });
    if (language === null && transcript.language !== null)
      await videos.update(video.id, { language: transcript.language });
    this.#parts.events.report({ event: 'progress', data: { id: video.id, task, percent: 100 } });
    const words = transcript.segments.reduce((sum, segment) => sum + segment.words.length, 0);
    const tookSeconds = (performance.now() - startedAtMillis) / 1_000;
    log.info(
      { sessionId: video.id, model, words, tookSeconds, language: transcript.language },
      'transcript made',
    );
  }

  /** Tells how far a transcript is, once a second at the most; 100 only when it is kept. */
  #progressOf({ id, durationSeconds }: VideoRow): (seconds: number) => void {
    const { events, tasks, log } = this.#parts;
    let toldAtMillis = 0;
    let told = -1;
    return seconds => {
      const percent = Math.min(
        99,
        Math.floor((100 * seconds) / (durationSeconds || Number.POSITIVE_INFINITY)),
      );
      if (percent <= told || performance.now() - toldAtMillis < progressMillis) return;
      told = percent;
      toldAtMillis = performance.now();
      events.report({ event: 'progress', data: { id, task, percent } });
      tasks.progress(id, task, percent).catch(error => log.debug({ err: error }, 'progress not kept'));
    };
  }

  /** Says once what is missing, not each time that it is still missing. */
  #complain(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const complaint = error instanceof Error ? error.message : String(error);
    if (complaint === this.#lastComplaint) return;
    this.#lastComplaint = complaint;
    this.#parts.log.warn({ err: error }, 'transcripts wait');
  }
}

/** Lets a worker sleep until its time, or until it is called. */
class WakeUp {
  #isCalled = false;
  #call: () => void = () => undefined;

  now(): void {
    this.#isCalled = true;
    this.#call();
  }

  async within(millis: number): Promise<void> {
    if (!this.#isCalled) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(millis, longestTimerMillis));
        this.#call = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isCalled = false;
    this.#call = () => undefined;
  }
}

function millisUntil(next: VideoTask | undefined): number {
  return next === undefined ? Number.POSITIVE_INFINITY : next.dueAt.getTime() - Date.now();
}
