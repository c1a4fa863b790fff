import { type ReadOptions, readFrameNumbers } from './numbered-frames.ts';
import { runFfmpeg } from './run-program.ts';

/** One flash and the beep nearest to it. */
export type AvOffset = {
  /** When the flash is shown, on the file's clock. */
  readonly flashSeconds: number;
  /** Positive: the sound comes later than the picture. */
  readonly offsetMillis: number;
};

const sampleRate = 48_000;

/**
 * Measures sound against picture at every flash of a clip made by `makeClip`.
 * A flash without a beep within half a second is left out: ask for the number you expect.
 */
export async function avOffset(file: string, options: ReadOptions = {}): Promise<AvOffset[]> {
  const frames = await readFrameNumbers(file, { ...options, lenient: true });
  const flashes = frames
    .filter((frame, index) => frame.flash && !frames[index - 1]?.flash)
    .map(frame => frame.ptsSeconds);
  return offsetsOf(flashes, await beepTimes(file));
}

/** The beep nearest to each flash, both in seconds on one clock; a flash without one within half a second is left out. */
export function offsetsOf(flashes: readonly number[], beeps: readonly number[]): AvOffset[] {
  return flashes.flatMap(flashSeconds => {
    const offsets = beeps.map(beep => beep - flashSeconds);
    const nearest = offsets.reduce(
      (best, one) => (Math.abs(one) < Math.abs(best) ? one : best),
      Number.POSITIVE_INFINITY,
    );
    return Math.abs(nearest) > 0.5 ? [] : [{ flashSeconds, offsetMillis: nearest * 1_000 }];
  });
}

/** Where a beep begins, in seconds on the file's clock. */
export async function beepTimes(file: string): Promise<number[]> {
  // first_pts=0 pads what is missing before the first sample, async=1 what is missing between: index / rate is time.
  const { stdout } = await runFfmpeg([
    '-loglevel',
    'error',
    '-copyts',
    '-i',
    file,
    '-map',
    '0:a:0',
    '-af',
    'aresample=async=1:first_pts=0',
    '-ac',
    '1',
    '-ar',
    `${sampleRate}`,
    '-f',
    's16le',
    'pipe:1',
  ]);
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2));
  const beeps: number[] = [];
  let quietSince = Number.NEGATIVE_INFINITY;
  let lastLoud = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < samples.length; index += 1) {
    if (Math.abs(samples[index] ?? 0) < 5_000) continue;
    quietSince = index - lastLoud;
    lastLoud = index;
    if (quietSince > sampleRate / 5) beeps.push(index / sampleRate);
  }
  return beeps;
}
