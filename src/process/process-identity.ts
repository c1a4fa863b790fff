import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Field numbers of `/proc/<pid>/stat` counted behind the name in brackets (proc_pid_stat(5), fields 3, 5, 22). */
const stateField = 0;
const groupField = 2;
const startTimeField = 19;

/**
 * When a process began, as a word that only equality is asked of: together with the pid it names one process
 * for ever, also after the number has been given to another or the machine has been restarted.
 * undefined: no such process, or one that is dead and not yet collected.
 */
export function startTimeOf(pid: number): string | undefined {
  const fields = statFields(pid);
  if (fields === undefined) return hasProcessTable() ? undefined : startTimeByPs(pid);
  if (fields[stateField] === 'Z' || fields[stateField] === 'X') return undefined;
  return `${bootId()}/${fields[startTimeField]}`;
}

/** The processes of a process group, by pid, without those that are dead. */
export function membersOf(group: number): number[] {
  if (!hasProcessTable()) return membersByPs(group);
  return livePids().filter(pid => {
    const fields = statFields(pid);
    return fields !== undefined && fields[stateField] !== 'Z' && Number(fields[groupField]) === group;
  });
}

/** The name of a process' program, at most 15 characters; undefined when it is gone. */
export function programNameOf(pid: number): string | undefined {
  if (!hasProcessTable()) return basename(ps(['-o', 'comm=', '-p', String(pid)])) || undefined;
  return read(`/proc/${pid}/comm`)?.trimEnd();
}

/** Whether this system tells about processes in /proc (Linux). */
function hasProcessTable(): boolean {
  return read('/proc/self/stat') !== undefined;
}

/** Where there is no /proc (macOS): to the second. */
function startTimeByPs(pid: number): string | undefined {
  const [state, ...startTime] = ps(['-o', 'stat=,lstart=', '-p', String(pid)]).split(/\s+/);
  return state === undefined || state === '' || state.startsWith('Z') ? undefined : startTime.join(' ');
}

function membersByPs(group: number): number[] {
  return ps(['-A', '-o', 'pid=,pgid=,stat='])
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([, pgid, state]) => Number(pgid) === group && !state?.startsWith('Z'))
    .map(([pid]) => Number(pid));
}

function ps(args: readonly string[]): string {
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function livePids(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function statFields(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name may hold blanks and brackets itself; the last bracket ends it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

let boot: string | undefined;
function bootId(): string {
  boot ??= read('/proc/sys/kernel/random/boot_id')?.trimEnd() ?? '';
  return boot;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
