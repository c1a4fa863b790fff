import { readdirSync, readFileSync } from 'node:fs';

/** A running process as /proc shows it. */
export type ProcessEntry = { readonly pid: number; readonly parent: number; readonly name: string };

/** Every process that can be seen. Linux only, as all tests that kill are. */
export function allProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const folder of readdirSync('/proc')) {
    if (!/^\d+$/.test(folder)) continue;
    const entry = readProcess(Number(folder));
    if (entry) entries.push(entry);
  }
  return entries;
}

function readProcess(pid: number): ProcessEntry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in brackets and may hold anything, brackets too: the fields go on after the last one.
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ');
    if (fields[0] === 'Z') return null;
    return { pid, parent: Number(fields[1]), name: stat.slice(stat.indexOf('(') + 1, end) };
  } catch {
    return null;
  }
}

/** The process and all it started, directly or not; the process itself comes first. */
export function processTree(root: number): ProcessEntry[] {
  const all = allProcesses();
  const tree = all.filter(entry => entry.pid === root);
  for (const member of tree) tree.push(...all.filter(entry => entry.parent === member.pid));
  return tree;
}

/** True while the process runs (a zombie does not). */
export function isRunning(pid: number): boolean {
  return readProcess(pid) !== null;
}

/** Processor time used by these processes so far, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticksPerSecond = 100;
  let ticks = 0;
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended between the listing and here.
    }
  }
  return ticks / ticksPerSecond;
}

/** Resident memory of a process in bytes, without what it shares with others; 0 when it is gone. */
export function privateBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const kib = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)];
    return kib.reduce((sum, match) => sum + Number(match[1]) * 1_024, 0);
  } catch {
    return 0;
  }
}
