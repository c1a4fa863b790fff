import { nalUnits, parameterSetsIn, readAvcConfiguration } from '../../src/media/avc.ts';
import { MatroskaFrames } from '../../src/media/matroska-frames.ts';
import type { TrackEntry } from '../../src/media/matroska-track.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';

// ffmpeg's muxer makes room for what the Opus encoder looked ahead: pictures of its clips stand so much later.
const muxerShiftMicros = 7_000;
const startCode = Buffer.from([0, 0, 0, 1]);

/** The frames of a Matroska clip of H.264 or VP8 with Opus, as a WebRTC publisher's come out of the engine. */
export function mediaFrames(matroska: Buffer): MediaFrame[] {
  const frames: MediaFrame[] = [];
  let video: TrackEntry | null = null;
  const reader = new MatroskaFrames({
    began: found => {
      video = found;
    },
    frame: ({ kind, timeMicros, isKey, bytes }) => {
      const isH264 = kind === 'video' && video?.codecId === 'V_MPEG4/ISO/AVC';
      frames.push({
        kind,
        codec: kind === 'audio' ? 'opus' : isH264 ? 'H264' : 'VP8',
        timeMicros: kind === 'video' ? timeMicros - muxerShiftMicros : timeMicros,
        isKey,
        bytes: isH264 ? byteStream(bytes, isKey ? (video as TrackEntry) : null) : Buffer.from(bytes),
      });
    },
  });
  reader.push(matroska);
  return frames;
}

/** The frames `shiftMicros` later. */
export function shifted(frames: readonly MediaFrame[], shiftMicros: number): MediaFrame[] {
  return frames.map(frame => ({ ...frame, timeMicros: frame.timeMicros + shiftMicros }));
}

/** An access unit with start codes; `track`: its parameter sets go before it. */
function byteStream(sample: Buffer, track: TrackEntry | null): Buffer {
  const isByteStream = track?.codecPrivate.length === 0 || sample.subarray(0, 4).equals(startCode);
  if (isByteStream) return Buffer.from(sample);
  const own = parameterSetsIn(sample);
  const sets = track === null || own !== null ? null : readAvcConfiguration(Buffer.from(track.codecPrivate));
  const nals = [...(sets === null ? [] : [...sets.sps, ...sets.pps]), ...nalUnits(sample)];
  return Buffer.concat(nals.flatMap(nal => [startCode, nal]));
}
