import { parameterSetsIn, pictureSizeOf, withLengths } from '../media/avc.ts';
import { type MatroskaTrack, MatroskaWriter } from '../media/matroska-writer.ts';
import { isOpusStereo, opusHead, opusMicros, opusSilence } from '../media/opus.ts';
import { readVp8Head } from '../media/vp8.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';

/** What frames go into: a session fits. */
export interface MediaFrameSink {
  readonly isEmpty: boolean;
  /** So many bytes were taken: the next one's place in the journal. */
  readonly takenBytes: number;
  append(payload: readonly Uint8Array[], facts: { units: number; kind: 'payload' | 'fresh' }): void;
}

type Picture = { readonly codec: MediaFrame['codec']; readonly width: number; readonly height: number };

/** One header's worth of frames. */
type Stream = {
  readonly picture: Picture | null;
  /** 0: without sound. */
  readonly channels: 0 | 1 | 2;
  readonly startMicros: number;
  /** Where its header stands in the journal. */
  readonly startByte: number;
  /** The newest frame of each kind, in ticks; -1 before the first. */
  readonly newestTicks: { video: number; audio: number };
  /** Where the sound that was written ends, on the frames' clock; null before the first. */
  soundEndsMicros: number | null;
};

const trackNumbers = { video: 1, audio: 2 } as const;
// Ten ticks a millisecond: pictures of 30 a second stay even.
const tickMicros = 100;
// Sound of a camera comes with its first pictures, pictures of a microphone that has a camera soon after.
const longestWaitForSoundMicros = 500_000;
const longestWaitForPicturesMicros = 2_000_000;
const mostHeldBytes = 8_388_608;
// Of the sound before the first picture so much is kept: it has what is heard while that picture is shown.
const leadMicros = 100_000;
// An Opus packet decodes to what its encoder heard so much earlier: 312 samples in all encoders that publish live.
const soundDelayMicros = 6_500;
// Packets of sound that never came are filled with silence when they are worth it and few: ffmpeg, which fills longer
// gaps, lets shorter ones add up to 30 ms before it does, and all that time sound would be early.
const shortestGapMicros = 5_000;
const longestGapMicros = 100_000;
// Parameter sets stand in front of a key picture: the rest of it need not be looked through.
const mostParameterSetBytes = 4_096;
// A reader of the stream takes a step back of a second for a clock that was set.
const longestStepBackTicks = 9_000;

/**
 * One publisher's frames on their way into a Matroska stream. Its header waits for the first key picture, and briefly
 * for sound. What no header can tell of later (another codec, VP8 pictures that grow, sound or pictures that come when
 * there were none) begins a new one at the next key picture: the same video goes on. What cannot be decoded is never
 * written. Frames keep their times, so a gap in the pictures freezes them and shifts nothing.
 */
export class MediaFrameWriter {
  readonly #sink: MediaFrameSink;
  readonly #writer = new MatroskaWriter(tickMicros * 1_000);
  #held: MediaFrame[] = [];
  #heldBytes = 0;
  #stream: Stream | null = null;
  #heardChannels: 0 | 1 | 2 = 0;
  #isKeyNeeded = false;

  constructor(sink: MediaFrameSink) {
    this.#sink = sink;
  }

