import { availableParallelism } from 'node:os';
import type { ChildProgram, ProgramExit } from '../process/child-program.ts';

/** What ffmpeg ends with when any signal asked it to; which one it says only at a log level that says everything. */
const askedCode = 255;
const outOfTimeWords = /received signal 24/;

/**
 * Why a run of ffmpeg ended before its work was done: the kernel told it that its processor time (`cpuSeconds`, waiting
 * not counted) is used up, or it was ended from outside; null: by itself.
 */
export function whyAskedToEnd(
  program: Pick<ChildProgram, 'ranSeconds' | 'stderrTail'>,
  { code, signal }: ProgramExit,
  cpuSeconds: number,
): 'out-of-time' | 'from-outside' | null {
  if (signal === 'SIGXCPU' || outOfTimeWords.test(program.stderrTail())) return 'out-of-time';
  if (code === null) return 'from-outside';
  if (code !== askedCode) return null;
  // What ran for a second on two cores computed for two seconds at the most.
  const mostSeconds = program.ranSeconds * availableParallelism();
  return mostSeconds >= cpuSeconds ? 'out-of-time' : 'from-outside';
}
