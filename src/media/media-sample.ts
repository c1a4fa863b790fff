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

/** How many channels a stream's sound has when it leaves us, as AAC-LC of 48 kHz; 0: it has no sound. */
export type AudioChannels = 0 | 1 | 2;

/** Ticks in a second of sound, samples of a channel. */
export const audioTimescale = 48_000;
/** Samples in an AAC frame (ISO 14496-3, section 4.5.1). */
export const audioFrameTicks = 1_024;
/** An AAC-LC frame that holds silence, mono or stereo. */
export function silentAudioFrame(channels: AudioChannels): Buffer {
  return channels === 1 ? silentMonoFrame : silentStereoFrame;
}

const silentMonoFrame = Buffer.from('00c800802380', 'hex');
const silentStereoFrame = Buffer.from('210049900219002380', 'hex');

/** AudioSpecificConfig of AAC-LC, 48 kHz (ISO 14496-3, section 1.6.2.1). */
export function audioSpecificConfig(channels: AudioChannels): Buffer {
  return Buffer.from(channels === 1 ? '1188' : '1190', 'hex');
}

export const audioCodecString = 'mp4a.40.2';
