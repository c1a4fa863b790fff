/**
 * What a moment holds: nothing to speak of; some sound, which may turn out to have been speech; or a voice that speaks.
 */
export type Heard = 'nothing' | 'sound' | 'speech';

/** Samples of what a detector hears at a time: 20 ms. */
export const detectorFrameSamples = 320;

/** Tells speech from everything else; one per stream of sound, it remembers what it heard. */
export interface SpeechDetector {
  /** Hears the next 20 ms, 16 kHz mono. */
  hear(frame: Int16Array): Heard;
  /** What comes next has nothing to do with what came before. */
  reset(): void;
}
