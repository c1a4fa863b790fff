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
  /** 0 to 19, for what somebody waits for while nothing is live; without it what is usual for background work. */
  readonly niceness?: number | undefined;
};

// Background work gives way to what is live.
const presetNiceness = 10;

/** How long a run may compute that says nothing else. */
export const presetCpuSeconds = 43_200;

/** Starts a program under the limits of background work. @throws the signal's reason. */
export function startRun(
  settings: RunSettings,
  spec: Pick<ProgramSpec, 'program' | 'args' | 'stdin' | 'stdout' | 'outputs' | 'isIdle'> & {
    name?: string;
    /** Of computing; without it half a day. */
    cpuSeconds?: number;
    /** Of each file that is written; without it as much as there is room. */
    fileBytes?: number | undefined;
  },
): ChildProgram {
  const { workingDirectory, addressSpaceBytes, log, signal, niceness = presetNiceness } = settings;
  signal.throwIfAborted();
  const { cpuSeconds = presetCpuSeconds, fileBytes, ...rest } = spec;
  const limits = { cpuSeconds, addressSpaceBytes, fileBytes };
  const program = startProgram({ name: 'ffmpeg', cwd: workingDirectory, limits, niceness, log, ...rest });
  const stop = () => program.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  void program.exited.then(() => signal.removeEventListener('abort', stop));
  return program;
}
