import { type AvcParameterSets, isCodedInOrder, readAvcConfiguration } from './avc.ts';
import type { AudioCodec, MediaTracks, VideoCodec } from './container.ts';
import { childElements, ebmlId, readUnsigned } from './ebml.ts';

/** Where reading can go on after damage: the ids of a cluster and of a stream's header. */
export const clusterMagic = Buffer.from('1f43b675', 'hex');
export const ebmlMagic = Buffer.from('1a45dfa3', 'hex');

/** What may stand at the level of the segment or inside a cluster besides what we read. Anything else is damage. */
export const skippedElements = new Set<number>([
  ebmlId.seekHead,
  ebmlId.cues,
  ebmlId.chapters,
  ebmlId.attachments,
  ebmlId.tags,
  ebmlId.void,
  ebmlId.crc32,
  0xa7, // Position
  0xab, // PrevSize
  0x5854, // SilentTracks
  0x9b, // BlockDuration
  0xfa, // ReferencePriority
  0xfd, // ReferenceVirtual
  0xa4, // CodecState
  0x75a1, // BlockAdditions
  0x75a2, // DiscardPadding
]);

/** Nanoseconds in a tick, from the content of an `Info` element: a millisecond unless it says otherwise. */
export function timestampScaleNanosOf(info: Buffer): number {
  let nanos = 1_000_000;
  for (const { id, content } of childElements(info)) {
    if (id === ebmlId.timestampScale) nanos = readUnsigned(content) || 1_000_000;
  }
  return nanos;
}

/** What a `TrackEntry` says (RFC 9559, section 5.1.4.1); `other`: neither kind, or the second of its kind. */
export type TrackEntry = {
  readonly number: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly codecId: string;
  readonly codecPrivate: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The element as it stands in the stream, without its head. */
  readonly content: Buffer;
};

/** Reads the content of a `Tracks` element: all of its tracks, and the first of each kind in the words that containers share. */
export function readTracks(content: Buffer): { entries: TrackEntry[]; tracks: MediaTracks } {
  const entries: TrackEntry[] = [];
  for (const child of childElements(content)) {
    if (child.id !== ebmlId.trackEntry) continue;
    const entry = readTrackEntry(child.content);
    const isTaken = entries.some(({ kind }) => kind === entry.kind);
    entries.push(isTaken ? { ...entry, kind: 'other' } : entry);
  }
  const video = entries.find(({ kind }) => kind === 'video');
  const audio = entries.find(({ kind }) => kind === 'audio');
  return { entries, tracks: { video: video ? videoOf(video) : null, audio: audio ? audioOf(audio) : null } };
}

function readTrackEntry(content: Buffer): TrackEntry {
  const track = {
    number: 0,
    kind: 'other' as TrackEntry['kind'],
    codecId: '',
    width: 0,
    height: 0,
    channels: 1,
  };
  let codecPrivate: Buffer = Buffer.alloc(0);
  for (const child of childElements(content)) {
    if (child.id === ebmlId.trackNumber) track.number = readUnsigned(child.content);
    else if (child.id === ebmlId.codecId)
      track.codecId = child.content.toString('latin1').replace(/\0.*$/s, '');
    else if (child.id === ebmlId.codecPrivate) codecPrivate = Buffer.from(child.content);
    else if (child.id === ebmlId.trackType) {
      const type = readUnsigned(child.content);
      track.kind = type === 1 ? 'video' : type === 2 ? 'audio' : 'other';
    } else if (child.id === ebmlId.video || child.id === ebmlId.audio) {
      for (const detail of childElements(child.content)) {
        if (detail.id === ebmlId.pixelWidth) track.width = readUnsigned(detail.content);
        else if (detail.id === ebmlId.pixelHeight) track.height = readUnsigned(detail.content);
        else if (detail.id === ebmlId.channels) track.channels = readUnsigned(detail.content);
      }
    }
  }
  return { ...track, codecPrivate, content };
}

function videoOf(entry: TrackEntry): NonNullable<MediaTracks['video']> {
  const { codecId, width, height } = entry;
  const codec = videoCodecs[codecId] ?? 'other';
  const isTold = entry.codecPrivate.length > 0;
  const mayBeInOrder = codec === 'h264' && (!isTold || parameterSetsOf(entry) !== null);
  return { codec, width, height, ...(mayBeInOrder && { mayBeInOrder }) };
}

/** How pictures are coded whose NAL units stand behind lengths of 4 bytes, in the order of their display; else null. */
export function parameterSetsOf({ codecPrivate }: TrackEntry): AvcParameterSets | null {
  if (codecPrivate.length < 5 || ((codecPrivate[4] as number) & 3) !== 3) return null;
  const sets = readAvcConfiguration(Buffer.from(codecPrivate));
  return sets !== null && isCodedInOrder(sets) ? sets : null;
}

function audioOf({ codecId, channels }: TrackEntry): NonNullable<MediaTracks['audio']> {
  const codec = codecId.startsWith('A_AAC') ? 'aac' : (audioCodecs[codecId] ?? 'other');
  return { codec, channels };
}

const videoCodecs: Record<string, VideoCodec> = {
  'V_MPEG4/ISO/AVC': 'h264',
  'V_MPEGH/ISO/HEVC': 'hevc',
  V_VP8: 'vp8',
  V_VP9: 'vp9',
  V_AV1: 'av1',
  V_MJPEG: 'mjpeg',
};
const audioCodecs: Record<string, AudioCodec> = { A_OPUS: 'opus', A_VORBIS: 'vorbis', 'A_MPEG/L3': 'mp3' };
