import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { membersOf, programNameOf, startTimeOf } from './process-identity.ts';

/** What is kept of a program that runs: enough to know it again, whoever has its number by then. */
export type PidRecord = { readonly pid: number; readonly startTime: string; readonly program: string };

const lookEveryMillis = 10;
const presetGraceSeconds = 3;
const suffix = '.pid';

/**
 * Remembers started programs in `CONTENT_DIR/run/<name>.pid`, so that the next server finds and ends what a
 * killed one left running. A number that was given to another process meanwhile is recognised by its start time.
 */
export class PidFiles {
  readonly #runDir: string;
  readonly #log: Log;

  constructor(runDir: string, log: Log) {
    this.#runDir = runDir;
    this.#log = log;
  }

  /** Remembers a program that leads its own process group, as those of `startProgram` do. */
  async remember(name: string, pid: number, program: string): Promise<void> {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return;
    const record: PidRecord = { pid, startTime, program };
    await mkdir(this.#runDir, { recursive: true });
    const temporary = `${this.#path(name)}.new`;
    await writeFile(temporary, JSON.stringify(record));
    await rename(temporary, this.#path(name));
  }

  /** Forgets a program that has ended. */
  async forget(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  /** Names of all programs remembered. */
  async names(): Promise<string[]> {
    const files = await readdir(this.#runDir).catch(() => []);
    return files.filter(file => file.endsWith(suffix)).map(file => file.slice(0, -suffix.length));
  }

  /**
   * Ends what an earlier server left running under a name: its leader, and its group of processes.
   * Asked by `signal` first, killed after `graceSeconds`. Tells whether there was something to end.
   */
  async endLeftover(
    name: string,
    { signal = 'SIGTERM', graceSeconds = presetGraceSeconds }: EndOptions = {},
  ): Promise<boolean> {
    const record = await this.#read(name);
    if (record === undefined) return false;
    const found = isRunning(record);
    if (found) {
      this.#log.warn({ program: record.program, pid: record.pid }, 'ending what was left running');
      await endGroup(record, signal, graceSeconds);
    }
    await this.forget(name);
    return found;
  }

  /** `endLeftover` for every name. For the start only: programs of our own must not be remembered yet. */
  async endLeftovers(options?: EndOptions): Promise<void> {
    await Promise.all((await this.names()).map(name => this.endLeftover(name, options)));
  }

  #path(name: string): string {
    return join(this.#runDir, `${name}${suffix}`);
  }

  async #read(name: string): Promise<PidRecord | undefined> {
    try {
      const record = JSON.parse(await readFile(this.#path(name), 'utf8')) as PidRecord;
      // 0, 1 and negative numbers mean groups of processes, or all of them, to kill(2).
      return Number.isSafeInteger(record.pid) && record.pid > 1 ? record : undefined;
    } catch {
      return undefined;
    }
  }
}

type EndOptions = { readonly signal?: NodeJS.Signals; readonly graceSeconds?: number };

/** Whether a remembered program, or one that it started, still runs. */
function isRunning(record: PidRecord): boolean {
  const startTime = startTimeOf(record.pid);
  if (startTime !== undefined) return startTime === record.startTime;
  // A killed leader (nginx's master) leaves workers behind. While they live its number is given to nobody else.
  return membersOf(record.pid).some(pid => programNameOf(pid) === record.program.slice(0, 15));
}

async function endGroup(record: PidRecord, signal: NodeJS.Signals, graceSeconds: number): Promise<void> {
  send(record.pid, signal);
  const killAt = performance.now() + graceSeconds * 1_000;
  let killed = false;
  while (isRunning(record)) {
    if (!killed && performance.now() > killAt) {
      killed = true;
      send(-record.pid, 'SIGKILL');
    }
    // Workers that lost their leader hear nothing from it any more.
    if (startTimeOf(record.pid) === undefined) send(-record.pid, 'SIGKILL');
    await delay(lookEveryMillis);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: gone meanwhile, which is what was wanted.
  }
}
