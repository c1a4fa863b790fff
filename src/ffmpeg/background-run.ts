import type { Log } from '../log.ts';
import { type ChildProgram, type ProgramSpec, startProgram } from '../process/child-program.ts';

/** What short ffmpeg runs may use. */
export type RunSettings = {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  readonly addressSpaceBytes: number;
  /** An empty folder. */
  readonly workingDirectory: string;
  readonly log: Log;
  /** Ends what runs when the server stops. */
  readonly signal: AbortSignal;
};

// Background work gives way to what is live.
const niceness = 10;
const presetCpuSeconds = 43_200;

/** Starts a program under the limits of background work. @throws the signal's reason. */
export function startRun(
  settings: RunSettings,
  spec: Pick<ProgramSpec, 'program' | 'args' | 'stdin' | 'stdout' | 'outputs' | 'isIdle'> & {
    name?: string;
    /** Of computing; without it half a day. */
    cpuSeconds?: number;
  },
): ChildProgram {
  const { workingDirectory, addressSpaceBytes, log, signal } = settings;
  signal.throwIfAborted();
  const { cpuSeconds = presetCpuSeconds, ...rest } = spec;
  const limits = { cpuSeconds, addressSpaceBytes };
  const program = startProgram({ name: 'ffmpeg', cwd: workingDirectory, limits, niceness, log, ...rest });
  const stop = () => program.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  void program.exited.then(() => signal.removeEventListener('abort', stop));
  return program;
}
