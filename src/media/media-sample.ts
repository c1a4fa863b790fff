/** One coded picture or sound frame on its way from ffmpeg to a part. Times in the track's timescale. */
export type MediaSample = {
  /** When it is decoded; may be negative on a stream's own clock. */
  readonly decodeTime: number;
  /** Presentation time less decode time. */
  readonly compositionOffset: number;
  readonly duration: number;
  readonly isSync: boolean;
  readonly data: Buffer;
};

/** Sound leaves us in one form only, so that a stream's sound never changes its header: AAC-LC, 48 kHz, stereo. */
export const audioTimescale = 48_000;
/** Samples in an AAC frame (ISO 14496-3, section 4.5.1). */
export const audioFrameTicks = 1_024;
/** An AAC-LC stereo frame that holds silence. */
export const silentAudioFrame = Buffer.from('210049900219002380', 'hex');
/** AudioSpecificConfig of AAC-LC, 48 kHz, stereo (ISO 14496-3, section 1.6.2.1). */
export const audioSpecificConfig = Buffer.from('1190', 'hex');
export const audioCodecString = 'mp4a.40.2';