  /** Time of the newest frame on the clock of the stream that begins at `streamStart` of the journal; null before any. */
  get newest(): { readonly streamStart: number; readonly timeSeconds: number } | null {
    if (this.#stream === null) return null;
    const { newestTicks, startByte } = this.#stream;
    const ticks = Math.max(newestTicks.video, newestTicks.audio);
    return { streamStart: startByte, timeSeconds: (ticks * tickMicros) / 1_000_000 };
  }

  /** Takes a frame; its bytes are kept only as long as the header waits. @throws as the sink. */
  take(frame: MediaFrame): void {
    if (frame.bytes.length === 0) return;
    if (frame.kind === 'audio') this.#hear(frame);
    if (this.#stream === null) this.#hold(frame);
    else if (this.#isForNewHeader(frame, this.#stream)) this.#begin([frame]);
    else {
      this.#fillGap(frame, this.#stream);
      this.#write(frame, this.#stream, []);
    }
  }

  #fillGap({ kind, codec, timeMicros, bytes, isKey }: MediaFrame, stream: Stream): void {
    if (kind !== 'audio' || stream.soundEndsMicros === null) return;
    const gapMicros = timeMicros - stream.soundEndsMicros;
    if (gapMicros < shortestGapMicros || gapMicros > longestGapMicros) return;
    let atMicros = stream.soundEndsMicros;
    for (const silence of opusSilence(gapMicros, bytes)) {
      this.#write({ kind, codec, timeMicros: atMicros, isKey, bytes: silence.bytes }, stream, []);
      atMicros += silence.micros;
    }
  }

  #hear({ bytes }: MediaFrame): void {
    const channels = isOpusStereo(bytes) ? 2 : 1;
    if (channels > this.#heardChannels) this.#heardChannels = channels;
  }

  #hold(frame: MediaFrame): void {
    const { video, audio } = this.#heldKinds();
    // Nothing before the first key picture can be shown.
    if (frame.kind === 'video' && !video && !frame.isKey) return;
    this.#held.push(frame);
    this.#heldBytes += frame.bytes.length;
    const hasVideo = video || frame.kind === 'video';
    const hasAudio = audio || frame.kind === 'audio';
    const waitedMicros = frame.timeMicros - (this.#held[0] as MediaFrame).timeMicros;
    const patienceMicros = hasVideo ? longestWaitForSoundMicros : longestWaitForPicturesMicros;
    const isWaiting = !(hasVideo && hasAudio) && waitedMicros < patienceMicros;
    if (!isWaiting || this.#heldBytes > mostHeldBytes) this.#begin(this.#held.splice(0));
  }

  #heldKinds(): { video: boolean; audio: boolean } {
    return {
      video: this.#held.some(({ kind }) => kind === 'video'),
      audio: this.#held.some(({ kind }) => kind === 'audio'),
    };
  }

  #isForNewHeader(frame: MediaFrame, { picture, channels }: Stream): boolean {
    if (frame.kind === 'audio') return picture === null && this.#heardChannels > channels;
    if (!frame.isKey) return false;
    const size = pictureOf(frame);
    if (size === null) return false;
    if (picture === null || picture.codec !== size.codec || this.#heardChannels > channels) return true;
    // VP8 is encoded anew at the header's size; H.264 tells its own size and goes through as it is.
    return size.codec === 'VP8' && (size.width > picture.width || size.height > picture.height);
  }

  /** A header, and what follows it: from the first picture on, if there is one. */
  #begin(frames: readonly MediaFrame[]): void {
    this.#heldBytes = 0;
    const first = frames.find(({ kind }) => kind === 'video') ?? frames[0];
    if (first === undefined) return;
    const picture = first.kind === 'video' ? pictureOf(first) : null;
    // A key picture that does not tell how it is coded: the next one may.
    if (first.kind === 'video' && picture === null) return;
    const channels = this.#heardChannels;
    const stream: Stream = {
      picture,
      channels,
      startMicros: first.timeMicros - leadMicros,
      startByte: this.#sink.takenBytes,
      newestTicks: { video: -1, audio: -1 },
      soundEndsMicros: null,
    };
    this.#stream = stream;
    this.#isKeyNeeded = false;
    let header: readonly Uint8Array[] = [this.#writer.header(tracksOf(stream))];
    for (const frame of frames) {
      if (this.#write(frame, stream, header)) header = [];
    }
  }

  /** Whether the frame was written, behind `header`. */
  #write(frame: MediaFrame, stream: Stream, header: readonly Uint8Array[]): boolean {
    const { kind, bytes, isKey } = frame;
    const hasTrack = kind === 'video' ? stream.picture?.codec === frame.codec : stream.channels > 0;
    if (!hasTrack) return false;
    if (kind === 'video') this.#isKeyNeeded &&= !isKey;
    if (kind === 'video' && this.#isKeyNeeded) return false;
    const ticks = ticksOf(frame, stream);
    if (ticks === null) {
      // A picture that is left out takes along all that are made of it.
      if (kind === 'video') this.#isKeyNeeded = true;
      return false;
    }
    stream.newestTicks[kind] = ticks;
    if (kind === 'audio') stream.soundEndsMicros = frame.timeMicros + opusMicros(bytes);
    const head = this.#writer.frameHead(trackNumbers[kind], ticks, isKey, bytes.length);
    const payload = [...header, head, bytes];
    const units = payload.reduce((sum, part) => sum + part.length, 0);
    const isFresh = header.length > 0 && !this.#sink.isEmpty;
    this.#sink.append(payload, { units, kind: isFresh ? 'fresh' : 'payload' });
    return true;
  }
}

/** The frame's time on the stream's clock, behind the one before it of its kind; null when it comes too late for the stream. */
function ticksOf({ kind, timeMicros }: MediaFrame, { startMicros, newestTicks }: Stream): number | null {
  const heardMicros = kind === 'audio' ? timeMicros - soundDelayMicros : timeMicros;
  const ticks = Math.round((heardMicros - startMicros) / tickMicros);
  const newest = Math.max(newestTicks.video, newestTicks.audio);
  if (ticks < 0 || ticks < newest - longestStepBackTicks) return null;
  return Math.max(ticks, newestTicks[kind] + 1);
}

/** How a key picture is coded; null when it does not tell. */
function pictureOf({ codec, bytes }: MediaFrame): Picture | null {
  if (codec === 'VP8') {
    const head = readVp8Head(bytes);
    return head === null ? null : { codec, width: head.width, height: head.height };
  }
  const beginning = bytes.subarray(0, mostParameterSetBytes);
  const sets = parameterSetsIn(withLengths(Buffer.from(beginning)));
  const size = sets === null ? null : pictureSizeOf(sets.sps[0] as Buffer);
  return size === null ? null : { codec, ...size };
}

function tracksOf({ picture, channels }: Stream): MatroskaTrack[] {
  const tracks: MatroskaTrack[] = [];
  if (picture !== null) {
    const { codec, width, height } = picture;
    // H.264 as Chromium's recorder writes it: a byte stream, parameter sets before each key picture and none in the
    // header. So a picture that changes its size needs no new header.
    const codecId = codec === 'VP8' ? 'V_VP8' : 'V_MPEG4/ISO/AVC';
    tracks.push({ number: trackNumbers.video, kind: 'video', codecId, width, height });
  }
  if (channels > 0) {
    const codecPrivate = opusHead(channels as 1 | 2);
    tracks.push({
      number: trackNumbers.audio,
      kind: 'audio',
      codecId: 'A_OPUS',
      codecPrivate,
      channels,
      sampleRateHertz: 48_000,
    });
  }
  return tracks;
}
