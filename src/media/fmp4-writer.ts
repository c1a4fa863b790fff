import {
  type AudioChannels,
  audioFrameTicks,
  audioSpecificConfig,
  audioTimescale,
  type MediaSample,
} from './media-sample.ts';
import { box, fullBox, uint16s, uint32s } from './mp4-box.ts';

export const videoTrackId = 1;
export const audioTrackId = 2;

/** What the header of our own segments says of the picture; null for sound alone. */
export type VideoHeader = {
  readonly timescale: number;
  readonly width: number;
  readonly height: number;
  readonly sampleEntry: Buffer;
};

const identityMatrix = uint32s(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** The media initialization section of a rendition (ISO 14496-12): `ftyp` and `moov`, no samples. */
export function initializationSection(video: VideoHeader | null, audioChannels: AudioChannels): Buffer {
  const tracks: Buffer[] = [];
  const extends_: Buffer[] = [];
  if (video !== null) {
    tracks.push(videoTrack(video));
    extends_.push(fullBox('trex', 0, 0, uint32s(videoTrackId, 1, 0, 0, 0)));
  }
  if (audioChannels > 0) {
    tracks.push(audioTrack(audioChannels));
    extends_.push(fullBox('trex', 0, 0, uint32s(audioTrackId, 1, audioFrameTicks, 0, 0)));
  }
  const movieHeader = fullBox(
    'mvhd', 0, 0,
    uint32s(0, 0, 1_000, 0, 0x10000), uint16s(0x100, 0), uint32s(0, 0), identityMatrix, Buffer.alloc(24), uint32s(3),
  ); // biome-ignore format: a row of fields
  return Buffer.concat([
    box('ftyp', Buffer.from('iso6'), uint32s(0x200), Buffer.from('iso6mp41')),
    box('moov', movieHeader, ...tracks, box('mvex', ...extends_)),
  ]);
}

function videoTrack({ timescale, width, height, sampleEntry }: VideoHeader): Buffer {
  const handler = fullBox('vmhd', 0, 1, uint16s(0, 0, 0, 0));
  return track(videoTrackId, timescale, 'vide', handler, sampleEntry, { volume: 0, width, height });
}

function audioTrack(channels: AudioChannels): Buffer {
  const descriptor = Buffer.concat([
    // ES_Descriptor, DecoderConfigDescriptor (AAC, audio stream), DecoderSpecificInfo, SLConfigDescriptor (ISO 14496-1, 7.2.6).
    Buffer.from([0x03, 25, 0, audioTrackId, 0, 0x04, 17, 0x40, 0x15, 0, 0, 0]),
    uint32s(160_000, 128_000),
    Buffer.from([0x05, 2]),
    audioSpecificConfig(channels),
    Buffer.from([0x06, 1, 2]),
  ]);
  const sampleEntry = box(
    'mp4a',
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
    Buffer.alloc(8),
    uint16s(channels, 16, 0, 0, audioTimescale, 0),
    fullBox('esds', 0, 0, descriptor),
  );
  const handler = fullBox('smhd', 0, 0, uint16s(0, 0));
  return track(audioTrackId, audioTimescale, 'soun', handler, sampleEntry, {
    volume: 0x100,
    width: 0,
    height: 0,
  });
}

type TrackShape = { readonly volume: number; readonly width: number; readonly height: number };

function track(
  id: number,
  timescale: number,
  handler: string,
  mediaHeader: Buffer,
  sampleEntry: Buffer,
  shape: TrackShape,
): Buffer {
  const trackHeader = fullBox(
    'tkhd', 0, 3,
    uint32s(0, 0, id, 0, 0, 0, 0), uint16s(0, handler === 'soun' ? 1 : 0, shape.volume, 0), identityMatrix,
    uint32s(shape.width * 0x10000, shape.height * 0x10000),
  ); // biome-ignore format: a row of fields
  const dataInformation = box('dinf', fullBox('dref', 0, 0, uint32s(1), fullBox('url ', 0, 1)));
  const sampleTable = box(
    'stbl',
    fullBox('stsd', 0, 0, uint32s(1), sampleEntry),
    fullBox('stts', 0, 0, uint32s(0)),
    fullBox('stsc', 0, 0, uint32s(0)),
    fullBox('stsz', 0, 0, uint32s(0, 0)),
    fullBox('stco', 0, 0, uint32s(0)),
  );
  const handlerBox = fullBox(
    'hdlr',
    0,
    0,
    uint32s(0),
    Buffer.from(handler),
    uint32s(0, 0, 0),
    Buffer.from('livereel\0'),
  );
  return box(
    'trak',
    trackHeader,
    box(
      'mdia',
      fullBox('mdhd', 0, 0, uint32s(0, 0, timescale, 0), uint16s(0x55c4, 0)),
      handlerBox,
      box('minf', mediaHeader, dataInformation, sampleTable),
    ),
  );
}

/** The samples of one track in one fragment; times in the track's timescale on the media timeline. */
export type TrackRun = { readonly trackId: number; readonly samples: readonly MediaSample[] };

// ISO 14496-12, section 8.8.3.1: depends on no other; depends on others and is no sync sample.
const syncFlags = 0x0200_0000;
const nonSyncFlags = 0x0101_0000;
const entryBytes = 16;

/**
 * One fragment (`moof` and `mdat`) of the runs that are not empty; `sequenceNumber` counts from 1. `allocate` gives
 * its memory: so many bytes or more.
 */
export function fragment(
  sequenceNumber: number,
  runs: readonly TrackRun[],
  allocate: (sizeBytes: number) => Buffer = Buffer.allocUnsafe,
): Buffer {
  const filled = runs.filter(run => run.samples.length > 0);
  const headBytes = filled.reduce((sum, run) => sum + 64 + run.samples.length * entryBytes, 8 + 16);
  const dataBytes = filled.reduce(
    (sum, run) => sum + run.samples.reduce((size, sample) => size + sample.data.length, 0),
    0,
  );
  const bytes = allocate(headBytes + 8 + dataBytes);
  let position = writeHead(bytes, 0, headBytes, 'moof');
  position = writeHead(bytes, position, 16, 'mfhd', 0);
  position = bytes.writeUInt32BE(sequenceNumber >>> 0, position);
  let dataOffset = headBytes + 8;
  for (const run of filled) {
    position = writeTrackFragment(bytes, position, run, dataOffset);
    for (const sample of run.samples) dataOffset += sample.data.length;
  }
  position = writeHead(bytes, position, 8 + dataBytes, 'mdat');
  for (const run of filled) {
    for (const sample of run.samples) position += sample.data.copy(bytes, position);
  }
  return bytes.subarray(0, position);
}

function writeTrackFragment(
  bytes: Buffer,
  start: number,
  { trackId, samples }: TrackRun,
  dataOffset: number,
): number {
  let position = writeHead(bytes, start, 64 + samples.length * entryBytes, 'traf');
  position = writeHead(bytes, position, 16, 'tfhd', 0x20000); // default-base-is-moof
  position = bytes.writeUInt32BE(trackId, position);
  position = writeHead(bytes, position, 20, 'tfdt', 0x0100_0000);
  position = bytes.writeBigUInt64BE(BigInt(samples[0]?.decodeTime ?? 0), position);
  // Version 1 (signed composition offsets); data offset, and per sample: duration, size, flags, composition offset.
  position = writeHead(bytes, position, 20 + samples.length * entryBytes, 'trun', 0x0100_0f01);
  position = bytes.writeUInt32BE(samples.length, position);
  position = bytes.writeUInt32BE(dataOffset, position);
  for (const [index, sample] of samples.entries()) {
    // Decode times are exact; a duration is what lies between them.
    const next = samples[index + 1];
    const duration = next === undefined ? sample.duration : next.decodeTime - sample.decodeTime;
    position = bytes.writeUInt32BE(duration >>> 0, position);
    position = bytes.writeUInt32BE(sample.data.length, position);
    position = bytes.writeUInt32BE(sample.isSync ? syncFlags : nonSyncFlags, position);
    position = bytes.writeInt32BE(sample.compositionOffset, position);
  }
  return position;
}

function writeHead(
  bytes: Buffer,
  start: number,
  sizeBytes: number,
  type: string,
  versionAndFlags?: number,
): number {
  let position = bytes.writeUInt32BE(sizeBytes, start);
  position += bytes.write(type, position, 'latin1');
  return versionAndFlags === undefined ? position : bytes.writeUInt32BE(versionAndFlags, position);
}
