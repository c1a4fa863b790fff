import type { Lane } from './lanes.ts';

/** What a process knows of the machine when it asks how much it may do. */
export type MachineLoad = {
  readonly cores: number;
  /** Sessions that are live now, on any machine of this database. */
  readonly liveSessions: number;
};

/** How many tasks run now, by lane. */
export type Running = ReadonlyMap<Lane, number>;

/** Downloads wait more than they work. */
const mostDownloads = 3;
const mostAtOnce = 8;

/**
 * Whether a task of a lane may begin beside those that run. As many as there are cores compute at once, and a quarter
 * of that for minutes each, so that a new upload finds a free one; while anything is live, half as many.
 */
export function hasRoom(lane: Lane, running: Running, { cores, liveSessions }: MachineLoad): boolean {
  const count = (name: Lane) => running.get(name) ?? 0;
  if (lane === 'network') return count('network') < mostDownloads;
  if (lane === 'speech') return count('speech') < 1;
  const atOnce = Math.min(mostAtOnce, cores);
  const most = Math.max(1, Math.floor(liveSessions > 0 ? atOnce / 2 : atOnce));
  if (lane === 'patient')
    return count('patient') < Math.max(1, Math.floor(most / 4)) && count('prompt') + count('patient') < most;
  // One always may, also beside one that takes its time.
  return count('prompt') < 1 || count('prompt') + count('patient') < most;
}

/** How many threads a task's programs may use; 0: as they like. */
export function threadsFor({ liveSessions }: MachineLoad): number {
  return liveSessions > 0 ? 1 : 0;
}
