import type { JournalPiece } from '../journal/journal-reader.ts';
import { isCodedInOrder, parameterSetsIn, withLengths, withStartCodes } from '../media/avc.ts';
import { isClockJump } from '../media/container.ts';
import { type MatroskaFrame, MatroskaFrames } from '../media/matroska-frames.ts';
import { parameterSetsOf, type TrackEntry } from '../media/matroska-track.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { StreamFeed } from '../webrtc/webrtc-engine.ts';
import { FeedPace } from './feed-pace.ts';
import type { LiveClock } from './live-clock.ts';

type Fed = Omit<MediaFrame, 'timeMicros'> & { readonly streamMicros: number };

const codecs: Readonly<Record<string, MediaFrame['codec']>> = {
  'V_MPEG4/ISO/AVC': 'H264',
  V_VP8: 'VP8',
  A_OPUS: 'opus',
};
// The pictures that a viewer needs to begin are shown at once: their times are drawn together.
const catchUpStepMicros = 1_000;
// A recorder may send no key picture for minutes: past this a viewer waits for the next one.
const mostCaughtUpBytes = 16_777_216;
// Parameter sets stand in front of a key picture: the rest of it need not be looked through.
const mostParameterSetBytes = 4_096;

/**
 * A recorder's Matroska stream as frames for viewers by WebRTC: what there is already at once, then each frame at its
 * own pace. Times rise over new headers and clocks that were set. Owned by the reader of the journal.
 */
export class FedFrames {
  readonly #feed: StreamFeed;
  readonly #clock: LiveClock;
  readonly #headerStartOf: () => number | null;
  readonly #pace = new FeedPace<Fed>();
  #reader = this.#newReader();
  #tracks: { video: TrackEntry | null; audio: TrackEntry | null } | null = null;
  #headerStart: number | null = null;
  #leftHeaderStart: number | null = null;
  #catchUpUntil = 0;
  #caughtUpBytes = 0;
  #isOver = false;
  #isKeyNeeded = true;
  #arrivedAtMillis = 0;
  #newestStreamMicros = Number.NEGATIVE_INFINITY;
  #shiftMicros: number | null = null;
  #sent = { micros: 0, atMillis: 0 };
  #timer: NodeJS.Timeout | null = null;

  /** `headerStartOf`: where in the journal the header stands of the stream that is live. */
  constructor(feed: StreamFeed, clock: LiveClock, headerStartOf: () => number | null) {
    this.#feed = feed;
    this.#clock = clock;
    this.#headerStartOf = headerStartOf;
  }

  /** The stream's header, which stands at `headerStart`; what lies before `liveOffset` of the journal is caught up with. */
  begin(header: Buffer, headerStart: number, liveOffset: number): void {
    this.#headerStart = headerStart;
    this.#catchUpUntil = liveOffset;
    this.#reader.push(header);
  }

