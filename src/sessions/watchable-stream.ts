import { LivereelError } from '../errors.ts';
import { JournalReader, type JournalTail } from '../journal/journal-reader.ts';
import type { Log } from '../log.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import type { FeedableStream, StreamFeed } from '../webrtc/webrtc-engine.ts';
import { FedFrames } from './fed-frames.ts';
import type { LiveClock } from './live-clock.ts';
import type { StreamPlace } from './session-pipeline.ts';

/** A journal and how far it can be read. */
export type ReadableJournal = { readonly directory: string; readonly tail: JournalTail };

const retryAfterSeconds = 1;

/**
 * A session that is published by a recorder, as viewers by WebRTC are fed from it: read from the journal, from the
 * newest key picture on. So it costs nothing when nobody watches. `placeOf`: the stream that is live.
 * @throws LivereelError `not-live` before anything can be shown, `codecs-not-watchable`.
 */
export function watchableStream(
  journal: ReadableJournal,
  placeOf: () => StreamPlace | null,
  clock: LiveClock,
  log: Log,
): FeedableStream {
  const place = placeOf();
  if (place === null || place.keyOffset === null) {
    throw new LivereelError('not-live', 'there is nothing to see yet: try again in a moment', {
      retryAfterSeconds,
    });
  }
  const codecs = watchableCodecs(place);
  return { codecs, feed: feed => new JournalFeed(journal, placeOf, feed, clock, log) };
}

/** What of a stream goes out by WebRTC as it is. @throws LivereelError `codecs-not-watchable`. */
function watchableCodecs({ run, isVideoRefused }: StreamPlace): RtpCodec[] {
  const { container, tracks } = run;
  const { video, audio } = tracks;
  const codecs: RtpCodec[] = [];
  if (video?.codec === 'h264' && video.mayBeInOrder && !isVideoRefused) codecs.push('H264');
  if (video?.codec === 'vp8') codecs.push('VP8');
  if (audio?.codec === 'opus') codecs.push('opus');
  const trackCount = (video === null ? 0 : 1) + (audio === null ? 0 : 1);
  if (container === 'matroska' && codecs.length === trackCount) return codecs;
  const what = [video?.codec, audio?.codec].filter(codec => codec !== undefined).join(' and ');
  throw new LivereelError(
    'codecs-not-watchable',
    `this stream (${what} in ${container}) cannot be watched by WebRTC: watch it by HLS`,
  );
}

/** One reading of a journal for viewers, from the newest key picture to its end. Owned by the engine's stream. */
class JournalFeed {
  readonly #journal: ReadableJournal;
  readonly #placeOf: () => StreamPlace | null;
  readonly #frames: FedFrames;
  readonly #abort = new AbortController();

  constructor(
    journal: ReadableJournal,
    placeOf: () => StreamPlace | null,
    feed: StreamFeed,
    clock: LiveClock,
    log: Log,
  ) {
    this.#journal = journal;
    this.#placeOf = placeOf;
    this.#frames = new FedFrames(feed, clock, () => placeOf()?.run.headerStart ?? null);
    void this.#read()
      .then(() => this.#frames.end())
      .catch(error => {
        if (!this.#abort.signal.aborted) log.warn({ err: error }, 'viewers by WebRTC are fed no more');
      })
      .finally(() => {
        this.close();
        feed.close();
      });
  }

  close(): void {
    this.#abort.abort(closed);
    this.#frames.close();
  }

  async #read(): Promise<void> {
    const { directory, tail } = this.#journal;
    const { signal } = this.#abort;
    const place = this.#placeOf();
    if (place === null || place.keyOffset === null) return;
    const { headerStart, headerEnd } = place.run;
    const header = await JournalReader.bytesOf(this.#journal, headerStart, headerEnd, signal);
    this.#frames.begin(header, headerStart, tail.safe.bytes);
    const reader = await JournalReader.open(directory, tail, place.keyOffset);
    try {
      for (let piece = await reader.read(signal); piece !== null; piece = await reader.read(signal)) {
        if (!this.#frames.push(piece)) return;
      }
    } finally {
      await reader.close();
    }
  }
}

const closed = new Error('nobody watches');
