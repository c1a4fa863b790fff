import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { checkRecording, type RecordingCheck, writeProgressiveMp4 } from '../ffmpeg/recording.ts';
import { recordedFormat } from '../hls/recorded-format.ts';
import { mediaName } from '../hls/rendition.ts';
import type { Log } from '../log.ts';
import type { FinishedSession, FinishedSessions } from '../sessions/finished-session.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { flushFile, flushFolder, flushTree } from '../store/flushed-files.ts';
import type { VideoStore } from './video-store.ts';

// The last picture's duration is a guess of the recorder's; sound ends on whole AAC frames.
const toleratedDurationSeconds = 0.15;

/** What else is made of a video, later and on its own. */
export interface LaterTasks {
  /** The session's video will want it once it is ready. Safe to repeat. */
  wanted(session: FinishedSession): Promise<void>;
  /** A video is ready: it may begin. */
  release(videoId: string): Promise<void>;
}

/**
 * Makes a video of a session that is over: the progressive MP4, decoded once from end to end. Only when it holds
 * what the journal holds is the journal deleted; otherwise it is kept, and the record says so. One at a time:
 * what is live comes first.
 */
export class RecordingFinisher implements FinishedSessions {
  readonly #content: ContentDirectory;
  readonly #videos: VideoStore;
  readonly #events: VideoEvents;
  readonly #run: Omit<RunSettings, 'signal'>;
  readonly #later: LaterTasks;
  readonly #log: Log;
  #queue: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  readonly #waiting = new Map<string, AbortController>();

  constructor(
    content: ContentDirectory,
    videos: VideoStore,
    events: VideoEvents,
    run: Omit<RunSettings, 'signal'>,
    later: LaterTasks,
    log: Log,
  ) {
    this.#content = content;
    this.#videos = videos;
    this.#events = events;
    this.#run = run;
    this.#later = later;
    this.#log = log;
  }

  async record(session: FinishedSession): Promise<void> {
    const { id } = session;
    const stopping = new AbortController();
    this.#waiting.set(id, stopping);
    const { signal } = stopping;
    const run = { ...this.#run, signal: AbortSignal.any([this.#closing.signal, signal]) };
    const turn = this.#queue.then(() => this.#finish(session, run));
    this.#queue = turn;
    // A session whose video is deleted does not wait for its turn.
    const stopped = new Promise<void>(resolve =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([turn, stopped]);
    this.#waiting.delete(id);
  }

  /** A video is deleted: nothing is made of it any more. */
  stop(videoId: string, why: LivereelError): void {
    this.#waiting.get(videoId)?.abort(why);
  }

  /** Stops at once; what is not finished is made at the next start. */
  close(): void {
    this.#closing.abort();
  }

  async #finish(session: FinishedSession, run: RunSettings): Promise<void> {
    const { signal } = run;
    if (signal.aborted) return;
    const { id } = session;
    const log = this.#log.child({ sessionId: id });
    try {
      // Noted before the video is ready: a crash in between repeats this, not forgets it.
      await this.#later.wanted(session);
      await this.#writeVideo(session, run);
      const check = await checkRecording(run, this.#content.videoFile(id));
      const doubt = doubtOf(session, check);
      // Else a power cut could take both, the journal and what was made of it.
      await flushTree(this.#content.hlsDir(id));
      await flushFile(this.#content.videoFile(id));
      await flushFolder(this.#content.videoDir(id));
      const { size: sizeBytes } = await stat(this.#content.videoFile(id));
      const { width, height } = recordedFormat(session.formats);
      await this.#videos.update(id, {
        state: 'ready',
        durationSeconds: check.durationSeconds,
        sizeBytes,
        frameCount: check.frames,
        width: width || null,
        height: height || null,
        journalKept: doubt !== null,
        ...(doubt !== null && { errorCode: 'journal-kept', errorMessage: doubt }),
      });
      if (doubt === null) await rm(this.#content.journalDir(id), { recursive: true, force: true });
      else log.warn({ doubt }, 'video not verified: its journal is kept');
      log.info({ durationSeconds: check.durationSeconds, frames: check.frames, sizeBytes }, 'video ready');
      this.#events.report(stateEvent(id, 'ready'));
      await this.#later
        .release(id)
        .catch(error => log.warn({ err: error }, 'what is made of the video begins later'));
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error }, 'video not made: its journal is kept');
      const message = error instanceof LivereelError ? error.message : 'the video could not be made';
      await this.#videos
        .update(id, {
          state: 'failed',
          errorCode: 'program-failed',
          errorMessage: message,
          journalKept: true,
        })
        .catch(cause => log.error({ err: cause }, 'record not updated'));
      this.#events.report(stateEvent(id, 'failed'));
    }
  }

  async #writeVideo({ id, formats, segmentCount }: FinishedSession, run: RunSettings): Promise<void> {
    const folder = this.#content.renditionDir(id, 'main');
    const names = Array.from({ length: segmentCount }, (_, number) => mediaName.segment(number));
    const { header, isOne, width, height } = recordedFormat(formats);
    const pieces = [mediaName.init(header), ...names].map(name => join(folder, name));
    const file = this.#content.videoFile(id);
    const fitTo = isOne || width === 0 ? null : { width, height };
    await writeProgressiveMp4(run, pieces, `${file}.new`, fitTo);
    await rename(`${file}.new`, file);
  }
}

/** Why the video may hold less than the journal; null when it holds all of it. */
function doubtOf({ result }: FinishedSession, check: RecordingCheck): string | null {
  if (check.complaints !== '') return `decoding complained: ${check.complaints.slice(0, 500)}`;
  if (result.damages > 0) return `the stream was damaged in ${result.damages} places`;
  if (result.tracks.video !== null && result.journalFrames !== result.publishedFrames) {
    return `${result.journalFrames} pictures were sent, ${result.publishedFrames} could be shown`;
  }
  if (result.tracks.video !== null && check.frames !== result.publishedFrames) {
    return `${result.publishedFrames} pictures were published, the file holds ${check.frames}`;
  }
  if (Math.abs(check.durationSeconds - result.durationSeconds) > toleratedDurationSeconds) {
    return `the stream lasts ${result.durationSeconds} s, the file ${check.durationSeconds} s`;
  }
  return null;
}