  /** Takes what the journal holds next. False: the stream has become one that cannot be fed. */
  push({ bytes, offset, isFresh, arrivedAtMillis }: JournalPiece): boolean {
    // The one before may have been cut anywhere.
    if (isFresh) this.#reader = this.#newReader();
    this.#arrivedAtMillis = arrivedAtMillis;
    this.#reader.push(bytes);
    if (this.#isOver) return false;
    if (this.#catchUpUntil === 0) this.#send();
    else if (offset + bytes.length >= this.#catchUpUntil) this.#catchUp();
    return true;
  }

  /** Nothing more comes: what waits for its time goes out. */
  end(): void {
    for (const frame of this.#pace.restart()) this.#give(frame, 0);
  }

  /** Sends nothing more. */
  close(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #newReader(): MatroskaFrames {
    return new MatroskaFrames({
      began: (video, audio) => this.#began(video, audio),
      frame: frame => this.#take(frame),
    });
  }

  #began(video: TrackEntry | null, audio: TrackEntry | null): void {
    const before = this.#tracks;
    this.#tracks = { video, audio };
    if (before === null) return;
    // Viewers have agreed on codecs: with others they have to ask again.
    const isSame = before.video?.codecId === video?.codecId && before.audio?.codecId === audio?.codecId;
    if (!isSame) this.#isOver = true;
    this.#restartClock();
    this.#leftHeaderStart = this.#headerStart;
    this.#headerStart = null;
    this.#isKeyNeeded = true;
  }

  #take({ kind, timeMicros, isKey, bytes }: MatroskaFrame): void {
    const track = this.#tracks?.[kind];
    const codec = codecs[track?.codecId ?? ''];
    if (this.#isOver || track === undefined || track === null || codec === undefined) return;
    if (kind === 'video') this.#isKeyNeeded &&= !isKey;
    if (kind === 'video' && this.#isKeyNeeded) return;
    if (isClockJump(this.#newestStreamMicros, timeMicros)) this.#restartClock();
    this.#newestStreamMicros = Math.max(this.#newestStreamMicros, timeMicros);
    const coded = codec === 'H264' ? this.#byteStream(bytes, isKey, track) : Buffer.from(bytes);
    if (coded === null) {
      this.#isOver = true;
      return;
    }
    const frame = { kind, codec, streamMicros: timeMicros, isKey, bytes: coded };
    this.#pace.push(frame, timeMicros / 1_000, this.#arrivedAtMillis);
    if (this.#catchUpUntil > 0) this.#keepCatchUpSmall(coded.length);
  }

  #keepCatchUpSmall(addedBytes: number): void {
    this.#caughtUpBytes += addedBytes;
    if (this.#caughtUpBytes <= mostCaughtUpBytes) return;
    this.#pace.restart();
    this.#caughtUpBytes = 0;
    this.#isKeyNeeded = true;
  }

  /** A picture with start codes, a key picture with its parameter sets; null when it is not shown in the order of its coding. */
  #byteStream(bytes: Buffer, isKey: boolean, track: TrackEntry): Buffer | null {
    if (track.codecPrivate.length > 0) {
      const sets = isKey && parameterSetsIn(bytes) === null ? parameterSetsOf(track) : null;
      return withStartCodes(bytes, sets);
    }
    const own = isKey ? parameterSetsIn(withLengths(bytes.subarray(0, mostParameterSetBytes))) : null;
    return own !== null && !isCodedInOrder(own) ? null : Buffer.from(bytes);
  }

  /** What was waiting goes out; what follows has times of another clock. */
  #restartClock(): void {
    for (const frame of this.#pace.restart()) this.#give(frame, 0);
    this.#newestStreamMicros = Number.NEGATIVE_INFINITY;
    this.#shiftMicros = null;
  }

  /** All that was there is read: its pictures go out together, its sound is over. */
  #catchUp(): void {
    this.#catchUpUntil = 0;
    const pictures = this.#pace.due(Date.now()).filter(({ kind }) => kind === 'video');
    const newestMicros = pictures.at(-1)?.streamMicros ?? 0;
    for (const [index, picture] of pictures.entries()) {
      const drawnMicros = newestMicros - (pictures.length - 1 - index) * catchUpStepMicros;
      this.#give(picture, drawnMicros - picture.streamMicros);
    }
    this.#send();
  }

  #send(): void {
    if (this.#isOver) return;
    const nowMillis = Date.now();
    for (const frame of this.#pace.due(nowMillis)) this.#give(frame, 0);
    const waitMillis = this.#pace.nextInMillis(nowMillis);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = waitMillis === null ? null : setTimeout(() => this.#send(), Math.ceil(waitMillis));
  }

  #give({ streamMicros, ...frame }: Fed, drawnMicros: number): void {
    if (this.#isOver) return;
    const nowMillis = performance.now();
    const shownMicros = streamMicros + drawnMicros;
    // A new clock goes on where the one before stopped, as much later as it came.
    const passedMicros = Math.max(1, nowMillis - this.#sent.atMillis) * 1_000;
    this.#shiftMicros ??=
      this.#sent.atMillis === 0 ? 0 : Math.round(this.#sent.micros + passedMicros - shownMicros);
    const timeMicros = shownMicros + this.#shiftMicros;
    this.#sent = { micros: Math.max(this.#sent.micros, timeMicros), atMillis: nowMillis };
    this.#feed.frame({ ...frame, timeMicros });
    if (this.#headerStart === null) this.#findHeaderStart();
    if (this.#headerStart !== null && drawnMicros === 0) {
      this.#clock.tookIn(this.#headerStart, streamMicros / 1_000_000);
    }
  }

  /** The new stream's header is known once the pipeline has come to it. */
  #findHeaderStart(): void {
    const headerStart = this.#headerStartOf();
    if (headerStart !== this.#leftHeaderStart) this.#headerStart = headerStart;
  }
}
