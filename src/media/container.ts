/** The containers that we take; everything else is refused with `unsupported-container`. */
export type ContainerKind = 'matroska' | 'mp4' | 'mpegts';

/** What a stream's header says of one track. Codec names are ours: see `VideoCodec`, `AudioCodec`. */
export type VideoCodec = 'h264' | 'hevc' | 'vp8' | 'vp9' | 'av1' | 'mjpeg' | 'other';
export type AudioCodec = 'aac' | 'opus' | 'vorbis' | 'mp3' | 'other';

/** What a container stream holds; `width` and `height` are 0 where the header does not tell them. */
export type MediaTracks = {
  readonly video: {
    readonly codec: VideoCodec;
    readonly width: number;
    readonly height: number;
    /** H.264 of which the header does not say that pictures are shown in another order than they are coded in. */
    readonly mayBeInOrder?: true;
  } | null;
  /** `channels`: 0 where the header does not tell them. */
  readonly audio: { readonly codec: AudioCodec; readonly channels: number } | null;
};

/**
 * What a scanner tells while bytes go by, in the order of the bytes.
 * Offsets count from the beginning of the journal; times are microseconds on the stream's own clock.
 */
export interface ContainerVisitor {
  /** A stream begins at `offset` with a header of its own: the first one, or a recorder that was started anew. */
  streamStarted(offset: number): void;
  /** The header ends before `headerEnd`: what the stream holds is known. */
  tracksFound(tracks: MediaTracks, headerEnd: number): void;
  /**
   * A decoder that got the header may be fed from `offset` on. `isKey`: a picture that needs no other comes
   * first. In a stream without video every point is a key.
   */
  safePoint(offset: number, timeMicros: number, isKey: boolean): void;
  /** The clock jumped at `offset`, a safe point: what follows is a new stream under the old header. */
  clockJumped(offset: number): void;
  /** `count` pictures went by. */
  videoFrames(count: number): void;
  /** Bytes from `offset` on make no sense; they are skipped to the next place that does. */
  damaged(offset: number): void;
}

// Recorders reorder a little around an edge; one that restarts its clock jumps by seconds.
const longestStepBackMicros = 1_000_000;
// Nobody looks at one picture for an hour: such a gap costs more than it tells.
const longestPauseMicros = 3_600_000_000;

/** Whether a stream's clock was set between two times of it that follow one another; `-Infinity`: there is none before. */
export function isClockJump(beforeMicros: number, afterMicros: number): boolean {
  const stepMicros = afterMicros - beforeMicros;
  return (
    stepMicros < -longestStepBackMicros || (stepMicros > longestPauseMicros && Number.isFinite(stepMicros))
  );
}

/** Follows the structure of one container's byte stream without decoding it. Memory is bounded. */
export interface ContainerScanner {
  /** Reads the next bytes; they are not kept. */
  push(bytes: Buffer): void;
  /** Up to here (journal offset) every byte is understood: what was pushed less an element cut at its end. */
  readonly scannedOffset: number;
}

/** Bytes that are needed to tell a container, at the most. */
export const sniffLengthBytes = 377;

/**
 * Tells the container by its first bytes; null when more bytes are needed, `unknown` when it is none of ours.
 * WebM and Matroska: EBML magic (RFC 8794, section 11.2). MP4: a box that may come first (ISO 14496-12).
 * MPEG-TS: sync bytes 188 apart (ISO 13818-1, section 2.4.3.2).
 */
export function sniffContainer(bytes: Buffer): ContainerKind | 'unknown' | null {
  if (bytes.length < 4) return bytes.length > 0 && !mayBegin(bytes) ? 'unknown' : null;
  if (bytes.readUInt32BE(0) === 0x1a45dfa3) return 'matroska';
  if (bytes[0] === 0x47) return sniffTransportStream(bytes);
  if (bytes.length < 8) return bytes[0] === 0 ? null : 'unknown';
  return bytes[0] === 0 && firstBoxes.has(bytes.toString('latin1', 4, 8)) ? 'mp4' : 'unknown';
}

const firstBoxes = new Set(['ftyp', 'styp', 'moov', 'sidx']);

function sniffTransportStream(bytes: Buffer): ContainerKind | 'unknown' | null {
  for (const offset of [188, 376]) {
    if (bytes.length <= offset) return null;
    if (bytes[offset] !== 0x47) return 'unknown';
  }
  return 'mpegts';
}

function mayBegin(bytes: Buffer): boolean {
  const magic = [0x1a, 0x45, 0xdf, 0xa3];
  return bytes[0] === 0x47 || bytes[0] === 0 || bytes.every((byte, index) => byte === magic[index]);
}
