import { LivereelError } from '../errors.ts';
import { type ChildProgram, failure } from '../process/child-program.ts';
import { whyAskedToEnd } from './asked-to-end.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { toolWords } from './unusable-file.ts';

/** Limits of one run of a media tool over a stored file. */
export type MediaRun = {
  readonly args: readonly string[];
  readonly stdout?: 'pipe' | 'ignore';
  /** Further pipes to read from, the first of them file descriptor 3. */
  readonly outputs?: number;
  /** Of computing: what takes more is no ordinary file. */
  readonly cpuSeconds: number;
  /** For the log and for people: `the preview`. */
  readonly what: string;
};

/** What a full disk and a machine without memory say: not the file's fault. */
const machineFault =
  /No space left on device|Cannot allocate memory|Disk quota exceeded|Resource temporarily/i;

/** The arguments with which every run begins: quiet, no questions, reading nothing but the one file, an MP4 of ours. */
export function readingArguments(file: string, before: readonly string[] = []): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-y', ...before],
    ...inputArguments(file),
  ];
}

/** One input more. */
export function inputArguments(file: string): string[] {
  return ['-protocol_whitelist', 'file', '-f', 'mov', '-i', `file:${file}`];
}

/** Starts ffmpeg for a background task: it computes when nobody else wants to. */
export function startMediaRun(
  settings: RunSettings,
  { args, stdout, outputs, cpuSeconds }: MediaRun,
): ChildProgram {
  return startRun(settings, {
    program: settings.ffmpegPath,
    args,
    stdin: 'ignore',
    stdout: stdout ?? 'ignore',
    isIdle: true,
    cpuSeconds,
    ...(outputs !== undefined && { outputs }),
  });
}

/**
 * Waits for the end of a run.
 * @throws LivereelError `media-unusable`, `media-too-costly` when the file is at fault; `disk-full`, `program-failed`
 * when the machine is; the signal's reason.
 */
export async function endMediaRun(
  { signal }: RunSettings,
  program: ChildProgram,
  { what, cpuSeconds }: MediaRun,
): Promise<void> {
  const exit = await program.exited;
  signal.throwIfAborted();
  if (exit.code === 0) return;
  const said = program.stderrTail().trim();
  const why = whyAskedToEnd(program, exit, cpuSeconds);
  if (why === 'out-of-time')
    throw new LivereelError(
      'media-too-costly',
      `${what} takes far more computing than a video of this length.`,
    );
  if (/No space left|quota/i.test(said)) throw new LivereelError('disk-full', `${what}: the disk is full.`);
  if (why === 'from-outside' || machineFault.test(said)) throw failure('ffmpeg', exit, said);
  const words = toolWords(said);
  const message = `${what} cannot be made: the video cannot be decoded here. (${words})`;
  throw new LivereelError('media-unusable', message, { cause: new Error(said) });
}
