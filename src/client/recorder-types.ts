/**
 * What to ask a browser's MediaRecorder for, best first. H.264 passes through the server untouched and Chromium
 * delivers it in WebM at every timeslice (its MP4 comes only every 5 s). Safari's MP4 comes at every timeslice,
 * and is encoded in hardware, so it stands before VP8, which the server must transcode.
 */
export const recorderTypes = [
  'video/webm;codecs=avc1,opus',
  'video/webm;codecs=h264,opus',
  'video/mp4;codecs=avc1.42E01F,mp4a.40.2',
  'video/webm;codecs=vp8,opus',
  'video/webm;codecs=vp9,opus',
  'video/webm',
  'video/mp4',
] as const;

type RecorderClass = { isTypeSupported(type: string): boolean };

/**
 * The first type that this browser can record, `wanted` before all others; undefined when there is no
 * MediaRecorder or it records nothing that we take.
 */
export function chooseRecorderType(wanted?: string): string | undefined {
  const recorder = (globalThis as { MediaRecorder?: RecorderClass }).MediaRecorder;
  if (recorder === undefined) return undefined;
  const types = wanted === undefined ? recorderTypes : [wanted, ...recorderTypes];
  return types.find(type => recorder.isTypeSupported(type));
}

/**
 * Bits per second that look good for a camera: about 0.09 a pixel and frame (2.5 Mbit/s for 720p at 30 fps),
 * never below 0.6 or above 8 Mbit/s.
 */
export function videoBitsPerSecond(width: number, height: number, framesPerSecond: number): number {
  const bits = width * height * Math.min(framesPerSecond, 60) * 0.09;
  return Math.round(Math.min(8_000_000, Math.max(600_000, bits)));
}
