import { LivereelError } from '../errors.ts';
import type { RunSettings } from './background-run.ts';
import { endMediaRun, readingArguments, startMediaRun } from './media-task.ts';

/** EBU R128 and Tech 3342: how loud a programme is, how far it ranges, and its highest true peak. */
export type Loudness = {
  readonly integratedLufs: number;
  readonly rangeLu: number;
  readonly truePeakDbtp: number;
};

/** What the gate of R128 leaves out: nothing was louder than this. */
const silenceLufs = -70;
const leastCpuSeconds = 60;

/** Measures the first track of sound; null for silence. @throws as `endMediaRun`. */
export async function measureLoudness(
  settings: RunSettings,
  file: string,
  durationSeconds: number,
): Promise<Loudness | null> {
  const args = readingArguments(file).map(word => (word === 'error' ? 'info' : word));
  args.push('-map', '0:a:0', '-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-');
  const run = { args, cpuSeconds: leastCpuSeconds + durationSeconds, what: 'The measure of loudness' };
  const program = startMediaRun(settings, run);
  await endMediaRun(settings, program, run);
  return readSummary(program.stderrTail());
}

/** Reads what the filter ebur128 says at its end. @throws LivereelError `program-failed` for anything else. */
export function readSummary(said: string): Loudness | null {
  const summary = said.slice(said.lastIndexOf('Integrated loudness:'));
  const number = (pattern: RegExp) => {
    const word = pattern.exec(summary)?.[1];
    return word === undefined ? Number.NaN : word === '-inf' ? Number.NEGATIVE_INFINITY : Number(word);
  };
  const integratedLufs = number(/I:\s+(-?[\d.]+|-inf) LUFS/);
  const rangeLu = number(/LRA:\s+(-?[\d.]+) LU/);
  const truePeakDbtp = number(/Peak:\s+(-?[\d.]+|-inf) dBFS/);
  if ([integratedLufs, rangeLu, truePeakDbtp].some(Number.isNaN))
    throw new LivereelError('program-failed', 'ffmpeg did not tell the loudness.');
  if (integratedLufs <= silenceLufs) return null;
  return { integratedLufs, rangeLu, truePeakDbtp };
}
