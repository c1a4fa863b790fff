import { LivereelError } from '../errors.ts';
import { type ChildProgram, failure, type ProgramExit } from '../process/child-program.ts';
import { whyAskedToEnd } from './asked-to-end.ts';
import { presetCpuSeconds, type RunSettings, startRun } from './background-run.ts';
import { unusableFile } from './unusable-file.ts';

/** What ffmpeg makes of a file, and who is told how far it is. */
export type ConversionRun = {
  /** Names of what is written are relative to it: ffmpeg's own syntax in names cannot be hit by a folder's. */
  readonly directory: string;
  /** Null while it is not known: nobody can be told then. */
  readonly durationSeconds: number | null;
  /** 0 to 100. */
  readonly onPercent: (percent: number) => void;
  readonly args: readonly string[];
  /** How large each file that is written may become; without it as large as there is room. */
  readonly mostFileBytes?: number;
};

// An encoder on a busy machine takes seconds for a picture, not minutes.
const longestSilenceMillis = 300_000;
const spoken = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-y'];

/**
 * Runs ffmpeg over a whole file; gives how many pictures it wrote.
 * @throws LivereelError `media-unusable`, `media-too-costly` when the file is at fault, `disk-full`, `program-failed`;
 * the signal's reason.
 */
export async function runConversion(
  settings: RunSettings,
  { directory, durationSeconds, onPercent, args, mostFileBytes }: ConversionRun,
): Promise<number> {
  const program = startRun(
    { ...settings, workingDirectory: directory },
    {
      program: settings.ffmpegPath,
      args: [...spoken, '-progress', 'pipe:1', '-stats_period', '0.5', ...args],
      stdin: 'ignore',
      stdout: 'pipe',
      fileBytes: mostFileBytes,
    },
  );
  let frames = 0;
  let lastMade = '';
  let isStuck = false;
  const giveUp = () => {
    isStuck = true;
    program.kill('SIGKILL');
  };
  let patience = setTimeout(giveUp, longestSilenceMillis);
  for await (const piece of program.stdout ?? []) {
    const told = String(piece);
    const made = /^out_time_us=(\d+)/m.exec(told)?.[1];
    for (const [, count] of told.matchAll(/^frame=\s*(\d+)/gm)) frames = Number(count);
    if (made === undefined || made === lastMade) continue;
    lastMade = made;
    clearTimeout(patience);
    patience = setTimeout(giveUp, longestSilenceMillis);
    if (durationSeconds !== null) onPercent(Math.min(99, Number(made) / 10_000 / durationSeconds));
  }
  const exit = await program.exited;
  clearTimeout(patience);
  settings.signal.throwIfAborted();
  if (isStuck) throw new LivereelError('media-unusable', 'Decoding the file comes to no end.');
  if (exit.code !== 0) throw errorOf(program, exit);
  return frames;
}

function errorOf(program: ChildProgram, exit: ProgramExit): LivereelError {
  const said = program.stderrTail();
  if (said.includes('No space left on device'))
    return new LivereelError('disk-full', 'The disk is full: the video could not be made.');
  if (exit.signal === 'SIGXFSZ')
    return new LivereelError('media-too-costly', 'The file is built so that it grows when it is only moved.');
  const why = whyAskedToEnd(program, exit, presetCpuSeconds);
  if (why === 'out-of-time')
    return new LivereelError(
      'media-too-costly',
      'The file takes more computing than a file may: half a day of one core. Send it smaller, or coded as H.264 and AAC, which stay as they are.',
    );
  // Ended from outside, or for want of memory: the machine's fault, perhaps only now.
  if (why === 'from-outside' || said.includes('Cannot allocate memory')) return failure('ffmpeg', exit, said);
  return unusableFile(said);
}
