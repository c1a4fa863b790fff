import { LivereelError } from '../errors.ts';
import {
  type AvcParameterSets,
  avcCodecString,
  avcConfigurationBox,
  parameterSetsIn,
  pictureSizeOf,
  readAvcConfiguration,
  sameParameterSets,
} from '../media/avc.ts';
import type { VideoHeader } from '../media/fmp4-writer.ts';
import type { MediaSample } from '../media/media-sample.ts';
import { box, childBoxes } from '../media/mp4-box.ts';
import type { Mp4TrackHeader } from '../media/mp4-track-header.ts';

/** How H.264 pictures are coded: what an initialization section says of them. */
export type VideoFormat = VideoHeader & {
  /** RFC 6381: `avc1.42c01f`. */
  readonly codec: string;
  readonly parameterSets: AvcParameterSets;
};

// VisualSampleEntry before its boxes (ISO 14496-12, section 12.1.3): 6 reserved, index, 16, width, height, 50 more.
const visualEntryBytes = 78;

/** The format in the header that ffmpeg wrote. @throws LivereelError `media-unusable` when it is not H.264. */
export function formatOfHeader(track: Mp4TrackHeader): VideoFormat {
  for (const entry of childBoxes(track.sampleEntries)) {
    if (entry.type !== 'avc1' && entry.type !== 'avc3') continue;
    for (const child of childBoxes(entry.content.subarray(visualEntryBytes))) {
      const parameterSets = child.type === 'avcC' ? readAvcConfiguration(child.content) : null;
      if (parameterSets !== null) return formatOf(parameterSets, track.timescale, track.width, track.height);
    }
  }
  throw new LivereelError('media-unusable', 'the video cannot be turned into H.264');
}

/** The format that a picture brings along when it is another than `current`; null when nothing changes. */
export function formatChangeIn(sample: MediaSample, current: VideoFormat): VideoFormat | null {
  if (!sample.isSync) return null;
  const parameterSets = parameterSetsIn(sample.data);
  if (parameterSets === null || sameParameterSets(parameterSets, current.parameterSets)) return null;
  return formatOf(parameterSets, current.timescale, current.width, current.height);
}

/** A format from its parameter sets; the size given is used when they do not tell one. */
export function formatOf(
  parameterSets: AvcParameterSets,
  timescale: number,
  width: number,
  height: number,
): VideoFormat {
  const size = pictureSizeOf(parameterSets.sps[0] as Buffer) ?? { width, height };
  const fixed = Buffer.alloc(visualEntryBytes);
  fixed.writeUInt16BE(1, 6);
  fixed.writeUInt16BE(size.width, 24);
  fixed.writeUInt16BE(size.height, 26);
  fixed.writeUInt32BE(0x0048_0000, 28);
  fixed.writeUInt32BE(0x0048_0000, 32);
  fixed.writeUInt16BE(1, 40);
  fixed.writeUInt16BE(24, 74);
  fixed.writeInt16BE(-1, 76);
  const sampleEntry = box('avc1', fixed, avcConfigurationBox(parameterSets));
  return { ...size, timescale, sampleEntry, codec: avcCodecString(parameterSets), parameterSets };
}
